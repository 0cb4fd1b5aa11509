import { setTimeout as sleep } from 'node:timers/promises';
import { Gateway, SseDecoder } from 'libgateway';

const gateway = new Gateway({ config: { gateway: { auth: { mode: 'none' } } } });

const stock = { lamp: 4, chair: 0 };
const schema = { type: 'object', properties: { article: { type: 'string' } }, required: ['article'] };

// The models of all agents are told of it. What is yielded is for people who watch; what is returned is the result.
gateway.tool('stock', { description: 'How many of an article are there.', schema }, async function* ({ article }, { signal }) {
  yield `looking for ${article}`;
  await sleep(10, undefined, { signal }); // nobody waits any more: stop
  return { article, count: stock[article] ?? 0 };
});

// Without a model: a client that asks for a stream is told what it does, too.
const answer = await gateway.fetch('/tools/invoke', {
  method: 'POST',
  headers: { accept: 'text/event-stream' },
  body: JSON.stringify({ tool: 'stock', args: { article: 'lamp' } }),
});
for await (const { type, data } of SseDecoder.events(answer.body)) console.log(type, data);
await gateway.close();
