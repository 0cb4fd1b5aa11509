// What the gateway counts, asked for every second, as rates: the last minute of them.
const KEPT = 60;
// Percentiles of fewer requests than come in ten seconds jump about.
const WINDOW = 10;

// The value below which a share of what a histogram counted lies, in its unit; null when it counted nothing.
function percentile(bounds, counts, share) {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = share * total;
  for (let i = 0; i < counts.length; ++i) {
    if (counts[i] >= left && counts[i] > 0) {
      const low = i === 0 ? 0 : bounds[i - 1];
      return i < bounds.length ? low + (bounds[i] - low) * (left / counts[i]) : low;
    }
    left -= counts[i];
  }
  return bounds.at(-1);
}

export class Figures extends EventTarget {
  now = null; // the newest answer
  requests = [];
  calls = [];
  p50 = [];
  p99 = [];
  #before = [];

  constructor(gateway) {
    super();
    this.gateway = gateway;
    setInterval(() => this.#ask(), 1000);
    gateway.addEventListener('state', () => {
      if (gateway.state === 'online') this.#ask();
      else this.#before = [];
    });
  }

  async #ask() {
    if (document.hidden || this.gateway.state !== 'online' || !this.gateway.has('gateway.stats')) return;
    try {
      this.#take(await this.gateway.call('gateway.stats'));
    } catch {
      return; // the next second
    }
    this.dispatchEvent(new Event('change'));
  }

  #take(now) {
    const before = this.#before.at(-1);
    // A gateway that began anew counts anew.
    if (before && (now.uptimeMs < before.uptimeMs || now.requests.total < before.requests.total)) this.#before = [];
    this.now = now;
    if (before && this.#before.length > 0 && now.uptimeMs > before.uptimeMs) {
      const seconds = (now.uptimeMs - before.uptimeMs) / 1000;
      // Each answer here was a call of this page.
      const calls = Math.max(0, now.calls.total - before.calls.total - 1);
      this.#push(this.requests, (now.requests.total - before.requests.total) / seconds);
      this.#push(this.calls, calls / seconds);
      const first = this.#before[0].addedLatency?.counts;
      const counts = now.addedLatency?.counts.map((count, i) => count - (first?.[i] ?? 0));
      this.#push(this.p50, counts ? percentile(now.addedLatency.boundsUs, counts, 0.5) : null);
      this.#push(this.p99, counts ? percentile(now.addedLatency.boundsUs, counts, 0.99) : null);
    }
    this.#before.push(now);
    if (this.#before.length > WINDOW) this.#before.shift();
  }

  #push(line, value) {
    line.push(value);
    if (line.length > KEPT) line.shift();
  }
}
