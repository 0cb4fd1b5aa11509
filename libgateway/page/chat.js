// Sessions, the transcript of the chosen one, and a box to write into. An answer is shown while it streams; older
// messages come page by page.
import { chip, day, empty, fill, h, icon, notice, prose, soon } from './dom.js';
import { CallError, uuid } from './gateway.js';
import { Pictures } from './pictures.js';

// How the guardrail's own words begin (provider/dialect.h).
const WITHHELD = '[DefenseClaw]';

const PAGE = 100; // messages that are asked for at a time

// The text of a message, whatever form its content has.
function textOf(message) {
  const { content } = message ?? {};
  if (typeof content === 'string') return content;
  return (content ?? []).filter((part) => part.type === 'text').map((part) => part.text).join('\n\n');
}

const nameOf = (row) => row.displayName || row.label || row.derivedTitle || row.key.replace(/^agent:/, '');

export class ChatView {
  #key = '';
  #rows = [];
  #runs = new Map(); // run id → { bubble, body, text }
  #echoes = []; // what was said here and is not confirmed yet
  #follows = '';
  #wanted = new URLSearchParams(location.search).get('session');
  #loading = 0;
  #known = 0; // messages of the transcript that are shown, or came since

  constructor({ gateway, toast }) {
    this.gateway = gateway;
    this.toast = toast;
    this.search = h('input', { type: 'search', placeholder: 'Find a session', 'aria-label': 'Find a session', oninput: () => this.#list() });
    this.list = h('ul', { class: 'sessions', 'aria-label': 'Sessions' });
    this.name = h('h2', {});
    this.about = h('p', { class: 'dim' });
    this.log = h('div', { class: 'log', role: 'log', 'aria-label': 'Transcript', 'aria-live': 'polite', tabindex: '0' });
    this.box = h('textarea', { rows: 1, placeholder: 'Write to the agent', 'aria-label': 'Message', onkeydown: (event) => this.#onKey(event), oninput: () => this.#grow() });
    this.sendButton = h('button', { class: 'primary round', type: 'submit', 'aria-label': 'Send' }, icon('send'));
    this.stopButton = h('button', { class: 'danger round', type: 'button', hidden: true, 'aria-label': 'Stop the answer', onclick: () => this.#abort() }, icon('stop'));
    this.pictures = new Pictures(toast, (show) => this.#following(show));
    this.pictures.listen(this.box);
    this.resetButton = h('button', { class: 'quiet', type: 'button', onclick: () => this.#confirm('Begin this session anew? The agent forgets what was said.', 'Begin anew', 'sessions.reset') }, 'Begin anew');
    this.deleteButton = h('button', { class: 'quiet', type: 'button', onclick: () => this.#confirm('Delete this session and what was said in it?', 'Delete', 'sessions.delete') }, 'Delete');
    this.question = h('div', { class: 'question', role: 'alertdialog', hidden: true });
    this.element = h('div', { class: 'chat-panes' },
      h('div', { class: 'pane-list' },
        h('div', { class: 'row' }, this.search, h('button', { class: 'round', 'aria-label': 'New session', title: 'New session', onclick: () => this.#begin() }, icon('plus'))),
        this.list),
      h('div', { class: 'pane-log' },
        h('div', { class: 'pane-head' },
          h('button', { class: 'round quiet back', 'aria-label': 'Back to the sessions', onclick: () => this.element.classList.remove('open') }, icon('back')),
          h('div', {}, this.name, this.about),
          h('div', { class: 'row deeds' }, this.resetButton, this.deleteButton),
          this.question),
        this.log,
        h('form', { class: 'composer', onsubmit: (event) => {
          event.preventDefault();
          this.#send();
        } }, this.pictures.element, this.pictures.input, this.pictures.button, this.box, this.stopButton, this.sendButton)));
    this.refresh = soon(() => this.#reload());
    gateway.on('sessions.changed', ({ sessionKey, reason }) => {
      this.refresh();
      if (sessionKey === this.#key && ['reset', 'delete', 'compact'].includes(reason)) this.#history();
    });
    gateway.on('chat', (payload) => this.#onChat(payload));
    gateway.on('agent', (payload) => this.#onAgent(payload));
    gateway.on('session.message', (payload) => this.#onMessage(payload));
  }

  async online() {
    const { sessionDefaults } = this.gateway.hello.snapshot;
    this.#follows = '';
    this.#runs.clear(); // one that still goes on tells all of its text again
    this.box.disabled = this.sendButton.disabled = this.pictures.button.disabled = !this.gateway.may('write');
    this.gateway.call('sessions.subscribe').catch(() => {});
    await this.#reload();
    this.#choose(this.#key || this.#wanted || sessionDefaults.mainSessionKey, false);
  }

  show() {
    this.#toEnd();
  }

  // --- sessions -------------------------------------------------------------------------------------------------------

  async #reload() {
    try {
      const { sessions } = await this.gateway.call('sessions.list', { includeDerivedTitles: true, includeLastMessage: true, limit: 200 });
      this.#rows = sessions ?? [];
    } catch {
      return; // the next change
    }
    this.#list();
    this.#head();
  }

  #list() {
    const wanted = this.search.value.trim().toLowerCase();
    const rows = this.#rows.filter((row) => !wanted || `${nameOf(row)} ${row.key} ${row.lastMessagePreview ?? ''}`.toLowerCase().includes(wanted));
    fill(this.list, rows.map((row) => h('li', {}, h('button', {
      class: 'session', 'aria-current': row.key === this.#key ? 'true' : null, onclick: () => this.#choose(row.key),
    }, h('span', { class: 'row' }, h('strong', {}, nameOf(row)), h('time', {}, row.updatedAt ? day(row.updatedAt) : '')),
    h('span', { class: 'dim line' }, row.lastMessagePreview || row.key)))));
    if (rows.length === 0) fill(this.list, h('li', { class: 'dim none' }, wanted ? 'No session has these words.' : 'No sessions yet. Write something.'));
  }

  #head() {
    const row = this.#rows.find((one) => one.key === this.#key);
    this.name.textContent = row ? nameOf(row) : 'New session';
    this.about.textContent = [row?.model && `${row.modelProvider}/${row.model}`, this.#key].filter(Boolean).join(' · ');
    const may = Boolean(row) && this.gateway.may('admin');
    this.resetButton.hidden = !may;
    this.deleteButton.hidden = !may || this.#key === this.gateway.hello.snapshot.sessionDefaults.mainSessionKey;
  }

  // Asks once more, and then calls `method` for the session.
  #confirm(words, verb, method) {
    const key = this.#key;
    const close = () => {
      this.question.hidden = true;
      this.box.focus();
    };
    const go = h('button', { class: 'danger', type: 'button', onclick: async () => {
      close();
      try {
        await this.gateway.call(method, { key });
      } catch (error) {
        this.toast(`It was not done: ${error.message}`);
        return;
      }
      if (method === 'sessions.delete' && key === this.#key) this.#choose(this.gateway.hello.snapshot.sessionDefaults.mainSessionKey, false);
      else if (key === this.#key) this.#history();
      this.refresh();
    } }, verb);
    fill(this.question, h('p', {}, words), h('div', { class: 'row' }, go, h('button', { class: 'quiet', type: 'button', onclick: close }, 'Leave it')));
    this.question.hidden = false;
    go.focus();
  }

  #begin() {
    const { defaultAgentId } = this.gateway.hello.snapshot.sessionDefaults;
    this.#choose(`agent:${defaultAgentId}:dashboard:${uuid()}`);
    this.box.focus();
  }

  #choose(key, open = true) {
    if (open) this.element.classList.add('open');
    this.question.hidden = true;
    if (key !== this.#key) {
      this.#key = key;
      this.#runs.clear();
      this.#echoes = [];
      fill(this.log);
    }
    this.#list();
    this.#head();
    this.#history();
    if (this.#follows !== key) {
      if (this.#follows) this.gateway.call('sessions.messages.unsubscribe', { key: this.#follows }).catch(() => {});
      this.#follows = key;
      this.gateway.call('sessions.messages.subscribe', { key }).catch(() => {});
    }
  }

  // --- the transcript -------------------------------------------------------------------------------------------------

  async #history() {
    const turn = ++this.#loading;
    const key = this.#key;
    let page;
    try {
      page = await this.gateway.call('chat.history', { sessionKey: key, limit: PAGE });
    } catch (error) {
      if (turn === this.#loading) fill(this.log, notice('bad', h('p', {}, `The transcript cannot be read: ${error.message}`)));
      return;
    }
    if (turn !== this.#loading) return;
    const live = [...this.#runs.values()].filter((run) => !run.ended);
    fill(this.log);
    this.#known = page.messages?.length ?? 0;
    if (page.hasMore) this.log.append(this.#olderButton());
    for (const message of page.messages ?? []) this.#add(message);
    // What runs is not in it yet.
    for (const run of live) this.log.append(run.bubble);
    this.#echoes = [];
    this.#blank();
    this.#buttons();
    this.#toEnd();
  }

  #olderButton() {
    return h('button', { class: 'quiet older', type: 'button', onclick: (event) => this.#older(event.currentTarget) }, 'Show what was said before');
  }

  // The page before what is shown. What is looked at stays where it is.
  async #older(button) {
    button.disabled = true;
    const turn = this.#loading;
    let page;
    try {
      page = await this.gateway.call('chat.history', { sessionKey: this.#key, limit: PAGE, offset: this.#known });
    } catch (error) {
      button.disabled = false;
      this.toast(`It cannot be read: ${error.message}`);
      return;
    }
    if (turn !== this.#loading) return; // another transcript is shown
    const below = this.log.scrollHeight - this.log.scrollTop;
    const shown = [...this.log.children].filter((child) => child !== button);
    fill(this.log);
    if (page.hasMore) this.log.append(this.#olderButton());
    for (const message of page.messages ?? []) this.#add(message);
    this.#known += page.messages?.length ?? 0;
    this.log.append(...shown);
    this.log.scrollTop = this.log.scrollHeight - below;
  }

  #blank() {
    if (this.log.childElementCount > 0) return;
    fill(this.log, empty('chat', 'Nothing was said here yet', 'Write below. The agent that answers is the default one of the configuration.'));
  }

  #add(message) {
    this.log.querySelector('.empty')?.remove();
    const parts = Array.isArray(message.content) ? message.content : [{ type: 'text', text: message.content ?? '' }];
    if (message.role === 'toolResult') {
      this.log.append(this.#tool(message.toolName, textOf(message), message.isError ? 'failed' : 'done'));
      return null;
    }
    const text = textOf(message);
    let bubble = null;
    if (text || parts.some((part) => part.type === 'image')) {
      bubble = this.#bubble(message.role === 'user' ? 'user' : 'agent', text, message.timestamp);
      if (parts.some((part) => part.type === 'image')) bubble.append(chip('picture'));
      if (message.stopReason === 'aborted') bubble.append(chip('stopped', 'warn'));
      if (message.stopReason === 'error') bubble.append(chip('failed', 'bad'));
      this.log.append(bubble);
    }
    for (const part of parts) {
      if (part.type === 'toolCall') this.log.append(this.#tool(part.name, JSON.stringify(part.arguments ?? {}, null, 1), 'called'));
    }
    return bubble;
  }

  #bubble(who, text, time) {
    const body = h('div', { class: 'body' });
    const bubble = h('article', { class: `bubble ${who}`, 'aria-label': who === 'user' ? 'You' : 'Agent' }, body,
      time ? h('time', { class: 'dim' }, day(time)) : null);
    this.#write(bubble, text);
    return bubble;
  }

  #write(bubble, text) {
    bubble.classList.toggle('withheld', text.includes(WITHHELD));
    fill(bubble.querySelector('.body'), prose(text));
  }

  #tool(name, text, state) {
    return h('details', { class: 'tool' }, h('summary', {}, chip(state, state === 'failed' ? 'bad' : ''), ' ', h('code', {}, name ?? 'tool')),
      h('pre', { tabindex: '0' }, text.length > 4000 ? `${text.slice(0, 4000)}\n…` : text));
  }

  #atEnd() {
    return this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80;
  }

  #toEnd() {
    this.log.scrollTop = this.log.scrollHeight;
  }

  #following(change) {
    const follow = this.#atEnd();
    change();
    if (follow) this.#toEnd();
  }

  // --- what happens ---------------------------------------------------------------------------------------------------

  #run(id) {
    let run = this.#runs.get(id);
    if (!run) {
      run = { bubble: this.#bubble('agent', ''), ended: false };
      run.bubble.classList.add('live');
      run.bubble.setAttribute('aria-busy', 'true'); // it is read out when it is whole
      this.#runs.set(id, run);
      this.#following(() => {
        this.log.querySelector('.empty')?.remove();
        this.log.append(run.bubble);
      });
    }
    return run;
  }

  #onChat({ runId, sessionKey, state, message, errorMessage }) {
    if (sessionKey !== this.#key) return;
    if (this.#runs.get(runId)?.ended) return;
    const text = textOf(message);
    // What came at once, and what somebody put there, has had no run here.
    if (state !== 'delta' && !this.#runs.has(runId) && !text && state === 'final') return;
    const run = this.#run(runId);
    this.#following(() => {
      if (text) this.#write(run.bubble, text);
      if (state === 'delta') return;
      run.ended = true;
      run.bubble.classList.remove('live');
      run.bubble.removeAttribute('aria-busy');
      if (state === 'aborted') run.bubble.append(chip('stopped', 'warn'));
      if (state === 'error') {
        run.bubble.classList.add('failed');
        run.bubble.append(notice('bad', h('p', {}, errorMessage || 'The run failed.')));
      }
      if (state === 'final' && !text) run.bubble.remove();
      run.bubble.append(h('time', { class: 'dim' }, day(message?.timestamp ?? Date.now())));
    });
    this.#buttons();
  }

  #onAgent({ runId, sessionKey, stream, data }) {
    if (sessionKey !== this.#key) return;
    if (stream === 'lifecycle' && data.phase === 'start') this.#run(runId);
    if (stream === 'tool' && data.phase === 'start') {
      this.#following(() => {
        const before = this.#run(runId).bubble;
        before.before(this.#tool(data.name, JSON.stringify(data.args ?? {}, null, 1), 'called'));
      });
    }
    if (stream === 'tool' && data.phase === 'result') {
      this.#following(() => this.#run(runId).bubble.before(this.#tool(data.name, textOf(data.result), data.isError ? 'failed' : 'done')));
    }
    this.#buttons();
  }

  // Somebody said something in this session; perhaps we.
  #onMessage({ sessionKey, message }) {
    if (sessionKey !== this.#key) return;
    ++this.#known;
    if (message?.role !== 'user') return;
    const text = textOf(message);
    const echo = this.#echoes.findIndex((one) => one.text === text);
    if (echo >= 0) {
      this.#echoes.splice(echo, 1)[0].bubble.classList.remove('pending');
      return;
    }
    this.#following(() => {
      const live = [...this.#runs.values()].find((run) => !run.ended)?.bubble;
      const bubble = this.#add(message);
      if (live && bubble) live.before(bubble);
    });
  }

  #buttons() {
    const runs = [...this.#runs.values()].some((run) => !run.ended);
    this.stopButton.hidden = !runs;
  }

  // --- writing --------------------------------------------------------------------------------------------------------

  #onKey(event) {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      this.#send();
    }
  }

  #grow() {
    this.box.style.height = 'auto';
    this.box.style.height = `${Math.min(this.box.scrollHeight, 200)}px`;
  }

  async #send() {
    const text = this.box.value;
    if (!text.trim() && this.pictures.count === 0) return;
    const pictures = this.pictures.give();
    if (!pictures) return; // in a moment
    const bubble = this.#add({ role: 'user', content: text, timestamp: Date.now() }) ?? this.#bubble('user', '', Date.now());
    if (!bubble.isConnected) this.log.append(bubble);
    for (const one of pictures) bubble.append(one.canvas);
    bubble.classList.add('pending');
    const echo = { text, bubble };
    this.#echoes.push(echo);
    this.box.value = '';
    this.#grow();
    this.#toEnd();
    const key = this.#key;
    try {
      const attachments = pictures.map(({ name, mimeType, content }) => ({ type: 'image', fileName: name, mimeType, content }));
      const { runIds, status, summary } = await this.gateway.call('chat.send', {
        sessionKey: key, message: text, idempotencyKey: uuid(), ...(attachments.length > 0 ? { attachments } : {}) });
      bubble.classList.remove('pending');
      if (status === 'error') throw new CallError({ message: summary });
      if (runIds) bubble.append(chip(runIds.length ? 'stopped what ran' : 'nothing ran'));
    } catch (error) {
      this.#echoes = this.#echoes.filter((one) => one !== echo);
      bubble.classList.remove('pending');
      bubble.classList.add('failed');
      bubble.append(notice('bad', h('p', {}, `Not sent: ${error.message}`)));
      if (key !== this.#key) return;
      if (!this.box.value) this.box.value = text;
      this.pictures.restore(pictures);
    }
  }

  async #abort() {
    this.stopButton.disabled = true;
    try {
      await this.gateway.call('chat.abort', { sessionKey: this.#key });
    } catch (error) {
      this.toast(`It cannot be stopped: ${error.message}`);
    }
    this.stopButton.disabled = false;
  }
}
