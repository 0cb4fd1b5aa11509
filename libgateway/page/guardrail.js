// What the guardrail found and did, as it happens, the newest first.
import { chip, clock, empty, fill, h, plural } from './dom.js';

const KEPT = 200;
const WORDS = { block: 'blocked', confirm: 'blocked', redact: 'redacted', alert: 'alert', allow: 'seen' };
const KINDS = { block: 'bad', confirm: 'bad', redact: 'warn', alert: 'info', allow: '' };
const DIRECTIONS = { prompt: 'prompt', completion: 'answer', tool_call: 'tool call', tool_result: 'tool result' };

// What was done, in one word. A secret that was masked did not pass, though the answer did.
const deed = (one) => (one.action !== 'block' && one.action !== 'confirm' && one.redactions > 0 ? 'redact' : one.action);

export class GuardrailView {
  #all = [];
  #unseen = 0;
  #shown = false;

  constructor({ gateway, figures, badge }) {
    this.gateway = gateway;
    this.figures = figures;
    this.badge = badge;
    this.mode = h('div', { class: 'row wrap' });
    this.filter = h('select', { 'aria-label': 'Show', onchange: () => this.#draw() },
      [['', 'Everything'], ['block', 'Blocked'], ['redact', 'Redacted'], ['alert', 'Alerts']].map(([value, label]) => h('option', { value }, label)));
    this.list = h('ol', { class: 'findings', 'aria-label': 'Findings', 'aria-live': 'polite', 'aria-relevant': 'additions' });
    this.rest = h('div', {});
    this.element = h('div', { class: 'column' }, h('div', { class: 'row spread wrap' }, this.mode, this.filter), this.list, this.rest);
    gateway.on('guardrail', (one) => this.#add(one));
    figures.addEventListener('change', () => this.#shown && this.#head());
  }

  async online() {
    try {
      const { findings } = await this.gateway.call('guardrail.findings', { limit: KEPT });
      this.#all = findings;
    } catch {
      this.#all = [];
    }
    this.#draw();
  }

  show() {
    this.#shown = true;
    this.#unseen = 0;
    this.badge('guardrail', 0);
    this.#draw();
  }

  hide() {
    this.#shown = false;
  }

  #add(one) {
    this.#all.unshift(one);
    this.#all.length = Math.min(this.#all.length, KEPT);
    if (!this.#shown) this.badge('guardrail', ++this.#unseen);
    if (this.#passes(one)) {
      this.list.prepend(this.#row(one));
      if (this.list.childElementCount > KEPT) this.list.lastChild.remove();
    }
    this.#rest();
  }

  #passes(one) {
    const wanted = this.filter.value;
    return !wanted || wanted === (deed(one) === 'confirm' ? 'block' : deed(one));
  }

  #draw() {
    fill(this.list, this.#all.filter((one) => this.#passes(one)).map((one) => this.#row(one)));
    this.#head();
    this.#rest();
  }

  #head() {
    const guardrail = this.figures.now?.guardrail;
    if (!this.figures.now) return;
    if (!guardrail) return void fill(this.mode, chip('off', ''));
    const { mode } = guardrail;
    fill(this.mode, chip(mode === 'action' ? 'blocks and redacts' : mode === 'observe' ? 'only observes' : mode, mode === 'action' ? 'good' : 'warn'),
      h('span', { class: 'dim' }, `${guardrail.blocked.toLocaleString()} blocked · ${guardrail.redacted.toLocaleString()} redacted · ${plural(guardrail.alerted, 'alert')} since the start`));
  }

  #rest() {
    if (this.list.childElementCount > 0) return void fill(this.rest);
    if (this.#all.length > 0) return void fill(this.rest, empty('guardrail', 'Nothing of this kind', 'Other findings are hidden by the filter.'));
    const off = this.figures.now && !this.figures.now.guardrail;
    fill(this.rest, off
      ? empty('guardrail', 'The guardrail is off', 'Set guardrail.enabled in the configuration and start the gateway again. Prompts, answers and tool calls are then inspected while they stream.')
      : empty('guardrail', 'Nothing was found', 'What rules find in prompts, answers and tool calls appears here at once. Secrets are shown masked.'));
  }

  #row(one) {
    const done = deed(one);
    const rules = one.findings ?? [];
    const where = [one.provider, one.model, one.agentId && `agent ${one.agentId}`, one.sessionKey].filter(Boolean);
    const excerpts = rules.filter((rule) => rule.excerpt);
    return h('li', { class: `finding ${KINDS[done]}` },
      h('div', { class: 'row wrap' }, h('time', {}, clock(one.ts)), chip(one.severity, one.severity.toLowerCase()), chip(WORDS[done], KINDS[done]),
        h('span', { class: 'dim' }, DIRECTIONS[one.direction] ?? one.direction),
        one.mode === 'observe' && one.rawAction !== one.action && h('span', { class: 'dim' }, `would be ${WORDS[one.rawAction]}`)),
      h('strong', {}, rules.length ? rules[0].title || rules[0].rule : one.reason),
      rules.length > 1 && h('p', { class: 'dim' }, `and ${rules.slice(1).map((rule) => rule.title || rule.rule).join(', ')}`),
      excerpts.length > 0 && h('ul', { class: 'excerpts' }, excerpts.map((rule) => h('li', {}, h('code', { class: 'rule' }, rule.rule), h('code', {}, rule.excerpt)))),
      where.length > 0 && h('p', { class: 'dim where' }, where.join(' · ')));
  }
}
