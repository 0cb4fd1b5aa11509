// Routes answered by async functions, and HTTP of this process without a socket.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gateway } from 'libgateway';

const authorization = 'Bearer secret';
const config = { gateway: { auth: { mode: 'token', token: 'secret' }, http: { endpoints: { chatCompletions: { enabled: true } } } } };

function open(t, options) {
  const gateway = new Gateway({ config, ...options });
  t.after(() => gateway.close());
  return gateway;
}

async function serve(t, listener) {
  const server = http.createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  t.after(() => new Promise((done) => server.close(done).closeAllConnections()));
  return server;
}

test('what the function of a route may give', async (t) => {
  async function* pieces() {
    yield 'one ';
    await sleep(5);
    yield Buffer.from('two');
  }
  const cases = {
    text: [() => 'hei', 200, 'hei', 'text/plain; charset=utf-8'],
    bytes: [() => Buffer.from('hei'), 200, 'hei', 'application/octet-stream'],
    response: [() => Response.json({ a: 1 }, { status: 201 }), 201, '{"a":1}', 'application/json'],
    object: [() => ({ status: 418, headers: { 'x-tea': 'yes' }, body: { pot: 1 } }), 418, '{"pot":1}', 'application/json'],
    stream: [() => ({ headers: { 'content-type': 'text/x' }, body: pieces() }), 200, 'one two', 'text/x'],
    nothing: [() => undefined, 204, '', null],
    web: [() => new Response(ReadableStream.from(pieces())), 200, 'one two', 'application/octet-stream'],
  };
  const gateway = open(t);
  for (const [name, [handler]] of Object.entries(cases)) gateway.route('GET', `/give/${name}`, async () => handler());
  for (const [name, [, status, body, type]] of Object.entries(cases)) {
    const response = await gateway.fetch(`/give/${name}`, { headers: { authorization } });
    assert.deepEqual([response.status, await response.text(), response.headers.get('content-type')], [status, body, type], name);
  }
});

test('what a request says', async (t) => {
  const gateway = open(t).route('POST', '/tools/:name', async (request) => ({
    body: [request.method, request.path, request.query.get('q'), request.param('name'), request.header('X-One'), request.header('x-none') ?? null, request.json().a, request.param('none') ?? null].join(),
  }));
  const response = await gateway.fetch('http://any.where/tools/a%2Fb?q=1%202', { method: 'POST', headers: { authorization, 'x-one': 'one' }, body: '{"a":7}' });
  assert.equal(await response.text(), 'POST,/tools/a%2Fb,1 2,a/b,one,,7,');
});

test('routes are behind the authentication, unless public', async (t) => {
  const gateway = open(t).route('GET', '/mine', () => 'mine').route('GET', '/everybody', () => 'hello', { public: true });
  assert.equal((await gateway.fetch('/mine')).status, 401);
  assert.equal(await (await gateway.fetch('/everybody')).text(), 'hello');
  assert.throws(() => gateway.route('GET', '/late', () => ''), { code: 'GW_ERR_STATE' });
  assert.throws(() => new Gateway({ config }).route('GET', 'bad', () => ''), { code: 'GW_ERR_ARGUMENT' });
  assert.throws(() => new Gateway({ config }).route('GET', '/x'), TypeError);
});

test('a body that is too long', async (t) => {
  const gateway = open(t).route('POST', '/small', () => 'read', { bodyBytesMax: 10 });
  assert.equal((await gateway.fetch('/small', { method: 'POST', headers: { authorization }, body: 'x'.repeat(11) })).status, 413);
  assert.equal((await gateway.fetch('/small', { method: 'POST', headers: { authorization }, body: 'x'.repeat(10) })).status, 200);
});

test('a function that throws is a 500 that tells nothing', async (t) => {
  const lines = [];
  const gateway = open(t, { log: (...line) => lines.push(line) });
  const fail = async () => { throw new Error('the database is at 10.0.0.7'); };
  const response = await gateway.route('GET', '/fail', fail).fetch('/fail', { headers: { authorization } });
  assert.equal(response.status, 500);
  assert.equal((await response.json()).error.message, 'internal error');
  assert.deepEqual(lines.at(-1), ['error', 'a route failed: the database is at 10.0.0.7']);
});

