/** Events for one reader, as an async iterator. When it is slow, the oldest are dropped, and it is told how many. */
export class EventQueue {
  #events = [];
  #waiting = []; // readers, each a resolve function
  #max;
  #dropped = 0;
  #ended = false;
  #left;

  constructor(max, left, signal) {
    this.#max = max;
    this.#left = left;
    if (signal?.aborted) this.#ended = true;
    else signal?.addEventListener('abort', () => this.end(), { once: true });
  }

  push(event) {
    if (this.#ended) return;
    const reader = this.#waiting.shift();
    if (reader) return reader({ value: event, done: false });
    if (this.#events.length >= this.#max) {
      this.#events.shift();
      this.#dropped++;
    }
    this.#events.push(event);
  }

  end() {
    if (this.#ended) return;
    this.#ended = true;
    this.#left();
    for (const reader of this.#waiting.splice(0)) reader({ value: undefined, done: true });
  }

  next() {
    if (this.#dropped > 0) {
      const count = this.#dropped;
      this.#dropped = 0;
      return Promise.resolve({ value: { type: 'dropped', count }, done: false });
    }
    if (this.#events.length > 0) return Promise.resolve({ value: this.#events.shift(), done: false });
    if (this.#ended) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  return() {
    this.end();
    this.#events = [];
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }
}
