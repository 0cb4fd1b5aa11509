import { once } from 'node:events';
import http from 'node:http';
import { Gateway } from 'libgateway';

const gateway = new Gateway({ config: { gateway: { auth: { mode: 'none' } } } });

// In Express: app.use((request, response) => gateway.handle(request, response)), in front of what reads bodies.
const server = http.createServer((request, response) => {
  if (request.url === '/') response.end('the program itself');
  else gateway.handle(request, response);
});
server.on('upgrade', (request, socket, head) => gateway.upgrade(request, socket, head)); // WebSockets
await once(server.listen(0, '127.0.0.1'), 'listening');

const url = `http://127.0.0.1:${server.address().port}`;
for (const path of ['/', '/healthz']) console.log(path, await (await fetch(url + path)).text());
server.close().closeAllConnections();
await gateway.close();
