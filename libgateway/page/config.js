// The configuration as the gateway reads it: what the file says, and the defaults around it. Secrets were taken out by
// the gateway. Read only: the file is edited where it lies.
import { chip, empty, fill, h, notice, soon } from './dom.js';

// What the gateway puts in place of a secret.
const HIDDEN = '__OPENCLAW_REDACTED__';

// [path, value] of every leaf.
function leaves(value, path = '', out = []) {
  if (value !== null && typeof value === 'object' && Object.keys(value).length > 0) {
    for (const [key, inner] of Object.entries(value)) leaves(inner, Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key, out);
  } else {
    out.push([path, value]);
  }
  return out;
}

const words = (value) => (typeof value === 'string' ? value || '""' : JSON.stringify(value));

export class ConfigView {
  #answer = null;

  constructor({ gateway }) {
    this.gateway = gateway;
    this.search = h('input', { type: 'search', placeholder: 'Find a key or value', 'aria-label': 'Find a key or value', oninput: () => this.#draw() });
    this.only = h('input', { type: 'checkbox', id: 'only-file', onchange: () => this.#draw() });
    this.head = h('div', { class: 'card' });
    this.sections = h('div', { class: 'column' });
    this.element = h('div', { class: 'column' }, this.head,
      h('div', { class: 'row wrap' }, this.search, h('label', { class: 'row', for: 'only-file' }, this.only, 'only what the file says')), this.sections);
    this.refresh = soon(() => this.show());
    gateway.on('config.changed', this.refresh);
  }

  online() {
    if (this.element.isConnected) this.show();
  }

  async show() {
    try {
      this.#answer = await this.gateway.call('config.get');
    } catch (error) {
      if (error.code !== 'OFFLINE') fill(this.sections, notice('bad', h('p', {}, `The configuration cannot be shown: ${error.message}`)));
      return;
    }
    this.#draw();
  }

  #draw() {
    if (!this.#answer) return;
    const { path, exists, valid, config, parsed, issues = [], warnings = [] } = this.#answer;
    fill(this.head,
      h('div', { class: 'row spread wrap' }, h('code', { class: 'path' }, path || 'no file'), chip(!exists ? 'no file' : valid ? 'valid' : 'not valid', !exists ? '' : valid ? 'good' : 'bad')),
      h('p', { class: 'dim' }, exists ? 'Edit the file where it lies; most changes take effect at once. ' : 'The gateway runs with its defaults. Make the file to change them. ',
        'docs/configuration.md explains every key.'),
      [...issues.map((one) => ['bad', one]), ...warnings.map((one) => ['wait', one])].map(([kind, one]) =>
        notice(kind, h('p', {}, one.path && h('code', {}, one.path), one.path && ' ', one.message))));
    const written = new Set(leaves(parsed ?? {}).map(([key]) => key));
    const wanted = this.search.value.trim().toLowerCase();
    const groups = new Map();
    for (const [key, value] of leaves(config ?? {})) {
      if (!key || (this.only.checked && !written.has(key))) continue;
      if (wanted && !`${key} ${words(value)}`.toLowerCase().includes(wanted)) continue;
      const section = key.match(/^[^.[]+/)[0];
      groups.set(section, [...groups.get(section) ?? [], [key, value]]);
    }
    fill(this.sections, [...groups].map(([section, rows]) => h('section', { class: 'card' }, h('h2', {}, section),
      h('dl', { class: 'keys' }, rows.map(([key, value]) => h('div', { class: written.has(key) ? 'written' : '' },
        h('dt', {}, h('code', {}, key)), h('dd', {}, value === HIDDEN ? chip('hidden') : h('code', {}, words(value)), !written.has(key) && h('small', {}, 'default'))))))));
    if (groups.size === 0) fill(this.sections, empty('config', wanted ? 'No key has these words' : 'Nothing is configured', 'Everything has its default.'));
  }
}
