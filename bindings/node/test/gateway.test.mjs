// The package as a program uses it: real sockets on loopback, the built-in agent and a small provider.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Gateway, GatewayError, SseDecoder, version } from 'libgateway';

const chat = '/v1/chat/completions';

function config(providerPort, host = 'localhost') {
  return {
    gateway: { auth: { mode: 'token', token: 'secret' }, http: { endpoints: { chatCompletions: { enabled: true } } } },
    ...(providerPort && {
      models: { providers: { mock: { baseUrl: `http://${host}:${providerPort}/v1`, models: [{ id: 'test' }] } } },
      agents: { defaults: { model: 'mock/test' } },
    }),
  };
}

async function run(options, body) {
  const gateway = new Gateway(options);
  try {
    await body(gateway, `http://127.0.0.1:${(await gateway.listen(0)).address().port}`);
  } finally {
    await gateway[Symbol.asyncDispose]();
  }
}

const ask = (url, { token = 'secret', stream = true, text = 'one two three', signal, connection = 'close' } = {}) =>
  fetch(url + chat, {
    method: 'POST',
    signal,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', connection },
    body: JSON.stringify({ model: 'openclaw', stream, messages: [{ role: 'user', content: text }] }),
  });

async function content(response) {
  let text = '';
  let last;
  for await (const { data } of SseDecoder.events(response.body)) {
    last = data;
    if (data !== '[DONE]') text += JSON.parse(data).choices[0].delta.content ?? '';
  }
  assert.equal(last, '[DONE]');
  return text;
}

// An upstream that streams `pieces`, then ends, or waits until the gateway gives up: `left`.
async function provider(t, pieces, { end = true } = {}) {
  let leave;
  const left = new Promise((resolve) => (leave = resolve));
  const server = http.createServer(async (request, response) => {
    response.on('close', () => leave(true));
    for await (const _ of request);
    response.writeHead(200, { 'content-type': 'text/event-stream', connection: 'close' });
    for (const piece of pieces) {
      const chunk = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: piece } }] })}\n\n`;
      if (!response.write(chunk)) await once(response, 'drain');
    }
    if (end) response.end('data: [DONE]\n\n');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const close = () => new Promise((done) => server.close(done).closeAllConnections());
  t.after(close);
  return { port: server.address().port, left, close };
}

test('streams an answer of the built-in agent', () =>
  run({ config: config() }, async (gateway, url) => {
    const response = await ask(url);
    assert.equal(response.status, 200);
    assert.match(await content(response), /^You said: one two three/);
    const whole = await (await ask(url, { stream: false })).json();
    assert.match(whole.choices[0].message.content, /^You said: one two three/);
    assert.equal(gateway.stats.streams_total, 1);
  }));

test('an answer comes word by word', () =>
  run({ config: config() }, async (_, url) => {
    let pieces = 0;
    for await (const _piece of (await ask(url, { text: 'a b c d e f' })).body) pieces++;
    assert.ok(pieces > 3, `${pieces}`);
  }));

test('a wrong token gets 401', () =>
  run({ config: config() }, async (gateway, url) => {
    const response = await ask(url, { token: 'wrong' });
    assert.equal(response.status, 401);
    assert.ok((await response.json()).error);
    assert.equal(gateway.stats.refused_total, 1);
  }));

test('a provider is looked up and dialled', async (t) => {
  const upstream = await provider(t, ['Hel', 'lo']);
  await run({ config: config(upstream.port) }, async (gateway, url) => {
    assert.equal(await content(await ask(url)), 'Hello');
    assert.equal(gateway.stats.upstream_requests_total, 1);
  });
});

test('a provider that is not there is an error of the upstream', async (t) => {
  const gone = await provider(t, []);
  await gone.close();
  for (const host of ['localhost', '127.0.0.1', 'nowhere.invalid']) {
    const lines = [];
    await run({ config: config(gone.port, host), log: (...line) => lines.push(line) }, async (_, url) => {
      const response = await ask(url);
      assert.ok([502, 503].includes(response.status), `${host}: ${response.status}`);
      assert.ok((await response.json()).error);
      assert.ok(lines.some(([, text]) => text.includes('provider mock')), String(lines));
    });
  }
});

test('an aborted fetch ends the call of the provider', async (t) => {
  const upstream = await provider(t, ['Hello'], { end: false });
  await run({ config: config(upstream.port) }, async (gateway, url) => {
    const abort = new AbortController();
    const response = await ask(url, { signal: abort.signal });
    await response.body.getReader().read();
    abort.abort();
    assert.equal(await upstream.left, true);
    assert.equal(gateway.stats.upstream_cancelled_total, 1);
  });
});

test('a slow client slows the provider down', async (t) => {
  const upstream = await provider(t, Array(512).fill('x'.repeat(16384)));
  await run({ config: config(upstream.port) }, async (gateway, url) => {
    const [response] = await once(
      http.request(url + chat, { method: 'POST', agent: false, headers: { authorization: 'Bearer secret' } })
        .end(JSON.stringify({ model: 'openclaw', stream: true, messages: [{ role: 'user', content: 'x' }] })),
      'response',
    );
    await sleep(300);
    const kept = gateway.stats.buffer_bytes;
    assert.ok(kept > 0 && kept < 1 << 20, `${kept}`);
    let size = 0;
    for await (const piece of response) size += piece.length;
    assert.ok(size > 512 * 16384);
  });
});

test('any Duplex will do', async () => {
  const gateway = new Gateway({ config: config() });
  let answered = '';
  const [here, there] = pair();
  gateway.serve(there);
  here.on('data', (bytes) => (answered += bytes));
  here.write('GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await once(here, 'end');
  assert.match(answered, /200 OK[^]*"ok":true/);
  here.end();
  await gateway.close();
});

function pair() {
  const half = () => new Duplex({ read() {}, write(bytes, _, done) { this.other.push(bytes); done(); }, final(done) { this.other.push(null); done(); } });
  const [a, b] = [half(), half()];
  a.other = b;
  b.other = a;
  return [a, b];
}

test('close lets an open answer finish', async () => {
  const gateway = new Gateway({ config: config() });
  const server = await gateway.listen(0);
  const response = await ask(`http://127.0.0.1:${server.address().port}`, { text: 'a b c' });
  const closed = gateway.close();
  assert.match(await content(response), /a b c/);
  await closed;
  await gateway.close(); // twice does nothing
});

