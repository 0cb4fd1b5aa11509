// Nothing is kept of what is gone: connections, texts, requests, gateways. GATEWAY_TEST_CONNS says how many connections.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gateway, Inspector, Router, RuleSet, SseDecoder } from 'libgateway';

const connections = Number(process.env.GATEWAY_TEST_CONNS ?? 100_000);
const skip = !globalThis.gc && 'needs --expose-gc';
const config = { gateway: { auth: { mode: 'none' } } };
const MB = 1 << 20;
// What the process may grow by: allocators keep memory for reuse, a sanitizer what was freed, to notice when it is used.
const room = (process.env.ASAN_OPTIONS ? 256 : 8) * MB;

// How much the process grows over `count` turns, after as many as warm it up.
async function growth(count, turn) {
  const settle = async () => {
    for (let i = 0; i < 5; i++) {
      globalThis.gc();
      await sleep(5);
    }
    const { rss, heapTotal, heapUsed } = process.memoryUsage();
    return rss - (heapTotal - heapUsed); // pages that the collector keeps for more objects say nothing
  };
  for (let i = 0; i < count / 2; i++) await turn(i);
  const before = await settle();
  for (let i = 0; i < count; i++) await turn(i);
  return (await settle()) - before;
}

test(`${connections} connections, opened and dropped`, { skip }, async () => {
  const gateway = new Gateway({ config });
  const grown = await growth(connections, async (i) => {
    const client = gateway.connect();
    if (i % 3 > 0) client.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'); // some say nothing, some leave in the middle
    if (i % 3 === 2) await once(client, 'data');
    client.destroy();
    if (i % 50 === 0) await sleep(0);
  });
  for (let i = 0; i < 200 && gateway.stats.conns_open > 0; i++) await sleep(10);
  assert.equal(gateway.stats.conns_open, 0);
  assert.ok(gateway.stats.conns_total >= connections);
  assert.ok(gateway.stats.buffer_bytes < 65536, `${gateway.stats.buffer_bytes}`); // its own, of no connection
  await gateway.close();
  console.log(`${connections} connections: ${(grown / MB).toFixed(1)} MB more`);
  assert.ok(grown < room, `${grown / MB} MB more`);
});

test('texts that nobody ends', { skip }, async () => {
  const piece = Buffer.from('The key is AKIAZQ3 ');
  const grown = await growth(1500, (i) => {
    const inspector = new Inspector();
    inspector.feed(piece);
    if (i % 2) inspector.finish();
    return i % 100 === 0 ? sleep(0) : undefined;
  });
  assert.ok(grown < room, `${grown / MB} MB more`);
});

test('everything is collected', { skip }, async () => {
  const make = {
    gateway: () => new Gateway({ config }),
    inspector: () => new Inspector(),
    rules: () => new RuleSet({ files: { 'rules/x.yaml': 'version: 1\ncategory: x\nrules: []\n' }, defaultPack: false }),
    router: () => new Router().add('GET', '/a', {}),
    decoder: () => new SseDecoder(),
  };
  const refs = Object.entries(make).flatMap(([name, one]) => Array.from({ length: 10 }, () => [name, new WeakRef(one())]));
  for (let i = 0; i < 40 && refs.some(([, ref]) => ref.deref()); i++) {
    await sleep(5);
    globalThis.gc();
  }
  assert.deepEqual(refs.filter(([, ref]) => ref.deref()).map(([name]) => name), []);
});

test('a text outlives its rules', { skip }, async () => {
  let rules = new RuleSet({ profile: 'strict' });
  const inspector = new Inspector({ rules, direction: 'prompt' });
  const gone = new WeakRef(rules);
  rules = undefined;
  for (let i = 0; i < 40 && gone.deref(); i++) {
    await sleep(5);
    globalThis.gc();
  }
  assert.equal(gone.deref(), undefined);
  assert.match(inspector.feed('My CUIL is 20-92471509-0, so.') + inspector.finish(), /REDACTED/);
});
