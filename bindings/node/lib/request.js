// A request of a route: what it says, and the answer that an async function gives.
import { Status } from './constants.js';
import { check, GatewayError } from './errors.js';

// The gateway sets these itself.
const ours = new Set(['content-length', 'transfer-encoding', 'connection', 'date']);

/** What the function of a route is given. Headers and parameters can be read until it answers. */
export class GatewayRequest {
  #call;

  constructor(call, [method, path, query, body], signal) {
    this.#call = call;
    Object.assign(this, { method, path, query: new URLSearchParams(query), body, signal });
  }

  header(name) {
    return this.#text('header', name);
  }

  param(name) {
    return this.#text('parameter', name);
  }

  /** Who sent it, as the option `auth` said: `{ user, scopes }`. */
  get user() {
    const said = this.#call('user');
    return Array.isArray(said) ? { user: said[0], scopes: said[1].split(', ').filter(Boolean) } : undefined;
  }

  text() {
    return this.body.toString();
  }

  json() {
    return JSON.parse(this.body.toString());
  }

  #text(question, name) {
    const text = this.#call(question, name);
    return typeof text === 'string' ? text : undefined;
  }
}

/** Whoever wants to come in: a request's head, or what a gateway socket gave as `auth`. */
export class Visitor {
  #call;

  constructor(call, { host = '', data = '' }) {
    this.#call = call;
    const [method = '', path = '', query = ''] = [call('readRequest')].flat();
    Object.assign(this, { address: host, method, path, query: new URLSearchParams(query), auth: data && JSON.parse(data) });
  }

  header(name) {
    const text = this.#call('header', name);
    return typeof text === 'string' ? text : undefined;
  }
}

/** A request from its arrival to the end of its answer. */
export class PendingRequest {
  #call;
  #request;
  #abort = new AbortController();
  #goOn; // the answer may be written further, or is of no use any more

  static open(call) {
    const read = call('readRequest');
    return Array.isArray(read) ? new PendingRequest(call, read) : undefined;
  }

  constructor(call, read) {
    this.#call = call;
    this.#request = new GatewayRequest(call, read, this.#abort.signal);
  }

  goOn() {
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.();
  }

  /** The client left. */
  cancel() {
    this.#abort.abort(new GatewayError(Status.CANCELLED));
    this.goOn();
  }

  /** Runs the function and sends what it gives; the error it ended with, if it did. */
  async answer(handler) {
    let given;
    try {
      given = read(await handler(this.#request));
      this.#start(given);
      for await (const piece of given.pieces) await this.#write(piece);
      this.#call('endResponse');
    } catch (error) {
      if (this.#abort.signal.aborted) return undefined;
      if (given?.started) this.#call('abortResponse'); // the client must see that it is not whole
      else this.#fail();
      return error;
    }
    return undefined;
  }

  #start(given) {
    check(this.#call('respond', given.status, given.fields, given.length));
    given.started = true;
  }

  async #write(piece) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    if (bytes.length === 0) return;
    const status = check(this.#call('writeResponse', bytes));
    if (status === Status.DONE) await new Promise((resolve) => (this.#goOn = resolve));
    this.#abort.signal.throwIfAborted();
  }

  // The client is told that it failed, and no more.
  #fail() {
    const body = Buffer.from('{"error":{"message":"internal error","type":"server_error"}}');
    if (this.#call('respond', 500, ['content-type', 'application/json'], body.length) < 0) return;
    this.#call('writeResponse', body);
    this.#call('endResponse');
  }
}

// What a function may give -> { status, fields: [name, value, ...], length (-1: a stream), pieces }.
function read(given) {
  if (given instanceof Response) return whole(given.status, given.headers, given.body ?? undefined);
  if (given === undefined || given === null) return whole(204, {}, undefined);
  if (typeof given === 'object' && ('status' in given || 'headers' in given || 'body' in given)) {
    return whole(given.status ?? (given.body === undefined ? 204 : 200), given.headers ?? {}, given.body);
  }
  return whole(200, {}, given);
}

function whole(status, headers, body) {
  const fields = [];
  let type = false;
  let told = -1;
  for (const [name, value] of headers[Symbol.iterator] ? headers : Object.entries(headers)) {
    const lower = name.toLowerCase();
    type ||= lower === 'content-type';
    if (lower === 'content-length') told = Number(value);
    if (!ours.has(lower)) fields.push(name, String(value));
  }
  const add = (content) => type || fields.push('content-type', content);
  if (body === undefined || body === null) return { status, fields, length: 0, pieces: [] };
  if (typeof body === 'string') {
    add('text/plain; charset=utf-8');
    const bytes = Buffer.from(body);
    return { status, fields, length: bytes.length, pieces: [bytes] };
  }
  if (body instanceof Uint8Array) {
    add('application/octet-stream');
    return { status, fields, length: body.length, pieces: [body] };
  }
  if (body[Symbol.asyncIterator] || body[Symbol.iterator]) {
    add('application/octet-stream');
    return { status, fields, length: told, pieces: body };
  }
  add('application/json');
  const json = Buffer.from(JSON.stringify(body));
  return { status, fields, length: json.length, pieces: [json] };
}
