// The published gateway client (npm @openclaw/gateway-client) in the ways in which people use it. What gatewayd sends
// passes a tap, where the published JSON schema looks at every frame. One part a run: PART.
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { startTap, schemaJudge } from './frame_tap.mjs';

const { GATEWAY, TOKEN, PASSWORD, PART, PACKAGES } = process.env;
const { GatewayClient } = await import(pathToFileURL(`${PACKAGES}node_modules/@openclaw/gateway-client/dist/index.mjs`));
const tap = await startTap(GATEWAY);
const clients = [];
const scopes = ['operator.admin', 'operator.read', 'operator.write', 'operator.approvals', 'operator.pairing'];

// A connected client with what it was told: `hello`, `events`, and next(), which waits for an event.
function connect(options = {}) {
  return new Promise((resolve, reject) => {
    const events = [];
    const waiting = new Set();
    const client = new GatewayClient({
      url: tap.url.replace('http', 'ws'), token: TOKEN, clientName: 'gateway-client', mode: 'backend', clientVersion: '1.0.0',
      platform: 'linux', minProtocol: 4, maxProtocol: 4, scopes, deviceIdentity: null, requestTimeoutMs: 15000, ...options,
      onEvent(event) {
        events.push(event);
        for (const wait of [...waiting]) wait();
      },
      onHelloOk: (hello) => resolve({ client, hello, events, next, call: (method, params, more) => client.request(method, params, more) }),
      onConnectError: (error) => { reject(error); client.stop(); },
      onClose: (code, reason) => reject(new Error(`closed ${code} ${reason}`)),
    });
    const next = (matches, what) => new Promise((found, failed) => {
      const timer = setTimeout(() => { waiting.delete(look); failed(new Error(`no ${what}; came: ${events.map((e) => e.event).join(' ')}`)); }, 15000);
      const look = () => {
        const event = events.find(matches);
        if (!event) return;
        clearTimeout(timer);
        waiting.delete(look);
        found(event);
      };
      waiting.add(look);
      look();
    });
    clients.push(client);
    client.start();
  });
}

const has = ({ hello }, ...methods) => methods.filter((method) => !hello.features.methods.includes(method));
const sessionKey = 'agent:main:main';
const textOf = (message) => (typeof message?.content === 'string' ? message.content : (message?.content ?? []).map((part) => part.text ?? '').join(''));

