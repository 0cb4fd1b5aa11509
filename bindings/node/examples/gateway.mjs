import { Gateway, SseDecoder } from 'libgateway';

const token = 'a-secret-of-yours';
const gateway = new Gateway({
  config: { gateway: { auth: { mode: 'token', token }, http: { endpoints: { chatCompletions: { enabled: true } } } } },
});
const { port } = (await gateway.listen(0)).address(); // any free port; gateway.serve(socket) takes any Duplex

const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
  method: 'POST',
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', connection: 'close' },
  body: JSON.stringify({ model: 'openclaw', stream: true, messages: [{ role: 'user', content: 'hello' }] }),
});
for await (const { data } of SseDecoder.events(answer.body)) {
  if (data !== '[DONE]') process.stdout.write(JSON.parse(data).choices[0].delta.content ?? '');
}
process.stdout.write('\n');
await gateway.close(); // or: await using gateway = new Gateway(...)
