// Conversations of tests/vectors/conversations give the same bytes here as in C: same input, same clock, same random numbers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Event } from '../lib/constants.js';
import { native } from '../lib/native.js';
import { Inspector } from 'libgateway';

const program = process.env.GATEWAY_PLAY ?? '';
const folder = process.env.GATEWAY_CONVERSATIONS ?? '';
const epoch = 1767225600000;
const DIALLED = 16;
const directions = ['prompt', 'completion', 'tool_call', 'tool_result'];
const modes = ['action', 'observe', 'redact'];

// The rest of a line as bytes: \r, \n, \\ and \xNN.
const bytesOf = (text) => Buffer.from(text.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex, one) =>
  (hex ? String.fromCharCode(parseInt(hex, 16)) : { r: '\r', n: '\n' }[one] ?? one)), 'latin1');
const textOf = (text) => bytesOf(text).toString();

class Player {
  #gateway;
  #conns = new Map(); // the conversation's number -> the addon's
  #ids = { ask: [], request: [], run: [], call: [] }; // in the order in which they came
  #dialled = DIALLED;
  #text;
  #written = [];

  play(conversation) {
    for (const line of conversation.split('\n')) {
      if (!line || line.startsWith('#')) continue;
      const [verb, ...words] = line.split(' ');
      const status = this[verb](words);
      if (status < 0 || status > 0) this.#write(`status ${status}\n`);
      if (this.#gateway) this.#pump();
    }
    if (this.#gateway) native.end(this.#gateway);
    return Buffer.concat(this.#written).toString('latin1');
  }

  #write(...parts) {
    for (const part of parts) this.#written.push(typeof part === 'string' ? Buffer.from(part) : part);
  }

  #texts(name, texts) {
    this.#write(name, ...texts.flatMap((text) => [' [', text ?? '', ']']), '\n');
  }

  #numberOf(event) {
    const kind = Object.keys(this.#ids).find((one) => event[one] !== undefined);
    if (!kind) return 0;
    if (!this.#ids[kind].includes(event[kind])) this.#ids[kind].push(event[kind]);
    return this.#ids[kind].indexOf(event[kind]) + 1;
  }

  #pump() {
    for (let event; (event = native.nextEvent(this.#gateway)); ) {
      let number = [...this.#conns].find(([, conn]) => conn === event.conn)?.[0] ?? 0;
      if (event.type === Event.CONNECT) this.#conns.set((number = this.#dialled++), event.conn);
      const { type, port = 0, listener = 0, status = 0, abort = false, restart = false, host, agent, session, model, tool, method, caller, data } = event;
      this.#texts([type, number, this.#numberOf(event), port, listener, status, Number(abort), Number(restart)].join(' '), [host, agent, session, model, tool, method, caller, data]);
      if (type === Event.OUTPUT) for (let bytes; (bytes = native.takeOutput(this.#gateway, event.conn)); ) this.#texts('sent', [bytes]);
      if (type === Event.READ) this.#write(`reads ${Number(native.wantsRead(this.#gateway, event.conn))}\n`);
      if (type === Event.REQUEST) this.#texts('asks', native.readRequest(this.#gateway, event.request));
      if (type === Event.RUN) this.#texts('wants', [native.runRequest(this.#gateway, event.run)]);
      if (type === Event.CLOSE) {
        native.free(this.#gateway, event.conn);
        this.#conns.delete(number);
      }
    }
  }

  #conn = (word) => this.#conns.get(Number(word)) ?? 0xffffffff;
  #id = (kind, word) => this.#ids[kind][word - 1] ?? 0n;

  gateway([services, ...config]) {
    const [status, , gateway] = native.open(config.join(' '), '', [], '', [], Number(services), true, 7, 0, '');
    this.#gateway = gateway;
    return status || native.tick(gateway, 0, epoch);
  }

  at([then]) {
    for (let due; (due = native.deadline(this.#gateway)) < Number(then); this.#pump()) native.tick(this.#gateway, due, epoch + due);
    return native.tick(this.#gateway, Number(then), epoch + Number(then));
  }

  accept([number]) {
    const conn = native.accept(this.#gateway, '127.0.0.1', 9, 0);
    if (conn > 0) this.#conns.set(Number(number), conn);
    return Math.min(conn, 0);
  }

  send([number, ...text]) { return native.recv(this.#gateway, this.#conn(number), bytesOf(text.join(' '))); }
  end([number]) { return native.eof(this.#gateway, this.#conn(number)); }
  opened([number]) { return native.opened(this.#gateway, this.#conn(number)); }
  failed([number, ...text]) { return native.failed(this.#gateway, this.#conn(number), textOf(text.join(' '))); }

  answer([id, status, ...text]) {
    const what = textOf(text.join(' '));
    return native.answer(this.#gateway, this.#id('ask', id), Number(status), '', what ? [what] : [], 0, 0, undefined, what, '');
  }

  route([number, method, pattern]) { return native.route(this.#gateway, method, pattern, Number(number), 0, 0); }

  respond([id, code, ...text]) {
    const body = bytesOf(text.join(' '));
    return native.respond(this.#gateway, this.#id('request', id), Number(code), ['Content-Type', 'text/plain'], body.length)
      || native.writeResponse(this.#gateway, this.#id('request', id), body) || native.endResponse(this.#gateway, this.#id('request', id));
  }

  agent([id]) { return native.agent(this.#gateway, id); }
  say([id, ...text]) { return native.runDelta(this.#gateway, this.#id('run', id), 0, bytesOf(text.join(' '))); }
  call([id, tool, ...text]) { return native.runToolCall(this.#gateway, this.#id('run', id), '', tool, textOf(text.join(' '))); }
  stop([id, why]) { return native.runEnd(this.#gateway, this.#id('run', id), Number(why), -1, 0, 0); }
  fail([id, ...text]) { return native.runFail(this.#gateway, this.#id('run', id), textOf(text.join(' '))); }
  tool([name, ...text]) { return native.addTool(this.#gateway, name, name, textOf(text.join(' ')), 0); }
  progress([id, ...text]) { return native.toolProgress(this.#gateway, this.#id('call', id), textOf(text.join(' '))); }
  result([id, ...text]) { return native.toolResult(this.#gateway, this.#id('call', id), textOf(text.join(' ')), false); }
  method([name, scope, ...text]) { return native.addMethod(this.#gateway, name, scope, textOf(text.join(' ')), 0); }
  reply([id, ...text]) { return native.methodAnswer(this.#gateway, this.#id('call', id), textOf(text.join(' '))); }
  event([name]) { return native.addEvent(this.#gateway, name, '', 0); }
  emit([name, ...text]) { return native.emit(this.#gateway, name, textOf(text.join(' ')), 0n); }
  shutdown() { return native.shutdown(this.#gateway); }

  inspect([direction, mode]) { this.#text = new Inspector({ direction: directions[direction], mode: modes[mode] }); }

  #parts(bytes) { this.#write(`text ${Number(this.#text.blocked)} [`, bytes, ']\n'); }
  feed(text) { this.#parts(this.#text.feed(bytesOf(text.join(' ')))); }
  finish() { this.#parts(this.#text.finish()); }
  verdict() { this.#texts('verdict', [JSON.stringify(this.#text.verdict)]); }
}

const names = folder ? readdirSync(folder).filter((name) => name.endsWith('.txt')) : [];

test('there are conversations', { skip: !folder && 'needs GATEWAY_PLAY and GATEWAY_CONVERSATIONS' }, () => assert.ok(names.length >= 5));
for (const name of names) {
  test(`the conversation ${name}`, { skip: !program && 'needs GATEWAY_PLAY=<tests/conversations/play.c, built>' }, () => {
    const want = execFileSync(program, [path.join(folder, name)], { maxBuffer: 1 << 26 }).toString('latin1');
    assert.ok(want.length > 1000);
    assert.equal(new Player().play(readFileSync(path.join(folder, name), 'utf8')), want);
  });
}
