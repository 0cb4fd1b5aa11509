// What a gateway asks its host to do, each service by itself.
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gateway } from 'libgateway';
import { Status } from '../lib/constants.js';
import { datagram, resolve, spawn, watch } from '../lib/services.js';

const ask = (service, question) => new Promise((resolve) => service(question, (status, said = {}) => resolve([status, said])));

test('names are looked up', async () => {
  const [status, { addresses }] = await ask(resolve, { host: 'localhost' });
  assert.equal(status, Status.OK);
  assert.ok(addresses.includes('127.0.0.1') || addresses.includes('::1'), `${addresses}`);
  assert.equal((await ask(resolve, { host: 'nowhere.invalid' }))[0], Status.RESOLVE);
});

test('programs run', async () => {
  const [status, { exitCode, data }] = await ask(spawn, { argv: ['sh', '-c', 'tr a-z A-Z; exit 3'], data: Buffer.from('hei') });
  assert.deepEqual([status, exitCode, data.toString()], [Status.OK, 3, 'HEI']);
  process.env.OPENAI_API_KEY = 'not-for-programs';
  const [, { data: variables }] = await ask(spawn, { argv: ['sh', '-c', 'echo $A${OPENAI_API_KEY-none}'], env: ['A=x=y '] });
  delete process.env.OPENAI_API_KEY;
  assert.equal(variables.toString(), 'x=y none\n');
  assert.equal((await ask(spawn, { argv: ['/nowhere/program'] }))[0], Status.IO);
  assert.equal((await ask(spawn, { argv: ['sleep', '20'], timeoutMs: 50 }))[0], Status.TIMEOUT);
  assert.equal((await ask(spawn, { argv: ['sh', '-c', 'while :; do echo x; done'], outputBytesMax: 1000 }))[0], Status.LIMIT);
  assert.equal((await ask(spawn, { argv: ['true'], data: Buffer.alloc(1 << 20) }))[0], Status.OK);
  const stopped = new Promise((resolve) => {
    const { stop } = spawn({ argv: ['sleep', '20'] }, resolve);
    stop();
  });
  assert.equal(await stopped, Status.IO);
});

test('files are watched, also when they are replaced', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'watch-'));
  const file = path.join(folder, 'a.json');
  writeFileSync(file, '1');
  const awake = setInterval(() => {}, 1000); // a watch does not keep a program alive
  let changes = 0;
  let told;
  const { stop } = watch({ host: file }, (status, { open }) => {
    assert.deepEqual([status, open], [Status.OK, true]);
    changes++;
    told?.();
  });
  const next = () => new Promise((resolve) => (told = resolve));
  for (const change of [() => writeFileSync(file, '2'), () => { writeFileSync(`${file}.new`, '3'); renameSync(`${file}.new`, file); }]) {
    const changed = next();
    await sleep(40);
    change();
    await changed;
  }
  writeFileSync(path.join(folder, 'other.json'), '1');
  const before = changes;
  await sleep(60);
  assert.ok(changes <= before + 1);
  stop();
  clearInterval(awake);
  assert.equal((await ask(watch, { host: '/nowhere/at/all' }))[0], Status.IO);
  rmSync(folder, { recursive: true });
});

test('datagrams', async () => {
  const got = [];
  let told;
  const job = datagram({ host: '127.0.0.1' }, (status, said) => told?.([status, said]) ?? got.push(said));
  const { port } = (await new Promise((resolve) => (told = resolve)))[1];
  const peer = dgram.createSocket('udp4');
  await once(peer.bind(0, '127.0.0.1'), 'listening');
  const came = new Promise((resolve) => (told = resolve));
  peer.send('hei', port, '127.0.0.1');
  const [, { data, addresses, port: from }] = await came;
  assert.deepEqual([data.toString(), addresses, from], ['hei', ['127.0.0.1'], peer.address().port]);
  const answered = once(peer, 'message');
  job.send({ host: '127.0.0.1', port: from, data: Buffer.from('hallo') });
  assert.equal((await answered)[0].toString(), 'hallo');
  job.stop();
  peer.close();
  assert.equal((await ask(datagram, { host: '192.0.2.1' }))[0], Status.IO); // an address of somebody else
});

test('the ports of the configuration', async () => {
  const gateway = new Gateway({ config: { gateway: { auth: { mode: 'none' } } }, ports: { port: 0 } });
  const { url } = await gateway.ready;
  assert.equal((await fetch(`${url}/healthz`, { headers: { connection: 'close' } })).status, 200);
  await gateway.close();
  await assert.rejects(fetch(`${url}/healthz`));
});