const parts = {
  async token() {
    const { hello, call } = await connect();
    assert.equal(hello.protocol, 4);
    assert.equal(hello.auth.role, 'operator');
    const health = await call('health');
    assert.equal(health.ok, true);
    assert.ok(hello.policy.maxPayload >= 26214400);
    await assert.rejects(call('nope'), /unknown method: nope/);
    await assert.rejects(connect({ token: 'wrong-token-0123456789' }), /unauthorized|token/i);
  },

  async password() {
    const { hello, call } = await connect({ token: undefined, password: PASSWORD });
    assert.equal(hello.type, 'hello-ok');
    assert.equal((await call('health')).ok, true);
    await assert.rejects(connect({ token: undefined, password: 'wrong-password' }), /unauthorized|password/i);
  },

  // A device of this machine is paired silently; its token then stands for the shared secret.
  async device() {
    const mode = 'ui';  // a backend with the shared secret on this machine needs no pairing, and gets no token
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
    const deviceIdentity = {
      deviceId: createHash('sha256').update(raw).digest('hex'),
      publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }),
      privateKeyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    };
    const kept = new Map();
    const slot = ({ deviceId, role }) => `${deviceId} ${role}`;
    const hostDeps = {
      signDevicePayload: (key, payload) => sign(null, Buffer.from(payload), key).toString('base64url'),
      publicKeyRawBase64UrlFromPem: () => raw.toString('base64url'),
      loadDeviceAuthToken: (about) => kept.get(slot(about)) ?? null,
      storeDeviceAuthToken: (about) => kept.set(slot(about), { token: about.token, role: about.role, scopes: about.scopes ?? [] }),
      clearDeviceAuthToken: (about) => kept.delete(slot(about)),
    };
    const first = await connect({ mode, deviceIdentity, hostDeps });
    assert.ok(first.hello.auth.deviceToken, 'a device token in hello-ok');
    first.client.stop();
    const second = await connect({ mode, deviceIdentity, hostDeps, token: undefined, deviceToken: first.hello.auth.deviceToken });
    assert.equal((await second.call('health')).ok, true);
    const paired = await second.call('device.pair.list', {});
    assert.ok(paired.paired.some((device) => device.deviceId === deviceIdentity.deviceId), 'the device is in the list');
  },

  async chat() {
    const session = await connect({ caps: ['tool-events'] });
    const missing = has(session, 'chat.send', 'chat.history', 'chat.abort');
    if (missing.length) return `not in hello-ok: ${missing.join(', ')}`;
    const { call, next, events } = session;
    const idempotencyKey = randomUUID();
    const sent = await call('chat.send', { sessionKey, message: 'one two three', idempotencyKey });
    assert.equal(sent.runId, idempotencyKey);
    assert.ok(['started', 'in_flight', 'ok'].includes(sent.status), sent.status);
    const final = await next((e) => e.event === 'chat' && e.payload.runId === sent.runId && e.payload.state !== 'delta', 'final chat event');
    assert.equal(final.payload.state, 'final');
    assert.ok(textOf(final.payload.message).length > 0, 'the final event has the text');
    const deltas = events.filter((e) => e.event === 'chat' && e.payload.runId === sent.runId && e.payload.state === 'delta');
    for (const delta of deltas) assert.ok(textOf(final.payload.message).startsWith(textOf(delta.payload.message)), 'a delta is a beginning of the text');

    const again = await call('chat.send', { sessionKey, message: 'one two three', idempotencyKey });
    assert.equal(again.runId, idempotencyKey);
    const history = await call('chat.history', { sessionKey, limit: 50 });
    const roles = history.messages.map((message) => message.role);
    assert.deepEqual(roles, ['user', 'assistant']);
    assert.equal(textOf(history.messages[0]).includes('one two three'), true);
    assert.equal(textOf(history.messages[1]), textOf(final.payload.message));

    // A run that is stopped in the middle ends as aborted.
    const slow = randomUUID();
    await call('chat.send', { sessionKey, message: Array.from({ length: 400 }, (_, i) => `word${i}`).join(' '), idempotencyKey: slow });
    const aborted = await call('chat.abort', { sessionKey, runId: slow });
    if (aborted.aborted) {
      const end = await next((e) => e.event === 'chat' && e.payload.runId === slow && e.payload.state !== 'delta', 'end of the stopped run');
      assert.equal(end.payload.state, 'aborted');
    }
    const stranger = await connect({ scopes: ['operator.read'] });
    await assert.rejects(stranger.call('chat.send', { sessionKey, message: 'x', idempotencyKey: randomUUID() }), /missing scope/);
  },

  async sessions() {
    const session = await connect();
    const missing = has(session, 'sessions.list', 'sessions.patch', 'chat.send');
    if (missing.length) return `not in hello-ok: ${missing.join(', ')}`;
    const { call, next } = session;
    const key = `agent:main:interop-${randomUUID().slice(0, 8)}`;
    const runId = randomUUID();
    await call('chat.send', { sessionKey: key, message: 'hello', idempotencyKey: runId });
    await next((e) => e.event === 'chat' && e.payload.runId === runId && e.payload.state === 'final', 'final');
    const listed = await call('sessions.list', { includeGlobal: true, includeUnknown: true });
    assert.ok(listed.sessions.some((row) => row.key === key), 'the new session is in the list');
    const patched = await call('sessions.patch', { key, label: 'Interop' });
    assert.equal(patched.ok, true);
    const after = await call('sessions.list', {});
    assert.equal(after.sessions.find((row) => row.key === key).label, 'Interop');
    await assert.rejects(call('sessions.patch', { key, nope: 1 }), /unexpected property|nope/);
    if (!has(session, 'sessions.delete').length) {
      await call('sessions.delete', { key });
      assert.ok(!(await call('sessions.list', {})).sessions.some((row) => row.key === key), 'deleted');
    }
  },

  // Everything that hello-ok lists is called without params: the answer, or the refusal, fits the schema. Methods that
  // stop the gateway or its client are left out.
  async schema() {
    const { hello, call } = await connect();
    const left_out = /^(connect|config\.(set|apply|patch|reload)|gateway\.restart.*|update\..*|sessions\.(delete|reset)|shutdown)$/;
    const judge = schemaJudge();
    const judged = [];
    for (const method of hello.features.methods) {
      if (left_out.test(method)) continue;
      try {
        await call(method, {}, { timeoutMs: 3000 });
        if (judge.defines(judge.resultName(method))) judged.push(method);
      } catch (error) {
        assert.ok(!/unknown method/.test(error.message), `${method} is listed and unknown`);
      }
    }
    return `results with a schema: ${judged.join(', ') || 'none'}`;
  },
};

let note;
try {
  note = await parts[PART]();
} finally {
  for (const client of clients) client.stop();
  tap.close();
}
console.log(`${PART}: ${note ?? 'fine'}`);
console.log(`seen: ${[...tap.counted].map(([name, count]) => `${name} ${count}`).join(', ')}`);
assert.deepEqual([...tap.problems], [], 'what the published schema refuses');
process.exit(0);
