// A gateway inside a Node program: Node carries the bytes, the library decides everything else.
//
//     'data', 'end', 'close', look-ups, answers:   bytes and facts -> gateway
//     #pump(), after each of these:                gateway -> writes, closes, dials, questions, requests; then the timer
import net from 'node:net';
import { EmitFlag, Event, LogLevel, RouteFlag, Service, Status, ToolFlag } from './constants.js';
import { duplexPair } from './duplex_pair.js';
import { check, GatewayError } from './errors.js';
import { EventQueue } from './event_queue.js';
import { fetchThrough, forward, headOf } from './http.js';
import { PendingMethod } from './method.js';
import { native, numberOf, wordOf } from './native.js';
import { PendingRequest, Visitor } from './request.js';
import { PendingRun } from './run.js';
import * as services from './services.js';
import { PendingTool } from './tool.js';

const disposed = Symbol.asyncDispose ?? Symbol.for('nodejs.asyncDispose');

let ring; // what a timer calls: it does not keep a gateway that nobody else has

export class Gateway {
  #native; // undefined once it has ended
  #log;
  #streams = new Map(); // by the number of the connection
  #jobs = new Map(); // questions that are worked on, by their ids
  #requests = new Map(); // unanswered, by their ids
  #routes = [];
  #runs = new Map(); // likewise
  #agents = new Map(); // functions by the ids of agents
  #calls = new Map(); // of tools, unanswered, by their ids
  #tools = new Map(); // functions by their names
  #methodCalls = new Map(); // unanswered, by their ids
  #methods = new Map(); // functions by their names
  #auth; // who may come in
  #opinion; // of what the rules let pass
  #servers = new Set();
  #queues = new Set();
  #timer;
  #due; // when it rings
  #pumpWaits = false;
  #ready = withResolvers();
  #stopped = withResolvers();

  constructor({
    config = '', path = '', env = process.env, state = '', limits = {}, log, records = false, ports = false, auth, opinion,
    services: offered = ['connect', 'resolve'], signal,
  } = {}) {
    const bounds = Object.entries(limits);
    for (const [name, value] of bounds) {
      if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`limits.${name} is not a whole number from 0 on`);
    }
    const bits = offered.reduce((sum, name) => sum | numberOf(Service, 'services', name), (ports ? Service.LISTEN : 0) | (auth ? Service.AUTH : 0) | (opinion ? Service.OPINION : 0));
    const names = Object.entries(env).map(([name, value]) => `${name}=${value}`);
    const text = typeof config === 'string' ? config : JSON.stringify(config);
    const { port, host = '' } = Object(ports);
    const at = port === 0 ? -1 : port ?? 0;
    const [status, problems, opened] = native.open(text, path, names, state, bounds, bits, records, 0, at, host);
    this.#log = log;
    this.#auth = auth;
    this.#opinion = opinion;
    for (const line of problems.split('\n')) if (line && status === 0) this.#log?.('warn', line);
    this.#native = opened;
    this.#tellLog();
    if (status < 0) native.end(opened);
    check(status, problems.trim());
    this.#ready.promise.catch(() => {}); // nobody needs to look
    this.#stopped.promise.catch(() => {});
    this.#turn();
    if (signal?.aborted) this.#leave();
    else signal?.addEventListener('abort', () => this.#leave(), { once: true });
  }

  // --- clients ---------------------------------------------------------------------------------------------------

  /** Listens for clients, on any free port for 0. */
  listen(port = 0, host = '127.0.0.1', { listener = 0, signal } = {}) {
    if (!this.#native) return Promise.reject(new GatewayError(Status.STATE, 'the gateway has ended'));
    const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) =>
      this.serve(socket, { address: socket.remoteAddress ?? 'unknown', listener }), // it left already: not a local socket
    );
    this.#servers.add(server);
    server.once('close', () => this.#servers.delete(server));
    return new Promise((resolve, reject) => server.once('error', reject).listen({ port, host, signal }, () => resolve(server.off('error', reject))));
  }

