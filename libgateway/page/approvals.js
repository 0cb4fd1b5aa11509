// What waits for a person: programs to run, what plug-ins ask, devices and nodes that want to come in.
import { chip, empty, fill, h, notice, soon, span } from './dom.js';

const LISTS = [['exec.approval', 'approvals', 'exec'], ['plugin.approval', 'approvals', 'plugin'], ['device.pair', 'pairing', 'device'], ['node.pair', 'pairing', 'node']];
const LABELS = { 'allow-once': 'Allow once', 'allow-always': 'Always allow', deny: 'Deny', approve: 'Approve', reject: 'Reject' };
const KINDS = { exec: 'program', plugin: 'plug-in', device: 'device', node: 'node' };

export class ApprovalsView {
  #waiting = [];
  #asked = 0;
  #failed = '';

  constructor({ gateway, badge, toast }) {
    this.gateway = gateway;
    this.badge = badge;
    this.toast = toast;
    this.list = h('ul', { class: 'cards', 'aria-label': 'Waiting', 'aria-live': 'polite' });
    this.rest = h('div', {});
    this.element = h('div', { class: 'column' }, this.list, this.rest);
    this.refresh = soon(() => this.online(), 60);
    for (const [family] of LISTS) {
      gateway.on(`${family}.requested`, this.refresh);
      gateway.on(`${family}.resolved`, this.refresh);
    }
    setInterval(() => this.#tick(), 1000);
  }

  async online() {
    const turn = ++this.#asked;
    const found = [];
    this.#failed = '';
    for (const [family, scope, kind] of LISTS) {
      if (!this.gateway.may(scope)) continue;
      try {
        const answer = await this.gateway.call(`${family}.list`);
        for (const one of answer.pending ?? answer) found.push({ kind, family, one });
      } catch (error) {
        if (error.code !== 'OFFLINE') this.#failed = error.message;
      }
    }
    if (turn !== this.#asked) return;
    this.#waiting = found;
    this.badge('approvals', found.length);
    this.#draw();
  }

  show() {
    this.online();
  }

  #draw() {
    fill(this.list, this.#waiting.map((waiting) => this.#card(waiting)));
    this.#tick();
    if (this.#waiting.length > 0) return void fill(this.rest);
    if (this.#failed) return void fill(this.rest, notice('bad', h('p', {}, this.#failed)));
    fill(this.rest, this.gateway.may('approvals')
      ? empty('approvals', 'Nothing waits for you', 'When an agent wants to run a program that needs a person’s word, or a new device wants to come in, it is asked here.')
      : empty('approvals', 'You may not decide here', 'This connection lacks the scope operator.approvals.'));
  }

  #card({ kind, family, one }) {
    const pairing = family.endsWith('.pair');
    const id = one.id ?? one.requestId;
    const request = one.request ?? one;
    const name = kind === 'exec' ? request.command
      : kind === 'plugin' ? request.title
        : request.displayName || request.deviceId || request.nodeId;
    const facts = pairing
      ? [['from', request.remoteIp], ['platform', request.platform], ['client', request.clientId], ['role', request.role ?? (kind === 'node' ? 'node' : '')],
        ['scopes', (request.scopes ?? []).join(', ')], ['commands', (request.commands ?? []).join(', ')], ['request', id]]
      : [['on', request.host === 'node' ? `node ${request.nodeId}` : request.host], ['in', request.cwd], ['agent', request.agentId], ['session', request.sessionKey],
        ['because', request.ask], ['detail', request.description]];
    const answers = pairing ? ['approve', 'reject'] : request.allowedDecisions ?? ['allow-once', 'allow-always', 'deny'];
    const buttons = answers.map((answer) => h('button', {
      class: answer === 'deny' || answer === 'reject' ? 'danger' : answer === 'allow-always' ? '' : 'primary',
      onclick: () => this.#decide(family, id, answer, buttons),
    }, LABELS[answer] ?? answer));
    return h('li', { class: 'card approval' },
      h('div', { class: 'row spread' }, chip(KINDS[kind], 'info'), one.expiresAtMs && h('span', { class: 'dim countdown', 'data-until': one.expiresAtMs })),
      kind === 'exec' ? h('pre', { tabindex: '0' }, name) : h('strong', {}, name),
      request.warningText && notice('wait', h('p', {}, request.warningText)),
      h('dl', { class: 'facts' }, facts.filter(([, value]) => value).map(([label, value]) => [h('dt', {}, label), h('dd', {}, String(value))])),
      h('div', { class: 'row wrap answers' }, buttons));
  }

  async #decide(family, id, answer, buttons) {
    for (const button of buttons) button.disabled = true;
    try {
      if (family.endsWith('.pair')) await this.gateway.call(`${family}.${answer}`, { requestId: id });
      else await this.gateway.call(`${family}.resolve`, { id, decision: answer });
    } catch (error) {
      this.toast(error.message);
      for (const button of buttons) button.disabled = false;
    }
    this.refresh();
  }

  #tick() {
    for (const mark of this.list.querySelectorAll('.countdown')) {
      const left = Number(mark.dataset.until) - Date.now();
      mark.textContent = left > 0 ? `${span(left)} left` : 'expired';
      if (left < -1000) this.refresh();
    }
  }
}
