// What a gateway asks its host to do, each service by itself.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
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

// What a program has written, and how it ended.
const run = (question, started = () => {}) => new Promise((resolve) => {
  const pieces = [];
  started(spawn(question, (status, { data, exitCode, open = false } = {}) => {
    if (data) pieces.push(data);
    if (!open) resolve({ status, exitCode, output: Buffer.concat(pieces).toString() });
  }));
});

test('programs run', async () => {
  const much = 'x'.repeat(1 << 20);
  assert.deepEqual(await run({ argv: ['sh', '-c', 'tr a-z A-Z; exit 3'], data: Buffer.from('hei') }), { status: Status.OK, exitCode: 3, output: 'HEI' });
  assert.deepEqual(await run({ argv: ['cat'], data: Buffer.from(much) }), { status: Status.OK, exitCode: 0, output: much });
  process.env.OPENAI_API_KEY = 'not-for-programs';
  const { output } = await run({ argv: ['sh', '-c', 'echo $A${OPENAI_API_KEY-none}'], env: ['A=x=y '] });
  delete process.env.OPENAI_API_KEY;
  assert.equal(output, 'x=y none\n');
  assert.equal((await run({ argv: ['/nowhere/program'] })).status, Status.IO);
  assert.equal((await run({ argv: ['true'], data: Buffer.from(much) })).status, Status.OK);
  assert.equal((await run({ argv: ['sh', '-c', 'sleep 20 & wait'] }, ({ stop }) => stop())).exitCode, 137); // its child, too, holds the pipe
});

test('the gateway counts what a program writes, and the time it takes', async () => {
  const state = mkdtempSync(path.join(tmpdir(), 'state-'));
  writeFileSync(path.join(state, 'exec-approvals.json'), JSON.stringify({ version: 1, agents: { main: { allowlist: [{ pattern: '*' }] } } }));
  const config = { gateway: { auth: { mode: 'none' }, tools: { allow: ['exec'] } }, tools: { exec: { host: 'gateway' } } };
  const gateway = new Gateway({ config, state, services: ['spawn'] });
  const exec = async (args) => {
    const answer = await gateway.fetch('/tools/invoke', { method: 'POST', body: JSON.stringify({ tool: 'exec', args }) });
    const { result, error } = await answer.json();
    return error?.message ?? result.content[0].text;
  };
  assert.equal(await exec({ command: 'echo one; echo two' }), 'one\ntwo\n');
  assert.match(await exec({ command: 'yes' }), /^(y\n){102400}\(stopped: it wrote more than 200 KiB\)$/);
  assert.equal(await exec({ command: 'echo begun; sleep 20', timeoutMs: 200 }), 'begun\n(stopped: it took too long)');
  await gateway.close();
  rmSync(state, { recursive: true });
});

test('what happens in a directory is told', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'watch-'));
  const file = path.join(folder, 'a.json');
  writeFileSync(file, '1');
  const awake = setInterval(() => {}, 1000); // a watch does not keep a program alive
  let told;
  const { stop } = watch({ data: Buffer.from(folder) }, (status, { open }) => {
    assert.deepEqual([status, open], [Status.OK, true]);
    told?.();
  });
  const next = () => new Promise((resolve) => (told = resolve));
  for (const change of [() => writeFileSync(file, '2'), () => { writeFileSync(`${file}.new`, '3'); renameSync(`${file}.new`, file); }]) {
    await sleep(40);
    const changed = next();
    change();
    await changed;
  }
  stop();
  assert.equal((await ask(watch, { data: Buffer.from('/nowhere/at/all') }))[0], Status.IO);

  // Of what is told the gateway finds out what was a change.
  writeFileSync(file, "{gateway:{auth:{mode:'none'}},agents:{list:[{id:'a'}]}}");
  const lines = [];
  const gateway = new Gateway({ path: file, services: ['watch'], log: (_, line) => lines.push(line) });
  await sleep(100);
  writeFileSync(path.join(folder, 'other.json'), '1');
  writeFileSync(`${file}.new`, "{gateway:{auth:{mode:'none'}},agents:{list:[{id:'bb'}]}}");
  renameSync(`${file}.new`, file);
  for (let i = 0; i < 200 && !lines.some((line) => line.startsWith('the configuration changed: agents.list')); i++) await sleep(50);
  await gateway.close();
  clearInterval(awake);
  assert.ok(lines.some((line) => line.startsWith('the configuration changed: agents.list')), lines.join('\n'));
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

// In a network of its own, which is one loopback device: nothing leaves the machine.
const network = 'ip link set lo up && ip link set lo multicast on && ip addr add 10.1.2.3/32 dev lo && ip route add 224.0.0.0/4 dev lo src 10.1.2.3';

test('a group shares its port, and hears what is said to it', (t) => {
  const inside = (command, ...more) => spawnSync('unshare', ['-rn', 'sh', '-c', `${network} && ${command}`, ...more], { encoding: 'utf8' });
  if (inside('true').status !== 0) return t.skip('no network namespace can be made here');
  const script = `
    import { datagram } from ${JSON.stringify(new URL('../lib/services.js', import.meta.url))};
    const open = (question, heard) => new Promise((resolve) => {
      const job = datagram(question, (status, said = {}) => (said.data ? heard(said) : resolve({ job, status, ...said })));
    });
    const question = { host: '0.0.0.0', data: Buffer.from('224.0.0.251') };
    let hear;
    const heard = new Promise((resolve) => (hear = resolve));
    const first = await open(question, hear);
    const second = await open({ ...question, port: first.port }, () => {});
    first.job.send({ host: '224.0.0.251', port: first.port, data: Buffer.from('hei') });
    const { data, addresses } = await heard;
    const refused = await open({ ...question, data: Buffer.from('127.0.0.1') });
    console.log(second.status, data.toString(), ...addresses, refused.status);
    first.job.stop();
    second.job.stop();`;
  const { stdout, stderr } = inside('exec "$0" --input-type=module -e "$1"', process.execPath, script);
  assert.equal(stdout, `${Status.OK} hei 10.1.2.3 ${Status.IO}\n`, stderr);
});

test('the ports of the configuration', async () => {
  const gateway = new Gateway({ config: { gateway: { auth: { mode: 'none' } } }, ports: { port: 0 } });
  const { url } = await gateway.ready;
  assert.equal((await fetch(`${url}/healthz`, { headers: { connection: 'close' } })).status, 200);
  await gateway.close();
  await assert.rejects(fetch(`${url}/healthz`));
});
