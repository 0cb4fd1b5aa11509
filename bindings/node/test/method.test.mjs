// Methods of the gateway protocol that the program answers, and events that it sends.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Gateway } from 'libgateway';

const config = { gateway: { auth: { mode: 'none' } } };

// A client of the protocol on a pipe in memory: what it is sent, frame by frame. Its masks are zero.
class Client {
  #socket;
  #bytes = Buffer.alloc(0);
  #upgraded = false;
  #waiting = [];
  frames = [];
  closed = false;

  constructor(gateway) {
    this.#socket = gateway.connect();
    this.#socket.on('data', (bytes) => this.#take(bytes)).on('close', () => (this.closed = true)).on('error', () => {});
    this.#socket.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n');
  }

  #take(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    if (!this.#upgraded) {
      const end = this.#bytes.indexOf('\r\n\r\n');
      if (end < 0) return;
      this.#upgraded = true;
      this.#bytes = this.#bytes.subarray(end + 4);
    }
    for (;;) {
      if (this.#bytes.length < 2) return;
      let [at, size] = [2, this.#bytes[1]];
      if (size === 126) [at, size] = [4, this.#bytes.readUInt16BE(2)];
      if (this.#bytes.length < at + size) return;
      if (this.#bytes[0] === 0x81) this.frames.push(JSON.parse(this.#bytes.subarray(at, at + size)));
      this.#bytes = this.#bytes.subarray(at + size);
      this.#waiting = this.#waiting.filter((looks) => !looks());
    }
  }

  send(frame) {
    const text = Buffer.from(JSON.stringify(frame));
    const size = text.length < 126 ? [0x80 | text.length] : [0xfe, text.length >> 8, text.length & 255];
    const head = Buffer.from([0x81, ...size, 0, 0, 0, 0]);
    this.#socket.write(Buffer.concat([head, text]));
  }

  /** The first frame that `is` says yes to. */
  until(is) {
    return new Promise((resolve) => {
      const looks = () => {
        const found = this.frames.find(is);
        if (found) resolve(found);
        return found;
      };
      if (!looks()) this.#waiting.push(looks);
    });
  }

  call(id, method, params = {}) {
    this.send({ type: 'req', id, method, params });
    return this.until((frame) => frame.id === id);
  }

  leave() { this.#socket.destroy(); }

  static async connect(gateway, scopes = ['operator.admin']) {
    const client = new Client(gateway);
    const made = await client.call('0', 'connect', {
      minProtocol: 3, maxProtocol: 4, client: { id: 'gateway-client', version: '1', platform: 'test', mode: 'backend' }, role: 'operator', scopes,
    });
    assert.equal(made.ok, true, JSON.stringify(made));
    return [client, made.payload];
  }
}

function open(t, options) {
  // Whoever comes may do what they ask for: with no scopes of its own the program grants all.
  const gateway = new Gateway({ config, auth: () => true, ...options });
  t.after(() => gateway.close());
  return gateway;
}

test('a method of the program', async (t) => {
  const gateway = open(t);
  let told;
  const schema = { type: 'object', properties: { lamp: { type: 'string' } }, required: ['lamp'] };
  gateway.method('lights.set', { scope: 'operator.write', schema }, async ({ lamp }, call) => {
    told = call;
    return { lamp, on: true };
  });
  gateway.method('lights.nothing', {}, () => {});
  const [client, hello] = await Client.connect(gateway);
  assert.ok(hello.features.methods.includes('lights.set'));
  assert.deepEqual((await client.call('1', 'lights.set', { lamp: 'hall' })).payload, { lamp: 'hall', on: true });
  assert.equal(told.method, 'lights.set');
  assert.equal(told.caller.client, 'gateway-client');
  assert.equal(typeof told.client, 'bigint');
  assert.deepEqual((await client.call('2', 'lights.nothing')).payload, {});
  const refused = await client.call('3', 'lights.set', { lamp: 7 });
  assert.deepEqual([refused.ok, refused.error.code], [false, 'INVALID_REQUEST']);
});

test('a method that fails', async (t) => {
  const lines = [];
  const gateway = open(t, { log: (...line) => lines.push(line) });
  gateway.method('told', {}, async () => {
    throw Object.assign(new Error('no such lamp'), { expose: true, code: 'NOT_FOUND', details: { lamp: 'x' } });
  });
  gateway.method('kept', {}, async () => { throw new Error('the key is sk-1'); });
  const [client] = await Client.connect(gateway);
  const { ok, error } = await client.call('1', 'told');
  assert.deepEqual([ok, error.code, error.message, error.details.lamp], [false, 'NOT_FOUND', 'no such lamp', 'x']);
  const kept = await client.call('2', 'kept');
  assert.equal(kept.error.code, 'UNAVAILABLE');
  assert.ok(!JSON.stringify(kept).includes('sk-1'));
  assert.deepEqual(lines.at(-1), ['error', 'method kept failed: the key is sk-1']);
});

test('a caller that leaves aborts its call', async (t) => {
  const gateway = open(t);
  let begun;
  const started = new Promise((resolve) => (begun = resolve));
  const gone = new Promise((resolve) => {
    gateway.method('slow', {}, (_, { signal }) => {
      signal.addEventListener('abort', () => resolve(signal.reason.code));
      begun();
      return new Promise(() => {});
    });
  });
  const [client] = await Client.connect(gateway);
  client.call('1', 'slow');
  await started;
  client.leave();
  assert.equal(await gone, 'GW_ERR_CANCELLED');
});

test('events of the program', async (t) => {
  const gateway = open(t);
  gateway.addEvent('lights.changed').addEvent('lights.private', { scope: 'operator.admin', mayDrop: true });
  gateway.method('whoami', {}, (_, { client }) => {
    gateway.emit('lights.private', { only: 'you' }, { client });
    return {};
  });
  const [[one, hello], [other]] = await Promise.all([Client.connect(gateway), Client.connect(gateway)]);
  assert.ok(hello.features.events.includes('lights.changed'));
  gateway.emit('lights.changed', { lamp: 'hall' });
  for (const client of [one, other]) assert.deepEqual((await client.until(({ event }) => event === 'lights.changed')).payload, { lamp: 'hall' });
  await one.call('1', 'whoami');
  await one.until(({ event }) => event === 'lights.private');
  assert.ok(!other.frames.some(({ event }) => event === 'lights.private'));
  assert.throws(() => gateway.emit('nobody.knows'), { code: 'GW_ERR_ARGUMENT' });
  assert.throws(() => gateway.addEvent('lights.changed'), { code: 'GW_ERR_ARGUMENT' });
});

test('what cannot be added', (t) => {
  const gateway = open(t);
  const nothing = () => {};
  for (const [name, options, code] of [['health', {}, 'GW_ERR_ARGUMENT'], ['two words', {}, 'GW_ERR_ARGUMENT'], ['mine', { scope: 'everything' }, 'GW_ERR_ARGUMENT'], ['mine', { schema: [] }, 'GW_ERR_DATA']]) {
    assert.throws(() => gateway.method(name, options, nothing), { code }, name);
  }
  assert.throws(() => gateway.method('mine', {}), TypeError);
});
