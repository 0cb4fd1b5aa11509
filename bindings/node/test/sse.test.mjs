import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseDecoder, SseEncoder } from 'libgateway';

test('events survive any cut', () => {
  const wire = Buffer.from(': hi\n\nevent: x\ndata: ä\ndata: b\nid: 7\nretry: 10\n\ndata: last\r\n\r\n');
  const [first, last] = new SseDecoder().feed(wire);
  assert.deepEqual([first.type, first.data, first.id, first.retryMs], ['x', 'ä\nb', '7', 10]);
  assert.deepEqual([last.type, last.data, last.retryMs], ['message', 'last', undefined]);
  for (let cut = 0; cut <= wire.length; cut++) {
    const decoder = new SseDecoder();
    const events = [...decoder.feed(wire.subarray(0, cut)), ...decoder.feed(new Uint8Array(wire.subarray(cut)))];
    assert.deepEqual(events.map(({ data }) => data), ['ä\nb', 'last']);
  }
});

test('every raw and the rest are the stream again', () => {
  const wire = Buffer.from(': hi\n\ndata: one\n\nid: 3\n\ndata: two\n\ndata: cut off');
  const decoder = new SseDecoder();
  const events = decoder.feed(wire);
  assert.deepEqual(Buffer.concat([...events.map(({ raw }) => raw), decoder.rest]), wire);
});

test('an event that is too long', () => {
  const decoder = new SseDecoder({ eventBytesMax: 64 });
  assert.equal(decoder.feed(Buffer.from(`data: x\n\ndata: ${'y'.repeat(100)}`)).length, 1);
  assert.throws(() => decoder.feed(Buffer.from('\n\n')), { code: 'GW_ERR_LIMIT', kind: 'limit' });
});

test('what is written is read again', () => {
  const encoder = new SseEncoder();
  const cases = [
    { type: 'x', data: 'a\nb', id: '7', retryMs: 10 },
    { type: 'message', data: '' },
    { type: 'message', data: 'å'.repeat(100_000) },
  ];
  for (const event of cases) {
    const [read] = new SseDecoder().feed(encoder.encode(event));
    assert.deepEqual([read.type, read.data, read.id, read.retryMs], [event.type, event.data, event.id ?? '', event.retryMs]);
  }
  assert.equal(encoder.encode({ data: { a: 1 } }).toString(), 'data: {"a":1}\n\n');
  assert.equal(encoder.comment('still\nthere').toString(), ': still\n: there\n\n');
  assert.throws(() => encoder.encode({ type: 'a\nb' }), { code: 'GW_ERR_ARGUMENT' });
});

test('streams', async () => {
  const events = [{ data: 'one' }, { type: 'x', data: 'two' }];
  const data = [];
  for await (const event of ReadableStream.from(events).pipeThrough(SseEncoder.stream()).pipeThrough(SseDecoder.stream())) data.push(event.data);
  for await (const event of SseDecoder.events(SseEncoder.bytes(events))) data.push(event.data);
  assert.deepEqual(data, ['one', 'two', 'one', 'two']);
});
