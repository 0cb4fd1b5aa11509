// The gateway's WebSocket protocol: connect, calls, events, and coming back.
//
//     open() ─► connecting ─► online ──► calls and events
//                  │  ▲          │
//                  │  └ waiting ◄┘ the line broke: again, ever more slowly
//                  └─► refused: somebody has to do something; `problem` says what
import { identity } from './device.js';

const SCOPES = ['operator.admin', 'operator.read', 'operator.write', 'operator.approvals', 'operator.pairing'];
const CLIENT = { id: 'openclaw-control-ui', mode: 'webchat', version: '1.0', platform: 'web', displayName: 'Control page' };
const WAIT_MS = 600;
const WAIT_MS_MAX = 15000;
const CALL_MS = 30000;

export class CallError extends Error {
  constructor(error) {
    super(error?.message ?? 'the call failed');
    this.code = error?.code ?? '';
    this.details = error?.details ?? {};
    this.retryAfterMs = error?.retryAfterMs;
  }
}

const uuid = () => crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))]
  .map((byte) => byte.toString(16).padStart(2, '0')).join('');

// One tab is one instance, also after a reload.
function instance() {
  const known = sessionStorage.getItem('gateway.instance');
  if (known) return known;
  const made = uuid();
  sessionStorage.setItem('gateway.instance', made);
  return made;
}

export class Gateway extends EventTarget {
  state = 'idle';
  problem = null; // { code, message, details } of the last refusal
  hello = null; // payload of hello-ok
  retryAt = 0;
  #secret = '';
  #socket = null;
  #calls = new Map();
  #next = 1;
  #wait = WAIT_MS;
  #timer = 0;
  #heard = 0;
  #seq = 0;
  #device = undefined;

  // `address`: the page's own, as the socket's.
  constructor(address) {
    super();
    this.address = address;
  }

  open(secret) {
    this.#secret = secret;
    this.#wait = WAIT_MS;
    this.#dial();
  }

  close() {
    this.#drop();
    this.#set('idle');
  }

  retry() {
    if (this.state === 'waiting' || this.state === 'refused') this.#dial();
  }

  get scopes() {
    return this.hello?.auth?.scopes ?? [];
  }

  may(scope) {
    return this.scopes.includes('operator.admin') || this.scopes.includes(`operator.${scope}`);
  }

  has(method) {
    return this.hello?.features?.methods?.includes(method) ?? false;
  }

  call(method, params = {}) {
    return new Promise((resolve, reject) => {
      if (this.state !== 'online' && method !== 'connect') return reject(new CallError({ code: 'OFFLINE', message: 'not connected' }));
      const id = String(this.#next++);
      const timer = setTimeout(() => {
        this.#calls.delete(id);
        reject(new CallError({ code: 'TIMEOUT', message: `no answer to ${method}` }));
      }, CALL_MS);
      this.#calls.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ type: 'req', id, method, params }));
    });
  }

  // Calls listener(payload) for an event of the gateway; gives what ends that.
  on(event, listener) {
    const heard = ({ detail }) => listener(detail);
    this.addEventListener(`event ${event}`, heard);
    return () => this.removeEventListener(`event ${event}`, heard);
  }

  #set(state, problem = null) {
    this.state = state;
    this.problem = problem;
    this.dispatchEvent(new Event('state'));
  }

  #drop() {
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onmessage = socket.onclose = null;
      socket.close();
    }
    for (const { reject, timer } of this.#calls.values()) {
      clearTimeout(timer);
      reject(new CallError({ code: 'OFFLINE', message: 'the connection was lost' }));
    }
    this.#calls.clear();
  }

  #dial() {
    this.#drop();
    this.#set('connecting', this.problem);
    const socket = new WebSocket(this.address);
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#read(data);
    socket.onclose = ({ code }) => this.#lost(code);
  }

  #lost(code) {
    const problem = this.problem;
    this.#drop();
    if (this.state === 'refused') return;
    this.retryAt = Date.now() + this.#wait * (0.75 + Math.random() / 2);
    this.#timer = setTimeout(() => this.#dial(), this.retryAt - Date.now());
    this.#wait = Math.min(this.#wait * 1.7, WAIT_MS_MAX);
    this.#set('waiting', problem ?? { code: String(code), message: code === 1012 ? 'The gateway restarts.' : 'The gateway does not answer.' });
  }

  #read(data) {
    this.#heard = Date.now();
    let frame;
    try {
      frame = JSON.parse(data);
    } catch {
      return;
    }
    if (frame.type === 'res') {
      const waiting = this.#calls.get(frame.id);
      if (!waiting) return;
      this.#calls.delete(frame.id);
      clearTimeout(waiting.timer);
      if (frame.ok) waiting.resolve(frame.payload);
      else waiting.reject(new CallError(frame.error));
    } else if (frame.type === 'event') {
      if (frame.event === 'connect.challenge') return void this.#connect(frame.payload);
      if (frame.seq) {
        // What was missed is not sent again: views ask anew.
        if (this.#seq && frame.seq > this.#seq + 1) this.dispatchEvent(new Event('gap'));
        this.#seq = frame.seq;
      }
      this.dispatchEvent(new CustomEvent(`event ${frame.event}`, { detail: frame.payload }));
    }
  }

  async #connect({ nonce, ts }) {
    const socket = this.#socket;
    this.#device ??= await identity() ?? false;
    const params = {
      minProtocol: 3, maxProtocol: 4, role: 'operator', scopes: SCOPES, locale: navigator.language,
      client: { ...CLIENT, instanceId: instance() }, caps: ['tool-events', 'approvals', 'exec-approvals', 'plugin-approvals'],
    };
    // Whether it is a token or a password is the gateway's to know.
    if (this.#secret) params.auth = { token: this.#secret, password: this.#secret };
    if (this.#device) {
      const signed = ['v3', this.#device.id, CLIENT.id, CLIENT.mode, 'operator', SCOPES.join(','), ts, this.#secret, nonce, CLIENT.platform, ''];
      const signature = await this.#device.sign(signed.join('|'));
      params.device = { id: this.#device.id, publicKey: this.#device.publicKey, signature, signedAt: ts, nonce };
    }
    if (socket !== this.#socket || socket.readyState !== WebSocket.OPEN) return;
    try {
      this.hello = await this.call('connect', params);
    } catch (error) {
      if (error.code === 'OFFLINE' || socket !== this.#socket) return;
      this.#refused(error);
      return;
    }
    this.#wait = WAIT_MS;
    this.#seq = 0;
    this.#watch(this.hello.policy?.tickIntervalMs ?? 30000);
    this.#set('online');
  }

  #refused(error) {
    const problem = { code: error.details?.code ?? error.code, message: error.message, details: error.details ?? {}, retryAfterMs: error.retryAfterMs };
    this.#drop();
    this.#set('refused', problem);
    // Somebody else may approve this browser meanwhile.
    if (problem.code === 'PAIRING_REQUIRED') this.#timer = setTimeout(() => this.#dial(), 3000);
    else if (error.code === 'UNAVAILABLE') this.#timer = setTimeout(() => this.#dial(), problem.retryAfterMs ?? 2000);
  }

  // A gateway that says nothing for two ticks is gone, whatever the socket thinks.
  #watch(tickMs) {
    const socket = this.#socket;
    const look = () => {
      if (socket !== this.#socket) return;
      if (Date.now() - this.#heard > 2 * tickMs) {
        socket.onclose = null;
        socket.close(4000, 'tick timeout');
        this.#lost(4000);
      } else {
        setTimeout(look, tickMs / 3);
      }
    };
    look();
  }
}

export { uuid };
