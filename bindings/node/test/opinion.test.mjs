// Second opinions on what the guardrail proxy lets pass.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { test } from 'node:test';
import { Gateway } from 'libgateway';

// A gateway in front of a model that counts its requests.
async function open(t, opinion, options = {}) {
  let requests = 0;
  const model = http.createServer((request, response) => {
    requests++;
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end('{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"fine"},"finish_reason":"stop"}]}');
  });
  await once(model.listen(0, '127.0.0.1'), 'listening');
  const address = `127.0.0.1:${model.address().port}`;
  const config = { gateway: { auth: { mode: 'token', token: 't' } }, guardrail: { enabled: true, mode: 'action', test_upstreams: [{ address, provider: 'openai' }] } };
  const gateway = new Gateway({ config, opinion, ...options });
  t.after(async () => {
    await gateway.close();
    model.close().closeAllConnections();
  });
  const ask = (content, init) => gateway.fetch('/v1/chat/completions', {
    method: 'POST',
    headers: { 'x-dc-auth': 'Bearer t', 'x-dc-target-url': `http://${address}`, 'x-conversation-id': 'c1' },
    body: JSON.stringify({ model: 'm', messages: [{ role: 'user', content }] }),
    ...init,
  });
  return { ask, count: () => requests };
}

const said = async (response) => (await (await response).json()).choices[0].message.content;

test('what it says', async (t) => {
  const seen = [];
  const answers = [];
  const opinion = async (asked) => {
    if (asked.direction === 'completion') {
      answers.push(asked.body);
      return answers.length > 2 ? 'too dull' : true;
    }
    seen.push(asked);
    return { good: true, fine: undefined, bad: false, worse: 'off topic' }[asked.body.messages[0].content.split(' ')[0]];
  };
  const { ask, count } = await open(t, opinion);
  assert.equal(await said(ask('good')), 'fine');
  assert.equal(await said(ask('fine, my CUIL is 20-92471509-0')), 'fine');
  assert.equal(count(), 2);
  assert.match(await said(ask('bad')), /blocked.*\(second opinion\)/);
  assert.match(await said(ask('worse')), /blocked.*\(second opinion: off topic\)/);
  assert.equal(count(), 2);
  const { direction, provider, model, body } = seen[1];
  assert.deepEqual([direction, provider, model], ['prompt', 'openai', 'm']);
  assert.equal(body.messages[0].content, 'fine, my CUIL is [REDACTED:PII-AR-CUIT]');
  assert.deepEqual(answers.map((answer) => answer.choices[0].message.content), ['fine', 'fine']);
  assert.match(await said(ask('good')), /blocked.*\(second opinion: too dull\)/);
});

test('who fails or takes too long has none', async (t) => {
  const lines = [];
  const failing = await open(t, async () => { throw new Error('no judge'); }, { log: (...line) => lines.push(line) });
  assert.equal(await said(failing.ask('hei')), 'fine');
  assert.ok(lines.some(([, line]) => line === 'the function opinion failed: no judge'));
  let aborted;
  const late = await open(t, ({ signal }) => new Promise(() => signal.addEventListener('abort', () => (aborted = signal.reason.code))), { limits: { ask_timeout_ms: 50 } });
  assert.equal(await said(late.ask('hei')), 'fine');
  assert.equal(aborted, 'GW_ERR_CANCELLED');
});
