// HTTP of this process through a gateway, without a socket: node:http on one end of a pipe in memory.
import http from 'node:http';
import { pipeline, Readable } from 'node:stream';

const ofOneConnection = new Set(['connection', 'keep-alive', 'proxy-connection']);

// [name, value, name, value, ...] without the fields about the connection it came on.
function without(rawHeaders, names) {
  const kept = [];
  for (let i = 0; i < rawHeaders.length; i += 2) if (!names.has(rawHeaders[i].toLowerCase())) kept.push(rawHeaders[i], rawHeaders[i + 1]);
  return kept;
}

export function fetchThrough(connect, input, init) {
  const given = new Request(typeof input === 'string' ? new URL(input, 'http://localhost') : input, init?.body && !init.duplex ? { duplex: 'half', ...init } : init);
  const { pathname, search } = new URL(given.url);
  const { signal } = given;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const request = http.request({
      createConnection: () => connect({}),
      method: given.method,
      path: pathname + search,
      headers: { host: 'localhost', ...Object.fromEntries(given.headers) },
    });
    const abort = () => request.destroy(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    request.once('close', () => signal.removeEventListener('abort', abort));
    request.once('error', reject);
    request.once('response', (response) => {
      signal.addEventListener('abort', () => response.destroy(signal.reason), { once: true });
      const headers = new Headers();
      for (let i = 0; i < response.rawHeaders.length; i += 2) headers.append(response.rawHeaders[i], response.rawHeaders[i + 1]);
      const empty = given.method === 'HEAD' || [204, 205, 304].includes(response.statusCode);
      if (empty) response.resume();
      resolve(new Response(empty ? null : Readable.toWeb(response), { status: response.statusCode, statusText: response.statusMessage, headers }));
    });
    if (given.body) pipeline(Readable.fromWeb(given.body), request, () => {});
    else request.end();
  });
}

/** A request that node:http has read, and its answer. Its body must not have been read. */
export function forward(connect, request, response) {
  const { remoteAddress: address, remotePort: port } = request.socket;
  const asked = http.request({
    createConnection: () => connect({ address, port }),
    method: request.method,
    path: request.originalUrl ?? request.url,
    headers: without(request.rawHeaders, ofOneConnection),
  });
  asked.once('response', (answer) => {
    const fields = without(answer.rawHeaders, new Set([...ofOneConnection, 'transfer-encoding']));
    response.writeHead(answer.statusCode, answer.statusMessage, fields);
    pipeline(answer, response, () => {});
  });
  asked.once('error', () => {
    if (response.headersSent) return response.destroy();
    response.writeHead(502, { 'content-type': 'application/json' }).end('{"error":{"message":"the gateway did not answer","type":"server_error"}}');
  });
  response.once('close', () => asked.destroy());
  pipeline(request, asked, () => {});
}

/** The head of an upgrade as it came, and what was read behind it. */
export function headOf({ method, url, originalUrl, httpVersion, rawHeaders }, rest) {
  let head = `${method} ${originalUrl ?? url} HTTP/${httpVersion}\r\n`;
  for (let i = 0; i < rawHeaders.length; i += 2) head += `${rawHeaders[i]}: ${rawHeaders[i + 1]}\r\n`;
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), rest ?? Buffer.alloc(0)]);
}
