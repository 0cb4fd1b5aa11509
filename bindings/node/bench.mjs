// What the border costs: the same texts through feed() of this binding and through inspector.h.
//
//     node bench.mjs [C program]     the program: cc -O2 bench.c $(pkg-config --cflags --libs gateway)
//
// `prose` is clean text. A piece of 16 bytes shows the price of a call, 1 MiB in pieces of 1400 bytes that of a stream.
import { execFileSync } from 'node:child_process';
import { Inspector } from 'libgateway';

const line = 'The river runs north through old forests, and the boats are slow in the autumn rain; nobody minds. ';
const prose = Buffer.from(line.repeat(Math.ceil((1 << 20) / line.length))).subarray(0, 1 << 20);

// The shortest time of a pass, in ns: other programs only make it longer.
function shortest(pieceSize, total, passes) {
  const pieces = [];
  for (let at = 0; at < total; at += pieceSize) pieces.push(prose.subarray(at, Math.min(at + pieceSize, total)));
  let best = Infinity;
  for (let pass = 0; pass < passes; pass++) {
    const inspector = new Inspector();
    const begin = process.hrtime.bigint();
    for (const piece of pieces) inspector.feed(piece);
    inspector.finish();
    best = Math.min(best, Number(process.hrtime.bigint() - begin));
  }
  return { call: best / pieces.length, mib: best / 1e6 };
}

const node = { small: shortest(16, 1 << 16, 400), stream: shortest(1400, 1 << 20, 60) };
const c = process.argv[2] && JSON.parse(execFileSync(process.argv[2], { encoding: 'utf8' }));
const ns = (value) => `${value.toFixed(0)} ns`;
console.log(`feed(16 bytes)            Node ${ns(node.small.call)}${c ? `   C ${ns(c.small)}   over C ${ns(node.small.call - c.small)}` : ''}`);
console.log(`1 MiB in 1400-byte pieces Node ${node.stream.mib.toFixed(2)} ms${c ? `   C ${c.stream.toFixed(2)} ms   ratio ${(node.stream.mib / c.stream).toFixed(2)}` : ''}`);
