// Agents that the program answers for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gateway } from 'libgateway';

const config = { gateway: { auth: { mode: 'none' }, http: { endpoints: { chatCompletions: { enabled: true } } } } };

function open(t, agent, options) {
  const gateway = new Gateway({ config, ...options }).agent('main', agent);
  t.after(() => gateway.close());
  return gateway;
}

const ask = (gateway, more, signal) => gateway.fetch('/v1/chat/completions', {
  method: 'POST', signal, body: JSON.stringify({ model: 'openclaw', messages: [{ role: 'user', content: 'hei' }], ...more }),
});
const message = async (gateway, more) => (await (await ask(gateway, more)).json()).choices[0];

test('what an agent may give', async (t) => {
  async function* generator(run) {
    yield 'You said ';
    yield Buffer.from(`${run.messages.at(-1).content} to `);
    yield { text: run.agent };
  }
  for (const [agent, want] of [[generator, 'You said hei to main'], [async () => 'whole', 'whole'], [async () => ['a', 'b'].values(), 'ab'], [() => ({ text: 'one' }), 'one']]) {
    assert.equal((await message(open(t, agent))).message.content, want);
  }
});

test('pieces come as they are made', async (t) => {
  let goOn;
  const waits = new Promise((resolve) => (goOn = resolve));
  const gateway = open(t, async function* () {
    yield 'first';
    await waits;
    yield 'second';
  });
  const reader = (await ask(gateway, { stream: true })).body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('first')) text += (await reader.read()).value;
  assert.ok(!text.includes('second'));
  goOn();
  for (let piece; !(piece = await reader.read()).done; ) text += piece.value;
  assert.match(text, /second[^]*\[DONE\]/);
});

test('characters that are cut between pieces', async (t) => {
  const bytes = Buffer.from('Å, 山, 🏔️');
  const { message: { content } } = await message(open(t, async function* () { for (const byte of bytes) yield Uint8Array.of(byte); }));
  assert.equal(content, bytes.toString());
});

test('usage, and why it ended', async (t) => {
  const gateway = open(t, async function* () {
    yield 'cut';
    return { stop: 'length', usage: { inputTokens: 3, outputTokens: 4 } };
  });
  const answer = await (await ask(gateway)).json();
  assert.equal(answer.choices[0].finish_reason, 'length');
  assert.deepEqual([answer.usage.prompt_tokens, answer.usage.completion_tokens], [3, 4]);
});

test('a call of a tool of the client', async (t) => {
  const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } }];
  const gateway = open(t, async function* (run) {
    assert.equal(run.request.tools[0].function.name, 'look');
    yield { toolCall: { id: 'call_1', name: 'look', arguments: { at: 'it' } } };
  });
  const choice = await message(gateway, { tools });
  assert.equal(choice.finish_reason, 'tool_calls');
  assert.deepEqual(choice.message.tool_calls[0].function, { name: 'look', arguments: '{"at":"it"}' });
});

test('an agent that throws', async (t) => {
  const lines = [];
  const gateway = open(t, async () => { throw new Error('the key is sk-1'); }, { log: (...line) => lines.push(line) });
  const response = await ask(gateway);
  assert.ok(response.status >= 500, `${response.status}`);
  assert.ok(!(await response.text()).includes('sk-1'));
  assert.deepEqual(lines.find(([, line]) => line.includes('sk-1')), ['error', 'agent main failed: the key is sk-1']);
  const open_ = open(t, async () => { throw Object.assign(new Error('come back tomorrow'), { expose: true }); });
  assert.match(await (await ask(open_)).text(), /come back tomorrow/);
});

test('a client that leaves', async (t) => {
  let left;
  const gone = new Promise((resolve) => (left = resolve));
  const gateway = open(t, async function* (run) {
    try {
      for (let i = 0; ; i++) {
        yield `${i} `;
        await sleep(5);
      }
    } finally {
      left(run.signal.aborted);
    }
  });
  const abort = new AbortController();
  const response = await ask(gateway, { stream: true }, abort.signal);
  await response.body.getReader().read();
  abort.abort();
  assert.equal(await gone, true);
});

test('an agent that nobody has configured', () => {
  const gateway = new Gateway({ config });
  assert.throws(() => gateway.agent('nobody', () => ''), { code: 'GW_ERR_ARGUMENT', message: /no agent "nobody"/ });
  assert.throws(() => gateway.agent('main'), TypeError);
});
