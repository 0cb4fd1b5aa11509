import { Inspector } from 'libgateway';

async function* words() {
  yield* ['My ', 'CUIL ', 'is ', '20-92471509-0', ', ', 'bye.'];
}

// Around an async iterator ...
for await (const piece of new Inspector().wrap(words())) process.stdout.write(piece);

// ... and as a TransformStream. When a rule blocks, both fail with GW_ERR_BLOCKED.
const body = ReadableStream.from(words()).pipeThrough(new Inspector().transform());
for await (const piece of body) process.stdout.write(piece);
process.stdout.write('\n');
