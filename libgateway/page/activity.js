// How the gateway is: connection, load, the latency that the guardrail adds, and who else is connected.
import { bytes, chip, day, empty, figure, fill, h, micros, plural, span } from './dom.js';
import { Plot } from './plot.js';

export class ActivityView {
  #presence = [];
  #shown = false;

  constructor({ gateway, figures }) {
    this.gateway = gateway;
    this.figures = figures;
    this.tiles = h('dl', { class: 'tiles' });
    this.rate = new Plot('Requests per second', [['HTTP', '--accent'], ['WebSocket', '--second']], (value) => `${figure(value)}/s`, 1);
    this.latency = new Plot('Added latency', [['median', '--accent'], ['99th percentile', '--second']], micros, 100);
    this.rateNow = h('p', { class: 'legend' });
    this.latencyNow = h('p', { class: 'legend' });
    this.people = h('div', {});
    this.element = h('div', { class: 'column' }, this.tiles,
      h('div', { class: 'pair' },
        h('section', { class: 'card' }, h('h2', {}, 'Requests per second'), this.rateNow, this.rate.canvas),
        h('section', { class: 'card' }, h('h2', {}, 'Added latency'), this.latencyNow, this.latency.canvas)),
      h('section', { class: 'card' }, h('h2', {}, 'Connected'), this.people));
    figures.addEventListener('change', () => this.#shown && this.#draw());
    gateway.on('presence', ({ presence }) => {
      this.#presence = presence ?? [];
      this.#drawPeople();
    });
  }

  online() {
    this.#presence = this.gateway.hello.snapshot.presence ?? [];
    this.#drawPeople();
  }

  show() {
    this.#shown = true;
    this.#draw();
  }

  hide() {
    this.#shown = false;
  }

  #draw() {
    const { now, requests, calls, p50, p99 } = this.figures;
    const tile = (name, value, more) => h('div', { class: 'tile' }, h('dt', {}, name), h('dd', {}, value, more && h('small', {}, more)));
    const hello = this.gateway.hello;
    const tiles = [
      tile('Version', hello?.server.version ?? '–', `protocol ${hello?.protocol ?? '–'}`),
      tile('Up for', now ? span(now.uptimeMs) : '–', now && `since ${day(now.ts - now.uptimeMs)}`),
    ];
    if (now) {
      tiles.push(
        tile('Requests', now.requests.total.toLocaleString(), `${now.requests.open} open · ${now.requests.streams.toLocaleString()} streamed`),
        tile('Connections', now.connections.open.toLocaleString(), `${now.connections.sockets} WebSocket · ${plural(now.runs.active, 'run')}`),
        tile('Upstream', now.upstream.requests.toLocaleString(), plural(now.upstream.failures, 'failure')),
        tile('Refused', now.requests.refused.toLocaleString(), `${now.requests.bad} malformed`),
        tile('Traffic', bytes(now.bytes.sent), `${bytes(now.bytes.received)} received`),
        tile('Memory', bytes(now.memory.bytes), `${bytes(now.memory.buffers)} in buffers`));
    }
    fill(this.tiles, tiles);
    const key = (kind, name, value) => h('span', {}, h('i', { class: `dot ${kind}` }), `${name} `, h('b', {}, value));
    const last = (line, format) => (line.length ? format(line.at(-1)) : '–');
    fill(this.rateNow, key('first', 'HTTP', last(requests, figure)), key('other', 'WebSocket', last(calls, figure)));
    this.rate.set([requests, calls]);
    if (now && !now.addedLatency) {
      fill(this.latencyNow, 'The guardrail is off: nothing is added.');
    } else {
      const idle = p99.length > 0 && p99.at(-1) === null;
      fill(this.latencyNow, idle ? 'Nothing was proxied in the last ten seconds.'
        : [key('first', 'median', last(p50, micros)), key('other', '99th percentile', last(p99, micros))]);
    }
    this.latency.set([p50, p99]);
  }

  #drawPeople() {
    const mine = this.gateway.hello?.snapshot && sessionStorage.getItem('gateway.instance');
    const rows = this.#presence.map((one) => h('tr', {},
      h('td', {}, h('strong', {}, one.host ?? one.text ?? 'unknown'), one.instanceId === mine && [' ', chip('this page', 'good')], one.mode === 'gateway' && [' ', chip('itself')]),
      h('td', {}, (one.roles ?? []).join(', ') || '–'),
      h('td', {}, [one.mode, one.platform].filter(Boolean).join(' · ') || '–'),
      h('td', {}, one.ip ?? 'this machine'),
      h('td', { class: 'right' }, one.reason === 'disconnect' ? chip('left', '') : null, ' ', one.ts ? day(one.ts) : '')));
    if (rows.length === 0) return void fill(this.people, empty('nodes', 'Nobody is connected'));
    fill(this.people, h('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': 'Connected clients' }, h('table', {},
      h('thead', {}, h('tr', {}, ['Who', 'Role', 'Client', 'From', 'Since'].map((name, at) => h('th', { scope: 'col', class: at === 4 && 'right' }, name)))),
      h('tbody', {}, rows))));
  }
}
