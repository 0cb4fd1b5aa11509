// Tools that the program runs.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gateway } from 'libgateway';

const config = { gateway: { auth: { mode: 'none' } } };

function open(t, options) {
  const gateway = new Gateway({ config, ...options });
  t.after(() => gateway.close());
  return gateway;
}

const post = (gateway, path, body, more) => gateway.fetch(path, { method: 'POST', body: JSON.stringify(body), ...more });
const invoke = (gateway, tool, args, more) => post(gateway, '/tools/invoke', { tool, args }, more);

test('what a tool may give', async (t) => {
  const gateway = open(t);
  const cases = {
    text: [async () => 'plain', { content: [{ type: 'text', text: 'plain' }] }],
    sync: [({ a }) => `${a}${a}`, { content: [{ type: 'text', text: 'xyxy' }] }],
    json: [async ({ a }) => ({ a }), { content: [{ type: 'text', text: '{"a":"xy"}' }], details: { a: 'xy' } }],
    list: [async () => [1, 2], { content: [{ type: 'text', text: '[1,2]' }], details: [1, 2] }],
    nothing: [async () => {}, { content: [{ type: 'text', text: '' }] }],
    generator: [async function* () { yield 'half'; return 'whole'; }, { content: [{ type: 'text', text: 'whole' }] }],
  };
  for (const [name, [tool]] of Object.entries(cases)) gateway.tool(name, {}, tool);
  for (const [name, [, want]] of Object.entries(cases)) {
    const answer = await (await invoke(gateway, name, { a: 'xy' })).json();
    assert.deepEqual(answer, { ok: true, result: want }, name);
  }
});

test('what a tool is told, and what it says while it works', async (t) => {
  const gateway = open(t);
  let told;
  gateway.tool('watched', { schema: '{"type":"object"}' }, async function* (args, run) {
    told = { args, tool: run.tool, agent: run.agent, session: run.session };
    run.progress('first');
    yield 'second';
    await sleep(1);
    yield 'third';
    return 'end';
  });
  const body = { tool: 'watched', args: { q: 1 }, sessionKey: 's1' };
  const text = await (await post(gateway, '/tools/invoke', body, { headers: { accept: 'text/event-stream' } })).text();
  assert.deepEqual(told, { args: { q: 1 }, tool: 'watched', agent: 'main', session: 'agent:main:s1' });
  const said = [...text.matchAll(/event: progress\ndata: {"text":"(\w+)"}/g)].map(([, word]) => word);
  assert.deepEqual(said, ['first', 'second', 'third']);
  assert.match(text, /event: result\ndata: {"ok":true,"result":{"content":\[{"type":"text","text":"end"}\]}}/);
});

test('a tool that fails', async (t) => {
  const lines = [];
  const gateway = open(t, { log: (...line) => lines.push(line) });
  gateway.tool('secret', {}, async () => { throw new Error('the key is sk-1'); });
  gateway.tool('open', {}, async () => { throw Object.assign(new Error('no such article'), { expose: true }); });
  gateway.tool('broken', {}, async function* () { yield 'half'; throw new Error('broken'); });
  const cyclic = {};
  cyclic.own = cyclic;
  gateway.tool('cyclic', {}, async () => cyclic);
  for (const name of ['secret', 'broken', 'cyclic']) {
    const answer = await invoke(gateway, name);
    assert.equal(answer.status, 500, name);
    assert.ok(!(await answer.text()).includes('sk-1'));
  }
  assert.deepEqual(lines.find(([, line]) => line.includes('sk-1')), ['error', 'tool secret failed: the key is sk-1']);
  const answer = await invoke(gateway, 'open');
  assert.equal(answer.status, 400);
  assert.equal((await answer.json()).error.message, 'no such article');
});

test('a client that leaves aborts its call', async (t) => {
  const gateway = open(t);
  let begun, left;
  const started = new Promise((resolve) => (begun = resolve));
  const gone = new Promise((resolve) => (left = resolve));
  gateway.tool('slow', {}, async function* (_, { signal }) {
    try {
      begun();
      await sleep(60_000, undefined, { signal });
    } finally {
      left(signal.reason.code);
    }
  });
  const abort = new AbortController();
  const asked = invoke(gateway, 'slow', {}, { signal: abort.signal });
  await started;
  abort.abort();
  await assert.rejects(asked, { name: 'AbortError' });
  assert.equal(await gone, 'GW_ERR_CANCELLED');
});

test('an agent calls a tool of the program', async (t) => {
  const gateway = open(t);
  gateway.tool('double', { description: 'Twice.', schema: { type: 'object', properties: { n: { type: 'number' } } } }, async ({ n }) => ({ n: 2 * n }));
  gateway.agent('main', async function* (run) {
    const { role, content } = run.messages.at(-1);
    if (role === 'tool') return yield `it is ${content}`;
    const { description } = run.request.tools.find((tool) => tool.function.name === 'double').function;
    assert.equal(description, 'Twice.');
    yield { toolCall: { name: 'double', arguments: { n: 21 } } };
  });
  const answer = await (await post(gateway, '/api/chat', { message: 'hei' })).text();
  assert.ok(answer.includes('it is {\\"n\\":42}'), answer);
});

test('what cannot be offered', (t) => {
  const gateway = open(t);
  const nothing = () => {};
  gateway.tool('mine', {}, nothing);
  for (const [name, options, code] of [['mine', {}, 'GW_ERR_ARGUMENT'], ['two words', {}, 'GW_ERR_ARGUMENT'], ['list', { schema: [] }, 'GW_ERR_DATA'], ['long', { description: 'x'.repeat(70_000) }, 'GW_ERR_LIMIT']]) {
    assert.throws(() => gateway.tool(name, options, nothing), { code }, name);
  }
  assert.throws(() => gateway.tool('other', {}), TypeError);
});
