import { Duplex } from 'node:stream';

// One end of a pipe in memory: what is written here is read there, no faster than it is read.
class End extends Duplex {
  other;
  #taken; // tells the writer that its bytes have been read

  constructor() {
    super({ allowHalfOpen: true });
  }

  _read() {
    const taken = this.#taken;
    this.#taken = undefined;
    taken?.();
  }

  _write(bytes, _encoding, done) {
    if (this.other.destroyed) return done();
    if (this.other.push(bytes)) return done();
    this.other.#taken = done;
  }

  _final(done) {
    if (!this.other.destroyed) this.other.push(null);
    done();
  }

  _destroy(error, done) {
    const { other } = this;
    this._read();
    // As a socket: who still reads sees an end, if all was sent, or a reset.
    if (!other.destroyed && !(this.writableFinished && other.writableFinished)) {
      process.nextTick(() => (this.writableFinished ? other._read() : other.destroy()));
    }
    done(error);
  }

  // What node:http asks of a socket.
  setTimeout() { return this; }
  setNoDelay() { return this; }
  setKeepAlive() { return this; }
  ref() { return this; }
  unref() { return this; }
}

/** Two streams; each reads what the other one writes. */
export function duplexPair() {
  const [a, b] = [new End(), new End()];
  a.other = b;
  b.other = a;
  return [a, b];
}
