// Between a client and gatewayd: passes HTTP and WebSockets on, and looks at every frame that gatewayd sends.
//
//     client ──► tap ──► gatewayd          tap ── every frame ──► the protocol's own JSON schema ──► problems
import { createRequire } from 'node:module';
import { createServer, request } from 'node:http';
import { readFileSync } from 'node:fs';

const require = createRequire(process.env.PACKAGES);
const { WebSocket, WebSocketServer } = require('ws');

// The schema of the published package, as one question: what is wrong with this frame?
export function schemaJudge() {
  const Ajv = require('ajv').default;
  const schema = JSON.parse(readFileSync(`${process.env.PACKAGES}node_modules/@openclaw/gateway-protocol/protocol.schema.json`));
  const ajv = new Ajv({ strict: false, validateSchema: false, logger: false });
  const compiled = new Map();
  // One definition with those that it needs: all of them at once take seconds to compile.
  const alone = (name) => {
    const definitions = {};
    const take = (wanted) => {
      if (definitions[wanted]) return;
      definitions[wanted] = schema.definitions[wanted];
      for (const [, next] of JSON.stringify(definitions[wanted]).matchAll(/"#\/definitions\/([^"]+)"/g)) take(next);
    };
    take(name);
    return { $ref: `#/definitions/${name}`, definitions };
  };
  const check = (name, value) => {
    if (!schema.definitions[name]) return [];
    if (!compiled.has(name)) compiled.set(name, ajv.compile(alone(name)));
    const validate = compiled.get(name);
    if (validate(value)) return [];
    return validate.errors.slice(0, 3).map((e) => `${name}${e.instancePath} ${e.message} ${JSON.stringify(e.params)}`);
  };
  const camel = (name) => name.split(/[.\-_]/).map((part) => part[0].toUpperCase() + part.slice(1)).join('');
  const events = { chat: 'ChatEvent', agent: 'AgentEvent', shutdown: 'ShutdownEvent', tick: 'TickEvent' };
  return {
    defines: (name) => Boolean(schema.definitions[name]),
    resultName: (method) => `${camel(method)}Result`,
    // `method` is that of the request which a response answers, when it is known.
    frame(frame, method) {
      if (frame.type === 'event') {
        const event = `event ${frame.event}: `;
        const payload = events[frame.event] ?? `${camel(frame.event)}Event`;
        return [...check('EventFrame', frame), ...check(payload, frame.payload)].map((text) => event + text);
      }
      const found = check('ResponseFrame', frame);
      if (frame.ok && method === 'connect') found.push(...check('HelloOk', frame.payload));
      if (frame.ok && method) found.push(...check(`${camel(method)}Result`, frame.payload));
      return found.map((text) => `${method ?? 'response'}: ${text}`);
    },
  };
}

// The real gateway sends these too (recorded of its releases 2026.3.13 and 2026.9.6), and its own pages read them; the
// published schema does not name them.
const alsoSent = new Set([
  'connect: HelloOk/auth must NOT have additional properties {"additionalProperty":"method"}',
  'event agent: AgentEvent must NOT have additional properties {"additionalProperty":"sessionKey"}',
  'event agent: AgentEvent must NOT have additional properties {"additionalProperty":"agentId"}',
]);

// Listens on a free port; `url` is where a client goes instead. `problems` collects what the schema refuses.
export async function startTap(target, judge = schemaJudge()) {
  const problems = new Set();
  const counted = new Map();
  const calls = [];
  const server = createServer((incoming, outgoing) => {
    const { hostname, port } = new URL(target);
    const onward = request({ hostname, port, path: incoming.url, method: incoming.method, headers: incoming.headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    incoming.pipe(onward);
  });
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1 << 28 });
  const open = new Set();
  server.on('upgrade', (incoming, socket, head) => {
    const headers = Object.fromEntries(['origin', 'authorization', 'user-agent'].filter((name) => incoming.headers[name])
      .map((name) => [name, incoming.headers[name]]));
    headers.host = incoming.headers.host;
    const onward = new WebSocket(target.replace(/^http/, 'ws') + incoming.url, { headers, maxPayload: 1 << 28 });
    onward.on('unexpected-response', (_, answer) => {
      socket.end(`HTTP/1.1 ${answer.statusCode} ${answer.statusMessage}\r\nConnection: close\r\n\r\n`);
    });
    onward.on('error', () => socket.destroy());
    onward.on('open', () => sockets.handleUpgrade(incoming, socket, head, (client) => {
      open.add(client);
      const asked = new Map();
      let protocol = 0;
      client.on('message', (data, binary) => {
        const frame = parse(data);
        if (frame?.method) {
          asked.set(frame.id, frame.method);
          if (frame.method === 'connect') protocol = frame.params?.maxProtocol ?? 0;
          calls.push(frame);
        }
        onward.send(data, { binary });
      });
      onward.on('message', (data, binary) => {
        const frame = parse(data);
        const method = frame?.type === 'res' ? asked.get(frame.id) : undefined;
        const name = method ?? (frame?.event ? `event ${frame.event}` : '?');
        counted.set(name, (counted.get(name) ?? 0) + 1);
        // The schema is that of protocol 4.
        const found = !frame ? ['a message that is not JSON'] : protocol === 3 ? [] : judge.frame(frame, method);
        for (const problem of found) if (!alsoSent.has(problem)) problems.add(problem);
        client.send(data, { binary });
      });
      const legal = (code) => (code === 1000 || (code >= 3000 && code < 5000) || (code > 1000 && code < 1004) || (code > 1006 && code < 1015) ? code : 1000);
      client.on('close', (code, reason) => { open.delete(client); onward.close(legal(code), reason); });
      onward.on('close', (code, reason) => client.close(legal(code), reason));
    }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    problems,
    counted,
    calls,
    close() {
      for (const client of open) client.terminate();
      server.closeAllConnections?.();
      server.close();
    },
  };
}

function parse(data) {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