  /**
   * Serves one client on any Duplex: a net.Socket, a pipe, a stream of another protocol. `head` is what was read of it
   * before. False, and the stream is destroyed, when there are too many or the gateway stops.
   */
  serve(socket, { address = socket.remoteAddress ?? '', port = socket.remotePort ?? 0, listener = 0, head } = {}) {
    if (this.#native) {
      this.#turn();
      const conn = native.accept(this.#native, address, port, listener);
      if (conn > 0) {
        if (head?.length > 0) native.recv(this.#native, conn, head); // a failure comes back as an event
        this.#carry(conn, socket);
        return true;
      }
    }
    socket.destroy();
    return false;
  }

  /** A client of this process, without a socket: the other end of a connection to this gateway. */
  connect({ address = '', port = 0, listener = 0 } = {}) {
    const [here, there] = duplexPair();
    this.serve(there, { address, port, listener });
    return here;
  }

  /** fetch() of this gateway, in this process; only path and query of the URL count. */
  fetch(input, init) {
    return fetchThrough((options) => this.connect(options), input, init);
  }

  /** Answers a request of node:http, Express, ...: `app.use((req, res) => gateway.handle(req, res))`. */
  handle(request, response) {
    forward((options) => this.connect(options), request, response);
  }

  /** Takes over an upgrade of node:http: `server.on('upgrade', (req, socket, head) => gateway.upgrade(req, socket, head))`. */
  upgrade(request, socket, head) {
    socket.removeAllListeners();
    this.serve(socket, { head: headOf(request, head) });
  }

  /**
   * Answers `method pattern` with an async function of the request, behind the gateway's authentication unless `public`.
   * Before the first client.
   */
  route(method, pattern, handler, { public: open = false, bodyBytesMax = 0 } = {}) {
    if (typeof handler !== 'function') throw new TypeError('the handler of a route is a function');
    const flags = open ? RouteFlag.PUBLIC : 0;
    check(native.route(this.#native, method, pattern, this.#routes.length, flags, bodyBytesMax), `route ${method} ${pattern}`);
    this.#routes.push(handler);
    return this;
  }

  /**
   * Answers for the agent `id` with an async function or generator of its runs; without an id for every agent whose
   * `runtime` is "host". What it yields is the answer: text, `{ reasoning }`, `{ toolCall: { name, arguments } }`.
   */
  agent(id, handler) {
    if (typeof id === 'function') [id, handler] = ['', id];
    if (typeof handler !== 'function') throw new TypeError('an agent is a function');
    check(native.agent(this.#native, id), `no agent "${id}" is configured`);
    this.#agents.set(id, handler);
    return this;
  }

  /**
   * Offers a tool to the models of agents and to POST /tools/invoke: an async function, or generator, of the arguments.
   * What it returns is the result; what a generator yields is said while it works.
   */
  tool(name, { description = '', schema, ownerOnly = false } = {}, handler) {
    if (typeof handler !== 'function') throw new TypeError('a tool is a function');
    check(native.addTool(this.#native, name, description, jsonOf(schema), ownerOnly ? ToolFlag.OWNER_ONLY : 0), `tool ${name}`);
    this.#tools.set(name, handler);
    return this;
  }

  /**
   * Answers a method of the gateway protocol with an async function of its parameters, which fit the schema; its callers
   * have the scope.
   */
  method(name, { scope = '', schema, timeoutMs = 0 } = {}, handler) {
    if (typeof handler !== 'function') throw new TypeError('a method is a function');
    check(native.addMethod(this.#native, name, scope, jsonOf(schema), timeoutMs), `method ${name}`);
    this.#methods.set(name, handler);
    return this;
  }

  /** Makes an event known that emit() will send to clients of the gateway protocol. */
  addEvent(name, { scope = '', mayDrop = false, toNodes = false } = {}) {
    const flags = (mayDrop ? EmitFlag.MAY_DROP : 0) | (toNodes ? EmitFlag.TO_NODES : 0);
    check(native.addEvent(this.#native, name, scope, flags), `event ${name}`);
    return this;
  }

  /** Sends an event that was added to all who may see it, or to one client, `call.client` of a method. */
  emit(name, payload, { client = 0n } = {}) {
    if (!this.#native) throw new GatewayError(Status.STATE, 'the gateway has ended');
    this.#turn();
    check(native.emit(this.#native, name, payload === undefined ? '' : JSON.stringify(payload), client));
  }

  /** Reads and checks the configuration again, lets what is running finish, and ends; `closed` then says `restart`. */
  restart() {
    this.#turn();
    check(native.restart(this.#native));
  }

  // --- state -----------------------------------------------------------------------------------------------------

  get stats() {
    if (!this.#native) throw new GatewayError(Status.STATE, 'the gateway has ended');
    return native.stats(this.#native);
  }

  /** Once all ports of the configuration listen: the address to tell people, and the token if one was made. */
  get ready() {
    return this.#ready.promise;
  }

  /** Once it has ended, by whatever; `restart` asks the program to make a new one. */
  get closed() {
    return this.#stopped.promise;
  }

  /** Log lines and, with the option `records`, event records of the guardrail, from now on until the gateway ends. */
  events({ max = 1024, signal } = {}) {
    const queue = new EventQueue(max, () => this.#queues.delete(queue), signal);
    if (this.#native) this.#queues.add(queue);
    else queue.end();
    return queue;
  }

  /** Stops listening, lets open answers finish within `drain_ms`, and ends. */
  async close() {
    this.#leave();
    await this.#stopped.promise;
  }

  [disposed]() {
    return this.close();
  }

  #leave() {
    for (const server of this.#servers) server.close();
    this.#servers.clear();
    if (!this.#native) return;
    this.#turn();
    native.shutdown(this.#native);
  }

  // --- turns -----------------------------------------------------------------------------------------------------

  // Before every call into the library: tells the time, and sees to it that what the call causes is done.
  #turn() {
    native.tick(this.#native, performance.now());
    if (this.#pumpWaits) return;
    this.#pumpWaits = true;
    process.nextTick(() => this.#pump()); // not later: libuv goes on reading from a socket that should pause
  }

  // A handler that runs in a turn of its own, while the gateway lives.
  #on(emitter, event, handler) {
    emitter.on(event, (...given) => {
      if (!this.#native) return;
      this.#turn();
      handler(...given);
    });
  }

  #pump() {
    this.#pumpWaits = false;
    for (let event; this.#native && (event = native.nextEvent(this.#native)); ) this.#onEvent(event);
    if (!this.#native) return;
    this.#tellLog();
    const deadline = native.deadline(this.#native);
    if (deadline !== this.#due) {
      clearTimeout(this.#timer);
      this.#due = deadline;
      if (deadline !== Infinity) this.#timer = setTimeout(ring, Math.min(Math.max(0, Math.ceil(deadline - performance.now())), 0x7fffffff), new WeakRef(this));
    }
    this.#streams.size > 0 ? this.#timer?.ref() : this.#timer?.unref(); // when nobody waits, the program may end
  }

  static {
    ring = (gateway) => gateway.deref()?.#ring();
  }

  #ring() {
    this.#due = undefined;
    if (this.#native) this.#turn();
  }

  #onEvent(event) {
    const { type, conn, ask, request } = event;
    const socket = this.#streams.get(conn);
    switch (type) {
      case Event.OUTPUT: this.#write(conn, socket); break;
      case Event.READ: native.wantsRead(this.#native, conn) ? socket.resume() : socket.pause(); break;
      case Event.SHUTDOWN: socket.end(); break;
      case Event.CLOSE: this.#close(socket, event.abort); break;
      case Event.CONNECT: if (conn) this.#dial(conn, event.host, event.port); break;
      case Event.LISTEN: this.#work(ask, (answer) => this.#open(event, answer)); break;
      case Event.RESOLVE: this.#work(ask, (answer) => services.resolve(event, answer)); break;
      case Event.SPAWN: this.#work(ask, (answer) => services.spawn(event, answer)); break;
      case Event.WATCH: this.#work(ask, (answer) => services.watch(event, answer)); break;
      case Event.DATAGRAM: this.#work(ask, (answer) => services.datagram(event, answer)); break;
      case Event.AUTH: this.#work(ask, (answer) => this.#decide(event, answer)); break;
      case Event.OPINION: this.#work(ask, (answer) => this.#consider(event, answer)); break;
      case Event.SEND: this.#jobs.get(ask)?.send?.(event); break;
      case Event.CANCEL: this.#forget(ask); break;
      case Event.REQUEST: this.#onRequest(request, event.listener); break;
      case Event.REQUEST_WRITABLE: this.#requests.get(request)?.goOn(); break;
      case Event.REQUEST_CANCELLED: this.#requests.get(request)?.cancel(); break;
      case Event.RUN: this.#onRun(event); break;
      case Event.RUN_WRITABLE: this.#runs.get(event.run)?.goOn(); break;
      case Event.RUN_CANCEL: this.#runs.get(event.run)?.cancel(); break;
      case Event.TOOL_CALL: this.#onToolCall(event); break;
      case Event.TOOL_CANCEL: this.#calls.get(event.call)?.cancel(); break;
      case Event.METHOD_CALL: this.#onMethodCall(event); break;
      case Event.METHOD_CANCEL: this.#methodCalls.get(event.call)?.cancel(); break;
      case Event.READY: this.#ready.resolve(this.#tell('ready', { url: event.host, token: event.data })); break;
      case Event.RECORD: if (this.#queues.size > 0) this.#tell('record', { record: JSON.parse(event.data) }); break;
      case Event.STOPPED: this.#end(event.status, event.restart); break;
    }
  }

  #tell(type, event) {
    const told = { type, ...event };
    for (const queue of this.#queues) queue.push(told);
    return told;
  }

  #tellLog() {
    for (const [level, message] of native.takeLog(this.#native) ?? []) {
      const word = wordOf(LogLevel, level);
      this.#log?.(word, message);
      this.#tell('log', { level: word, message });
    }
  }

  #end(status = 0, restart = false) {
    clearTimeout(this.#timer);
    this.#tellLog();
    const last = this.#native;
    this.#native = undefined;
    native.end(last);
    for (const server of this.#servers) server.close();
    for (const socket of this.#streams.values()) socket.destroy();
    for (const ask of [...this.#jobs.keys()]) this.#forget(ask);
    for (const pending of [this.#requests, this.#runs, this.#calls, this.#methodCalls].flatMap((open) => [...open.values()])) pending.cancel();
    for (const queue of [...this.#queues]) queue.end();
    this.#streams.clear();
    const error = status < 0 ? new GatewayError(status) : new GatewayError(Status.STATE, 'the gateway has ended');
    this.#ready.reject(error);
    status < 0 ? this.#stopped.reject(error) : this.#stopped.resolve({ restart });
  }

  // --- connections -----------------------------------------------------------------------------------------------

  #carry(conn, socket) {
    this.#streams.set(conn, socket);
    socket.allowHalfOpen = true; // the gateway says when to close
    this.#on(socket, 'data', (bytes) => native.recv(this.#native, conn, bytes)); // a failure comes back as an event
    this.#on(socket, 'end', () => native.eof(this.#native, conn));
    this.#on(socket, 'drain', () => this.#write(conn, socket));
    this.#on(socket, 'close', () => this.#free(conn, socket));
    socket.on('error', () => {}); // 'close' follows
    if (socket.destroyed) this.#free(conn, socket); // its 'close' may have come before
    else if (native.wantsRead(this.#native, conn)) socket.resume();
  }

  // The number goes to the next connection: only the socket that it belongs to may give it back.
  #free(conn, socket) {
    if (this.#streams.get(conn) !== socket) return;
    this.#streams.delete(conn);
    native.free(this.#native, conn);
  }

  #write(conn, socket) {
    if (this.#streams.get(conn) !== socket) return;
    while (!socket.writableNeedDrain && socket.writable) {
      const bytes = native.takeOutput(this.#native, conn);
      if (!bytes) return;
      socket.write(bytes);
    }
  }

  #close(socket, abort) {
    if (abort || socket.connecting) return socket.destroy();
    socket.end(() => socket.destroy());
  }

  #dial(conn, host, port) {
    const socket = net.connect(port ? { host, port, noDelay: true, allowHalfOpen: true } : { path: host, allowHalfOpen: true });
    this.#streams.set(conn, socket);
    const failed = (error) => {
      if (this.#streams.get(conn) !== socket || !this.#native) return;
      this.#turn();
      native.failed(this.#native, conn, error.code ?? error.message ?? 'closed');
      this.#free(conn, socket);
    };
    socket.once('error', failed).once('close', failed).once('connect', () => {
      if (!this.#native) return;
      socket.off('error', failed).off('close', failed);
      this.#turn();
      native.opened(this.#native, conn);
      this.#carry(conn, socket);
    });
  }

  // --- questions -------------------------------------------------------------------------------------------------

  // `start` begins to work on a question and gives how to stop; it calls back with what it knows, once or, with `open`,
  // as often as something happens.
  #work(ask, start) {
    const job = {};
    this.#jobs.set(ask, job);
    const answer = (status, { reason = '', addresses = [], port = 0, exitCode = 0, data, user = '', scopes = '', open = false } = {}) => {
      if (this.#jobs.get(ask) !== job) return;
      this.#turn();
      const gone = native.answer(this.#native, ask, status, reason, addresses, port, exitCode, data, user, scopes, open) < 0;
      if (gone) this.#forget(ask);
      else if (!open) this.#jobs.delete(ask);
    };
    Object.assign(job, start(answer));
  }

  #forget(ask) {
    const job = this.#jobs.get(ask);
    this.#jobs.delete(ask);
    job?.stop?.();
  }

  #open({ host, port = 0, listener }, answer) {
    this.listen(port, host, { listener }).then(
      (server) => answer(Status.OK, { port: server.address().port }),
      (error) => answer(Status.IO, { reason: error.code ?? error.message }),
    );
  }

  // Whoever cannot say who that is keeps them out, too: with 503 instead of 401.
  async #decide(event, answer) {
    try {
      const found = await this.#auth(new Visitor(this.#about(event.request), event));
      if (!found) return answer(Status.DENIED);
      const { user = '', scopes = [] } = Object(found);
      answer(Status.OK, { user, scopes: scopes.join(', ') });
    } catch (error) {
      answer(Status.IO);
      this.#complain(`the function auth failed: ${error.message}`);
    }
  }

  // Begins to ask; the rules' word stands where nobody can say.
  #consider({ data }, answer) {
    const abort = new AbortController();
    const ask = async () => this.#opinion({ ...JSON.parse(data), signal: abort.signal });
    ask().then((said) => {
      if (said === undefined || said === null || said === true) answer(Status.OK);
      else answer(Status.BLOCKED, { reason: typeof said === 'string' ? said : '' });
    }).catch((error) => {
      if (abort.signal.aborted) return;
      answer(Status.IO);
      this.#complain(`the function opinion failed: ${error.message}`);
    });
    return { stop: () => abort.abort(new GatewayError(Status.CANCELLED)) };
  }

  // --- requests --------------------------------------------------------------------------------------------------

  // Calls about one request or run, each in a turn.
  #about(id) {
    return (name, ...given) => {
      if (!this.#native) return Status.GONE;
      this.#turn();
      return native[name](this.#native, id, ...given);
    };
  }

  async #onRequest(id, number) {
    const pending = PendingRequest.open(this.#about(id));
    if (pending) await this.#answer(this.#requests, id, pending, this.#routes[number], 'a route');
  }

  async #onRun(event) {
    const pending = PendingRun.open(this.#about(event.run), event);
    const handler = this.#agents.get(event.agent ?? '') ?? this.#agents.get('');
    if (pending) await this.#answer(this.#runs, event.run, pending, handler, `agent ${event.agent}`);
  }

  async #onToolCall(event) {
    const pending = new PendingTool(this.#about(event.call), event);
    await this.#answer(this.#calls, event.call, pending, this.#tools.get(event.tool), `tool ${event.tool}`);
  }

  async #onMethodCall(event) {
    const pending = new PendingMethod(this.#about(event.call), event);
    await this.#answer(this.#methodCalls, event.call, pending, this.#methods.get(event.method), `method ${event.method}`);
  }

  async #answer(open, id, pending, handler, what) {
    open.set(id, pending);
    const failure = await pending.answer(handler);
    open.delete(id);
    if (failure) this.#complain(`${what} failed: ${failure.message}`);
  }

  #complain(message) {
    this.#log?.('error', message);
    this.#tell('log', { level: 'error', message });
  }
}

// A schema is an object, or its text.
function jsonOf(schema) {
  return typeof schema === 'string' ? schema : schema === undefined ? '' : JSON.stringify(schema);
}

function withResolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}
