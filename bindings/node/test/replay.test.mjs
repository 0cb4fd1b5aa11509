// A conversation that C has recorded gives the same bytes here: same input, same clock, same random numbers.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Event } from '../lib/constants.js';
import { native } from '../lib/native.js';

const program = process.env.GATEWAY_RECORD_REPLAY ?? '';
const epoch = 1767225600000;
const config = "{gateway:{auth:{mode:'token',token:'secret'},http:{endpoints:{chatCompletions:{enabled:true}}}}}";

// Tells a gateway what the record says, line by line: time, connection, and + (accept), - (end) or bytes in hexadecimal.
function replay(record) {
  const [status, , gateway] = native.open(config, '', [], '', [], 0, false, 7, 0, '');
  assert.equal(status, 0);
  const sent = [];
  const conns = new Map(); // the record's number -> the addon's
  const pump = () => {
    for (let event; (event = native.nextEvent(gateway)); ) {
      const number = [...conns].find(([, conn]) => conn === event.conn)?.[0] ?? 0;
      if (event.type === Event.OUTPUT) {
        for (let bytes; (bytes = native.takeOutput(gateway, event.conn)); ) sent.push(Buffer.from(`[${number}] `), bytes);
      }
      if (event.type === Event.CLOSE) {
        native.free(gateway, event.conn);
        conns.delete(number);
        sent.push(Buffer.from(`[${number}] closed\n`));
      }
    }
  };
  for (const line of record.split('\n').filter(Boolean)) {
    const [time, number, what] = line.split(' ');
    const now = Number(time);
    for (let due; (due = native.deadline(gateway)) < now; pump()) native.tick(gateway, due, epoch + due);
    native.tick(gateway, now, epoch + now);
    const conn = conns.get(number);
    if (what === '+') conns.set(number, native.accept(gateway, '127.0.0.1', 9, 0));
    else if (conn && what === '-') native.eof(gateway, conn);
    else if (conn) native.recv(gateway, conn, Buffer.from(what, 'hex'));
    pump();
  }
  native.end(gateway);
  return Buffer.concat(sent);
}

test('a recorded conversation', { skip: !program && 'needs GATEWAY_RECORD_REPLAY=<the example record_replay>' }, () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'replay-'));
  const file = path.join(folder, 'record');
  const sent = execFileSync(program, ['record', file]);
  assert.ok(sent.includes('data: [DONE]'));
  assert.equal(replay(readFileSync(file, 'utf8')).toString('latin1'), sent.toString('latin1'));
  rmSync(folder, { recursive: true });
});
