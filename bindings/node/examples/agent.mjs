import { Gateway, SseDecoder } from 'libgateway';

const gateway = new Gateway({
  config: { gateway: { auth: { mode: 'none' }, http: { endpoints: { chatCompletions: { enabled: true } } } } },
});

// This program is the model: what is yielded goes out at once, on HTTP and WebSocket alike.
gateway.agent('main', async function* (run) {
  const question = run.messages.at(-1)?.content;
  yield 'You said: ';
  yield `${JSON.stringify(question)}, `;
  if (!run.signal.aborted) yield 'and that is all.';
  return { usage: { inputTokens: 3, outputTokens: 9 } };
});

const answer = await gateway.fetch('/v1/chat/completions', {
  method: 'POST',
  body: JSON.stringify({ model: 'openclaw', stream: true, messages: [{ role: 'user', content: 'hello' }] }),
});
for await (const { data } of SseDecoder.events(answer.body)) {
  if (data !== '[DONE]') process.stdout.write(JSON.parse(data).choices[0]?.delta.content ?? '');
}
process.stdout.write('\n');
await gateway.close();
