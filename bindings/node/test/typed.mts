// Not run: what a typed program writes, for tsc --strict.
import { connect } from 'node:net';
import {
  type AgentPiece, type AgentRun, Gateway, GatewayError, type GatewayRequest, inspect, Inspector, type Kind, Router, RuleSet, SseDecoder, SseEncoder, type ToolRun, type Verdict, type Visitor,
} from 'libgateway';

async function* pieces(): AsyncGenerator<string> {
  yield 'text';
}

export async function program(): Promise<void> {
  const rules: RuleSet = new RuleSet({ profile: 'strict', blockFrom: 'high' });
  const inspector: Inspector = new Inspector({ rules, direction: 'prompt', holdBytesMax: 4096 });
  const text: string = inspector.feed('text');
  const bytes: Uint8Array = inspector.feed(new Uint8Array(4));
  for await (const piece of new Inspector().wrap(pieces(), { onBlock: 'end' })) console.log(piece satisfies string);
  const whole: { text: string; verdict: Verdict; blocked: boolean } = inspect('text');
  const found: string[] = inspector.findings.map(({ rule }) => rule);
  const events = new SseDecoder().feed(new SseEncoder().encode({ type: 'delta', data: { text } }));
  const match = new Router<number>().add('GET', '/a/:b', 7).match('GET', '/a/b');
  const target: number | undefined = match.value;

  await using gateway = new Gateway({
    config: { gateway: { port: 0 } },
    auth: async (visitor: Visitor) => (visitor.header('cookie') ? { user: 'ann', scopes: ['operator.read'] } : null),
    opinion: async ({ body, model, signal }) => (signal.aborted || model === 'm' ? undefined : `${body.messages.length} messages are too many`),
    log: (level, message) => console.log(level satisfies 'error' | 'warn' | 'info' | 'debug', message),
  });
  gateway.route('GET', '/mine/:name', async (request: GatewayRequest) => ({ status: 201, body: { name: request.param('name'), found, events, target } }));
  gateway.agent('main', async function* (run: AgentRun): AsyncGenerator<AgentPiece> {
    yield { reasoning: 'hm' };
    yield { toolCall: { name: 'add', arguments: { a: run.messages.length } } };
  });
  gateway.tool('add', { description: 'Adds.', schema: { type: 'object' }, ownerOnly: true }, async ({ a, b }, run: ToolRun) => {
    run.progress('adding');
    return { sum: Number(a) + Number(b), aborted: run.signal.aborted };
  });
  gateway.tool('count', {}, async function* () {
    yield 'one';
    return 2;
  });
  gateway.addEvent('lights.changed', { scope: 'operator.read', mayDrop: true });
  gateway.method('lights.set', { scope: 'operator.write', schema: { type: 'object' } }, async ({ lamp }, { client, signal }) => {
    if (!signal.aborted) gateway.emit('lights.changed', { lamp }, { client });
    return { lamp };
  });
  gateway.serve(connect(80), { address: '127.0.0.1', head: bytes });
  const { port } = (await gateway.listen(0)).address();
  for await (const event of gateway.events({ max: 10 })) if (event.type === 'record') console.log(event.record.event_type, port, whole);
  try {
    await gateway.closed;
  } catch (error) {
    if (error instanceof GatewayError) console.log(error.kind satisfies Kind, error.code, error.verdict?.action);
  }
}

// What must not pass.
// @ts-expect-error: no such direction
new Inspector({ direction: 'sideways' });
// @ts-expect-error: an agent is a function
new Gateway().agent('main');
// @ts-expect-error: a tool has options in front of its function
new Gateway().tool('name', () => '');
// @ts-expect-error: what a tool says while it works is text
new Gateway().tool('name', {}, (_, run) => run.progress(7));
