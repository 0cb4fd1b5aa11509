import { inspect, Inspector } from 'libgateway';

// A whole text.
const { text, verdict } = inspect('My CUIL is 20-92471509-0, write it down.', { direction: 'prompt' });
console.log(text); // My CUIL is [REDACTED:PII-AR-CUIT], write it down.
console.log(verdict.action, verdict.findings); // alert [ 'PII-AR-CUIT:Argentine CUIT or CUIL' ]

// A text that comes in pieces: what may leave comes out at once.
const inspector = new Inspector();
for (const piece of ['My CUIL is ', '20-9247', '1509-0', ', write it down.']) process.stdout.write(inspector.feed(piece));
process.stdout.write(`${inspector.finish()}\n`);
console.log(inspector.state.redactions);