test('drain_ms bounds the close', async (t) => {
  const upstream = await provider(t, ['Hello'], { end: false });
  const gateway = new Gateway({ config: config(upstream.port), limits: { drain_ms: 100 } });
  const server = await gateway.listen(0);
  // With `Connection: close`, fetch() takes any end for a good one.
  const response = await ask(`http://127.0.0.1:${server.address().port}`, { connection: 'keep-alive' });
  await gateway.close();
  await assert.rejects(response.text());
});

test('many connections at once', () =>
  run({ config: config() }, async (gateway, url) => {
    const answers = await Promise.all(Array.from({ length: 50 }, async (_, i) => (await ask(url, { text: `number ${i}`, stream: i % 2 === 0 })).text()));
    answers.forEach((answer, i) => assert.ok(answer.includes(`${i}`)));
    assert.equal(gateway.stats.conns_total, 50);
  }));

test('a client that resets while it is answered', () =>
  run({ config: config() }, async (gateway, url) => {
    for (let i = 0; i < 20; i++) {
      const socket = net.connect(new URL(url).port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(`GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n`, () => socket.resetAndDestroy());
      await once(socket, 'close');
    }
    assert.equal((await fetch(`${url}/healthz`, { headers: { connection: 'close' } })).status, 200);
    assert.ok(gateway.stats.conns_open <= 1);
  }));

test('errors have a code and a kind', () => {
  const error = (options) => {
    try {
      new Gateway(options);
    } catch (caught) {
      assert.ok(caught instanceof GatewayError);
      return caught;
    }
    return assert.fail('nothing was thrown');
  };
  const config = error({ config: '{gateway:{prot:1}}' });
  assert.deepEqual([config.code, config.kind], ['GW_ERR_CONFIG', 'caller']);
  assert.match(config.message, /did you mean "port"/);
  const file = error({ path: '/nowhere/openclaw.json' });
  assert.deepEqual([file.code, file.kind], ['GW_ERR_IO', 'resource']);
  assert.equal(error({ limits: { nonsense: 1 } }).code, 'GW_ERR_ARGUMENT');
  assert.throws(() => new Gateway({ limits: { drain_ms: -1 } }), RangeError);
});

test('state outlives the gateway', async () => {
  const state = mkdtempSync(path.join(tmpdir(), 'gateway-'));
  for (let i = 0; i < 2; i++) await run({ config: config(), state }, async () => {});
  rmSync(state, { recursive: true });
});

test('gateways that nobody closes are collected', { skip: !globalThis.gc && 'needs --expose-gc' }, async () => {
  const refs = Array.from({ length: 20 }, () => new WeakRef(new Gateway({ config: config() })));
  for (let i = 0; i < 20 && refs.some((ref) => ref.deref()); i++) {
    await sleep(10);
    globalThis.gc();
  }
  assert.equal(refs.filter((ref) => ref.deref()).length, 0);
});

test('a worker has gateways of its own', async () => {
  const worker = new Worker(
    `import('libgateway').then(async ({ Gateway }) => {
       const gateway = new Gateway({ config: "{gateway:{auth:{mode:'none'}}}" });
       const { port } = (await gateway.listen(0)).address();
       const answer = await (await fetch('http://127.0.0.1:' + port + '/healthz', { headers: { connection: 'close' } })).json();
       require('node:worker_threads').parentPort.postMessage(answer);
       new Gateway();
       await gateway.close();
     })`,
    { eval: true },
  );
  const [answer] = await once(worker, 'message');
  assert.equal(answer.ok, true);
  assert.equal((await once(worker, 'exit'))[0], 0);
});

test('the version', () => assert.match(version, /^\d+\.\d+\.\d+$/));
