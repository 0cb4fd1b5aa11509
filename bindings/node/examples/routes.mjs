import { setTimeout as sleep } from 'node:timers/promises';
import { Gateway } from 'libgateway';

const gateway = new Gateway({ config: { gateway: { auth: { mode: 'none' } } } });

gateway.route('GET', '/hello/:name', async (request) => `Hello ${request.param('name')}`);

gateway.route('POST', '/count', async (request) => {
  async function* numbers() {
    for (let i = 1; i <= request.json().to && !request.signal.aborted; i++) {
      yield `${i} `;
      await sleep(1);
    }
  }
  return { headers: { 'content-type': 'text/plain' }, body: numbers() };
});

// gateway.fetch() asks it without a socket.
console.log(await (await gateway.fetch('/hello/J%C3%B8rn')).text());
console.log(await (await gateway.fetch('/count', { method: 'POST', body: '{"to":3}' })).text());
await gateway.close();
