// A gateway inside a Node program: Node carries the bytes, the library decides everything else.
//
//     'data', 'end', 'close', look-ups:     bytes and facts -> gateway
//     #pump(), after each of these:      gateway -> writes, closes, dials, look-ups; then the timer
import { lookup } from 'node:dns';
import { createRequire } from 'node:module';
import net from 'node:net';
import { Event, Kind, LogLevel, Status } from './constants.js';

const native = createRequire(import.meta.url)('./gateway.node');
const nameOf = (group, value) => Object.keys(group).find((name) => group[name] === value);

export const version = native.version;

/** A call that failed: `code` says how, `kind` whose problem it is. */
export class GatewayError extends Error {
  name = 'GatewayError';
  constructor(status, message) {
    const [kind, text] = native.describe(status);
    super(message || text);
    this.code = `GW_ERR_${nameOf(Status, status)}`;
    this.kind = nameOf(Kind, kind).toLowerCase();
  }
}

function check(status, message) {
  if (status < 0) throw new GatewayError(status, message);
}

export class Gateway {
  #native; // undefined once it has ended
  #log;
  #streams = new Map(); // by the number of the connection
  #lookups = new Set();
  #servers = new Set();
  #timer;
  #due; // when it rings
  #pumpWaits = false;
  #stopped = Promise.withResolvers?.() ?? withResolvers();

  constructor({ config = '', path = '', state = '', limits = {}, log } = {}) {
    const bounds = Object.entries(limits);
    for (const [name, value] of bounds) {
      if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`limits.${name} is not a whole number from 0 on`);
    }
    const [status, problems, opened] = native.open(typeof config === 'string' ? config : JSON.stringify(config), path, state, bounds);
    this.#log = log ?? (() => {});
    for (const line of problems.split('\n')) if (line && status === 0) this.#log('warn', line);
    this.#native = opened;
    this.#tellLog();
    check(status, problems.trim());
    this.#turn();
  }

  /** Listens for clients, on any free port for 0. */
  listen(port = 0, host = '127.0.0.1') {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true, pauseOnConnect: true }, (socket) => this.serve(socket));
    this.#servers.add(server);
    return new Promise((resolve, reject) => server.once('error', reject).listen({ port, host }, () => resolve(server.off('error', reject))));
  }

  /** Serves one client on any Duplex: a net.Socket, a pipe, a stream of another protocol. */
  serve(socket) {
    if (!this.#native) return void socket.destroy();
    this.#turn();
    const conn = native.accept(this.#native, socket.remoteAddress ?? '', socket.remotePort ?? 0);
    if (conn < 0) return void socket.destroy();
    this.#carry(conn, socket);
  }

  get stats() {
    return native.stats(this.#native);
  }

  /** Stops listening, lets open answers finish within `drain_ms`, and ends. */
  async close() {
    for (const server of this.#servers) server.close();
    this.#servers.clear();
    if (this.#native) {
      this.#turn();
      native.shutdown(this.#native);
    }
    await this.#stopped.promise;
  }

  [Symbol.asyncDispose]() {
    return this.close();
  }

  // Before every call into the library: tells the time, and sees to it that what the call causes is done.
  #turn() {
    native.tick(this.#native, performance.now(), Date.now());
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

  #carry(conn, socket) {
    this.#streams.set(conn, socket);
    socket.allowHalfOpen = true; // the gateway says when to close
    this.#on(socket, 'data', (bytes) => native.recv(this.#native, conn, bytes)); // a failure comes back as an event
    this.#on(socket, 'end', () => native.eof(this.#native, conn));
    this.#on(socket, 'drain', () => this.#write(conn, socket));
    this.#on(socket, 'close', () => this.#free(conn, socket));
    socket.on('error', () => {}); // 'close' follows
    if (native.wantsRead(this.#native, conn)) socket.resume();
  }

  // The number goes to the next connection: only the socket that it belongs to may give it back.
  #free(conn, socket) {
    if (this.#streams.get(conn) !== socket) return;
    this.#streams.delete(conn);
    native.free(this.#native, conn);
  }

  #write(conn, socket) {
    while (!socket.writableNeedDrain && socket.writable) {
      const bytes = native.takeOutput(this.#native, conn);
      if (!bytes) return;
      socket.write(bytes);
    }
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
      if (deadline !== Infinity) this.#timer = setTimeout(() => this.#ring(), Math.min(Math.max(0, Math.ceil(deadline - performance.now())), 0x7fffffff));
    }
    this.#streams.size > 0 ? this.#timer?.ref() : this.#timer?.unref(); // when nobody waits, the program may end
  }

  #ring() {
    this.#due = undefined;
    this.#turn();
  }

  #onEvent({ type, conn, ask, host, port, status, abort }) {
    const socket = this.#streams.get(conn);
    switch (type) {
      case Event.OUTPUT: this.#write(conn, socket); break;
      case Event.READ: native.wantsRead(this.#native, conn) ? socket.resume() : socket.pause(); break;
      case Event.SHUTDOWN: socket.end(); break;
      case Event.CLOSE: this.#close(socket, abort); break;
      case Event.CONNECT: if (conn) this.#dial(conn, host, port); break;
      case Event.RESOLVE: this.#resolve(ask, host); break;
      case Event.CANCEL: this.#lookups.delete(ask); break;
      case Event.STOPPED: this.#end(status); break;
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
      native.failed(this.#native, conn, error.code ?? error.message);
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

  #resolve(ask, host) {
    this.#lookups.add(ask);
    lookup(host, { all: true, verbatim: true }, (error, found) => {
      if (!this.#lookups.delete(ask) || !this.#native) return;
      this.#turn();
      native.answer(this.#native, ask, error ? Status.RESOLVE : Status.OK, error?.code ?? '', (found ?? []).map(({ address }) => address));
    });
  }

  #end(status = 0) {
    clearTimeout(this.#timer);
    this.#tellLog();
    const last = this.#native;
    this.#native = undefined;
    native.end(last);
    for (const socket of this.#streams.values()) socket.destroy();
    this.#streams.clear();
    status < 0 ? this.#stopped.reject(new GatewayError(status)) : this.#stopped.resolve();
  }

  #tellLog() {
    for (const [level, line] of native.takeLog(this.#native)) this.#log(nameOf(LogLevel, level).toLowerCase(), line);
  }
}

function withResolvers() {
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

/** Reads one stream of server-sent events, fed in pieces of any size, cut anywhere. */
export class SseDecoder {
  #native;
  #failed = 0;

  constructor({ eventBytesMax = 0 } = {}) {
    this.#native = native.sseNew(eventBytesMax);
    if (typeof this.#native === 'number') check(this.#native);
  }

  /** The events that `bytes` complete. Those in front of one that is too long still come; the next call throws. */
  feed(bytes) {
    check(this.#failed);
    const events = [];
    this.#failed = native.sseFeed(this.#native, bytes, events);
    if (events.length === 0) check(this.#failed);
    return events;
  }

  /** The events of any stream of bytes: a fetch() body, a socket. */
  static async *events(stream, options) {
    const decoder = new SseDecoder(options);
    for await (const piece of stream) yield* decoder.feed(piece);
  }
}
