import { check } from './errors.js';
import { native } from './native.js';

/** Reads one stream of server-sent events, fed in pieces of any size, cut anywhere. */
export class SseDecoder {
  #native;
  #failed = 0;

  constructor({ eventBytesMax = 0 } = {}) {
    this.#native = check(native.sseNew(eventBytesMax));
  }

  /** The events that `bytes` complete. Those in front of one that is too long still come; the next call throws. */
  feed(bytes) {
    check(this.#failed);
    const events = [];
    this.#failed = native.sseFeed(this.#native, typeof bytes === 'string' ? Buffer.from(bytes) : bytes, events);
    if (events.length === 0) check(this.#failed);
    return events;
  }

  /** What came after the last event and is none yet. */
  get rest() {
    return native.sseRest(this.#native);
  }

  /** Bytes in, events out: `response.body.pipeThrough(SseDecoder.stream())`. */
  static stream(options) {
    const decoder = new SseDecoder(options);
    return new TransformStream({
      transform(bytes, controller) {
        for (const event of decoder.feed(bytes)) controller.enqueue(event);
      },
    });
  }

  /** The events of any stream of bytes: a fetch() body, a socket. */
  static async *events(stream, options) {
    const decoder = new SseDecoder(options);
    for await (const piece of stream ?? []) yield* decoder.feed(piece);
  }
}

/** Writes server-sent events. It keeps nothing between two of them. */
export class SseEncoder {
  /** One event as bytes; `data` that is no string is written as JSON. */
  encode({ type = '', data = '', id = '', retryMs = -1 }) {
    return check(native.sseEncode(type, typeof data === 'string' ? data : JSON.stringify(data), id, retryMs));
  }

  /** A comment, which keeps an idle stream alive and which readers ignore. */
  comment(text = '') {
    return check(native.sseComment(text));
  }

  /** Events in, bytes out. */
  static stream() {
    const encoder = new SseEncoder();
    return new TransformStream({ transform: (event, controller) => controller.enqueue(encoder.encode(event)) });
  }

  /** The bytes of any source of events. */
  static async *bytes(events) {
    const encoder = new SseEncoder();
    for await (const event of events) yield encoder.encode(event);
  }
}
