// The page: login, the frame with its navigation, and which view is shown. The address says which: #/guardrail.
import { chip, fill, h, icon, notice, span } from './dom.js';
import { Gateway } from './gateway.js';
import { ActivityView } from './activity.js';
import { ApprovalsView } from './approvals.js';
import { ChatView } from './chat.js';
import { ConfigView } from './config.js';
import { GuardrailView } from './guardrail.js';
import { LoginView } from './login.js';
import { NodesView } from './nodes.js';
import { Figures } from './figures.js';

const SECRET = 'gateway.secret';
const VIEWS = [
  ['chat', 'Chat', ChatView],
  ['activity', 'Activity', ActivityView],
  ['guardrail', 'Guardrail', GuardrailView],
  ['approvals', 'Approvals', ApprovalsView],
  ['nodes', 'Nodes', NodesView],
  ['config', 'Configuration', ConfigView],
];
const SHORT = { approvals: 'Approve', config: 'Config' };
const STATES = { online: 'Connected', connecting: 'Connecting', waiting: 'Reconnecting', refused: 'Refused', idle: 'Offline' };

const page = document.getElementById('app');
const base = location.pathname.replace(/[^/]*$/, '');
const gateway = new Gateway(`${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}${base}`);
const figures = new Figures(gateway);
// What views share: the gateway, the figures, and how to speak to whoever looks at the page.
const shell = { gateway, figures, toast, badge, leave };

let made = null; // name → view, from the first time that somebody has come in
let views = null; // the same, while the frame is shown
let shown = '';
let links = {};
let status, more, title, content, toasts;
let waiting = 0; // approvals

// --- coming in ----------------------------------------------------------------------------------------------------------

// The token may be in the address, as the command line prints it. It does not stay there.
function takeSecret() {
  const given = new URLSearchParams(location.hash.slice(1)).get('token');
  if (given) {
    sessionStorage.setItem(SECRET, given);
    history.replaceState(null, '', `${location.pathname}${location.search}`);
  }
  return sessionStorage.getItem(SECRET) ?? '';
}

const login = new LoginView(gateway, (secret) => {
  sessionStorage.setItem(SECRET, secret);
  gateway.open(secret);
});

function leave() {
  sessionStorage.removeItem(SECRET);
  gateway.close();
  location.reload();
}

gateway.addEventListener('state', () => {
  if (gateway.state === 'online') {
    if (!views) enter();
    for (const view of Object.values(views)) view.online?.();
  }
  if (gateway.state === 'refused') {
    if (gateway.problem.code.includes('MISMATCH') || gateway.problem.code.includes('MISSING')) sessionStorage.removeItem(SECRET);
    views = null;
  }
  if (!views) login.show(page);
  else showStatus();
});

gateway.addEventListener('gap', () => {
  for (const view of Object.values(views ?? {})) view.online?.();
});

// --- the frame ----------------------------------------------------------------------------------------------------------

function enter() {
  links = {};
  for (const [name, label] of VIEWS) {
    links[name] = h('a', { href: `#/${name}` }, icon(name), h('span', { class: 'long' }, label),
      h('span', { class: 'short' }, SHORT[name] ?? label), h('span', { class: 'badge', hidden: true }));
  }
  status = h('span', { role: 'status' });
  more = h('div', { class: 'row' });
  title = h('h1', {});
  content = h('main', { id: 'main', tabindex: '-1' });
  toasts = h('div', { class: 'toasts', role: 'status', 'aria-live': 'polite' });
  fill(page, h('a', { class: 'skip', href: '#main', onclick: skip }, 'Skip to the content'),
    h('div', { class: 'frame' },
      h('aside', { class: 'side' },
        h('div', { class: 'brand' }, h('img', { src: 'favicon.svg', alt: '', width: 26, height: 26 }), h('strong', {}, 'Gateway')),
        h('nav', { 'aria-label': 'Views' }, VIEWS.map(([name]) => links[name])),
        h('button', { class: 'quiet leave', onclick: leave }, 'Log out')),
      h('header', { class: 'top' }, title, h('div', { class: 'status' }, more, status)), content), toasts);
  made ??= Object.fromEntries(VIEWS.map(([name, , View]) => [name, new View(shell)]));
  views = made;
  shown = '';
  route();
}

function skip(event) {
  event.preventDefault();
  content.focus();
}

function route() {
  if (!views) return;
  const name = location.hash.match(/^#\/(\w+)/)?.[1];
  const wanted = views[name] ? name : 'chat';
  if (wanted === shown) return;
  views[shown]?.hide?.();
  shown = wanted;
  for (const [other, link] of Object.entries(links)) {
    if (other === wanted) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  title.textContent = VIEWS.find(([other]) => other === wanted)[1];
  nameTab();
  content.className = `view ${wanted}`;
  content.scrollTop = 0;
  fill(content, views[wanted].element);
  views[wanted].show?.();
}

// What the browser's tab says.
function nameTab() {
  document.title = `${waiting ? `(${waiting}) ` : ''}${title.textContent} · Gateway`;
}

function showStatus() {
  const { state, problem } = gateway;
  if (status.textContent !== STATES[state]) fill(status, chip(STATES[state], state));
  if (state === 'waiting') {
    const left = Math.max(0, gateway.retryAt - Date.now());
    fill(more, h('span', { class: 'dim wide' }, `${problem.message} Again in ${span(left + 999)}.`),
      h('button', { class: 'quiet', onclick: () => gateway.retry() }, 'Try now'));
  } else {
    fill(more, state === 'online' && h('span', { class: 'dim wide' }, `version ${gateway.hello.server.version}`));
  }
}

setInterval(() => {
  if (views && gateway.state === 'waiting') showStatus();
}, 1000);

function badge(name, count) {
  if (name === 'approvals') {
    waiting = count;
    nameTab();
  }
  const mark = links[name]?.querySelector('.badge');
  if (!mark) return;
  mark.hidden = count === 0;
  mark.textContent = count > 99 ? '99+' : String(count);
  mark.setAttribute('aria-label', `${count} waiting`);
}

function toast(text, kind = 'bad') {
  const shownToast = notice(kind, text);
  toasts?.append(shownToast);
  setTimeout(() => shownToast.remove(), 6000);
}

addEventListener('hashchange', () => {
  if (location.hash.includes('token=')) {
    gateway.open(takeSecret());
    return;
  }
  route();
});

gateway.open(takeSecret());
