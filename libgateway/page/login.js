// Coming in: a token or password, and what to do when the gateway says no.
import { fill, h, notice, span } from './dom.js';

const code = (text) => h('code', {}, text);

// What a refusal means for whoever sits in front of it.
function advice(problem) {
  const here = location.origin;
  const port = location.port || (location.protocol === 'https:' ? '443' : '80');
  switch (problem.code) {
    case 'AUTH_TOKEN_MISSING':
    case 'AUTH_PASSWORD_MISSING':
      return null;
    case 'AUTH_TOKEN_MISMATCH':
    case 'AUTH_PASSWORD_MISMATCH':
      return ['bad', h('p', {}, 'That is not the gateway’s token or password.')];
    case 'AUTH_RATE_LIMITED':
      return ['bad', h('p', {}, 'Too many wrong attempts from here. ',
        problem.retryAfterMs ? `Try again in ${span(problem.retryAfterMs)}.` : 'Try again later.')];
    case 'AUTH_TOKEN_NOT_CONFIGURED':
    case 'AUTH_PASSWORD_NOT_CONFIGURED':
      return ['bad', h('p', {}, 'The gateway has no token or password yet. Set ', code('gateway.auth.token'), ' in its configuration.')];
    case 'CONTROL_UI_ORIGIN_NOT_ALLOWED':
      return ['bad', h('p', {}, 'The gateway does not accept pages from ', code(here), '. Add it to ',
        code('gateway.controlUi.allowedOrigins'), ', or open the page on the gateway’s own machine.')];
    case 'CONTROL_UI_DEVICE_IDENTITY_REQUIRED':
    case 'DEVICE_IDENTITY_REQUIRED':
      if (globalThis.isSecureContext) {
        return ['bad', h('p', {}, 'This browser has no Ed25519 keys, with which the gateway tells its visitors apart. A current version of it has.')];
      }
      return ['bad', h('p', {}, 'Over plain http from another machine, browsers keep no keys, and the gateway cannot tell who you are.'),
        h('p', {}, 'Open the page over https, or bring the port to your own machine and open ', code(`http://127.0.0.1:${port}/`), ':'),
        h('pre', {}, `ssh -L ${port}:127.0.0.1:${port} ${location.hostname}`)];
    case 'PAIRING_REQUIRED':
      return ['wait', h('p', {}, 'The gateway does not know this browser yet and waits for somebody to approve it.'),
        h('p', {}, 'Request ', code(problem.details.requestId ?? ''), ' is listed under Approvals in a control page that is already in. This page goes on by itself.')];
    case 'DEVICE_AUTH_SIGNATURE_EXPIRED':
      return ['bad', h('p', {}, 'The answer to the gateway’s challenge came too late. Try again.')];
    default:
      return ['bad', h('p', {}, problem.message)];
  }
}

export class LoginView {
  constructor(gateway, enter) {
    this.gateway = gateway;
    this.input = h('input', { id: 'secret', type: 'password', autocomplete: 'current-password', required: true, spellcheck: 'false' });
    this.button = h('button', { class: 'primary', type: 'submit' }, 'Connect');
    this.said = h('div', { class: 'said', 'aria-live': 'polite' });
    this.fields = h('div', { class: 'fields' },
      h('label', { for: 'secret' }, 'Token or password'),
      this.input, this.button,
      h('p', { class: 'hint' }, 'It is what ', code('gateway.auth.token'), ' or ', code('gateway.auth.password'),
        ' says in the configuration. A gateway that has neither made a token and printed it at its first start.'));
    this.fields.hidden = true;
    this.element = h('main', { class: 'login' },
      h('form', { class: 'card', onsubmit: (event) => {
        event.preventDefault();
        enter(this.input.value.trim());
        this.input.value = '';
      } },
        h('img', { src: 'favicon.svg', alt: '', width: 48, height: 48 }),
        h('h1', {}, 'Gateway'),
        h('p', { class: 'dim' }, location.host),
        this.said, this.fields));
  }

  show(page) {
    const { state, problem } = this.gateway;
    if (!this.element.isConnected) fill(page, this.element);
    // What was asked for first is perhaps not needed: the secret may be known, or none wanted.
    const busy = state === 'connecting' && !problem;
    const appears = this.fields.hidden && !busy;
    this.fields.hidden = busy;
    if (appears) this.input.focus();
    const told = problem ? advice(problem) : null;
    if (state === 'waiting') {
      fill(this.said, notice('wait', h('p', {}, `${problem.message} Trying again…`),
        h('p', {}, 'Is it running, and is this its address?')));
    } else if (told) {
      fill(this.said, notice(told[0], told.slice(1)));
    } else {
      fill(this.said, busy && h('p', { class: 'dim center' }, 'Connecting…'));
    }
  }
}