test('a stream that fails in the middle is not taken for a whole one', async (t) => {
  const lines = [];
  const gateway = open(t, { log: (...line) => lines.push(line) });
  gateway.route('GET', '/half', () => (async function* () {
    yield 'half';
    throw new Error('no more');
  })());
  await assert.rejects(async () => (await gateway.fetch('/half', { headers: { authorization } })).text());
  assert.deepEqual(lines.at(-1), ['error', 'a route failed: no more']);
  assert.equal((await gateway.fetch('/healthz')).status, 200);
});

test('a client that leaves aborts the signal', async (t) => {
  let told;
  const aborted = new Promise((resolve) => (told = resolve));
  const gateway = open(t).route('GET', '/slow', (request) => {
    request.signal.addEventListener('abort', () => told(request.signal.reason.code));
    return new Promise(() => {});
  });
  const abort = new AbortController();
  const fetching = gateway.fetch('/slow', { headers: { authorization }, signal: abort.signal });
  setTimeout(() => abort.abort(), 20);
  await assert.rejects(fetching, { name: 'AbortError' });
  assert.equal(await aborted, 'GW_ERR_CANCELLED');
});

test('a slow client slows the function down', async (t) => {
  let given = 0;
  async function* much() {
    for (; given < 400; given++) yield Buffer.alloc(16384);
  }
  const gateway = open(t).route('GET', '/much', () => ({ body: much() }));
  const { body } = await gateway.fetch('/much', { headers: { authorization } });
  await sleep(100);
  assert.ok(given < 100, `${given}`);
  let size = 0;
  for await (const piece of body) size += piece.length;
  assert.equal(size, 400 * 16384);
});

test('fetch streams, and can be aborted', async (t) => {
  const gateway = open(t);
  const ask = (signal) => gateway.fetch('/v1/chat/completions', {
    method: 'POST', signal, headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'openclaw', stream: true, messages: [{ role: 'user', content: 'a b c d' }] }),
  });
  assert.match(await (await ask()).text(), /data: \[DONE\]/);
  await assert.rejects(ask(AbortSignal.abort()), { name: 'AbortError' });
  const abort = new AbortController();
  const reader = (await ask(abort.signal)).body.getReader();
  await reader.read();
  abort.abort();
  await assert.rejects(async () => { while (!(await reader.read()).done); });
});

test('beside another server of the same process', async (t) => {
  const gateway = open(t).route('POST', '/echo', (request) => ({ headers: { 'x-two': '2' }, body: request.body }));
  const server = await serve(t, (request, response) => (request.url === '/mine' ? response.end('mine') : gateway.handle(request, response)));
  const url = `http://127.0.0.1:${server.address().port}`;
  assert.equal(await (await fetch(`${url}/mine`)).text(), 'mine');
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  assert.equal((await fetch(`${url}/v1/nowhere`, { headers: { authorization } })).status, 404);
  const large = 'x'.repeat(300_000);
  const echoed = await fetch(`${url}/echo`, { method: 'POST', headers: { authorization }, body: large });
  assert.deepEqual([echoed.headers.get('x-two'), await echoed.text()], ['2', large]);
  const streamed = await fetch(`${url}/echo`, { method: 'POST', headers: { authorization }, body: ReadableStream.from([Buffer.from('a'), Buffer.from('b')]), duplex: 'half' });
  assert.equal(await streamed.text(), 'ab');
});

test('an upgrade is taken over with its head', async (t) => {
  const gateway = open(t);
  const server = await serve(t, (_, response) => response.end());
  server.on('upgrade', (request, socket, head) => gateway.upgrade(request, socket, head));
  const socket = net.connect(server.address().port, '127.0.0.1');
  socket.end('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: nothing-known\r\n\r\n');
  let answer = '';
  for await (const piece of socket) answer += piece;
  assert.match(answer, /^HTTP\/1.1 200 OK\r\n/);
});
