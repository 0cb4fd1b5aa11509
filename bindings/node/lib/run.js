// A run of an agent that the program answers for, from its arrival to the end of its answer.
import { RunStop, RunText, Status } from './constants.js';
import { check, GatewayError } from './errors.js';
import { numberOf } from './native.js';

/** What the function of an agent is given. */
class AgentRun {
  constructor({ agent = '', session = '', model = '' }, request, signal) {
    Object.assign(this, { agent, session, model, request, messages: request.messages, signal });
  }
}

export class PendingRun {
  #call;
  #run;
  #abort = new AbortController();
  #goOn; // its reader is no longer slow, or has left
  #calls = false; // of tools

  static open(call, event) {
    const json = call('runRequest');
    return typeof json === 'string' ? new PendingRun(call, event, JSON.parse(json)) : undefined;
  }

  constructor(call, event, request) {
    this.#call = call;
    this.#run = new AgentRun(event, request, this.#abort.signal);
  }

  goOn() {
    const goOn = this.#goOn;
    this.#goOn = undefined;
    goOn?.();
  }

  /** Nobody waits for it any more. */
  cancel() {
    this.#abort.abort(new GatewayError(Status.CANCELLED));
    this.goOn();
  }

  /** Runs the function, generator or not, and sends what it gives; the error it ended with, if it did. */
  async answer(handler) {
    let given;
    try {
      given = iterator(await handler(this.#run));
      const end = (await this.#each(given)) ?? {};
      const { inputTokens = -1, cachedTokens = 0, outputTokens = 0 } = end.usage ?? {};
      check(this.#call('runEnd', numberOf(RunStop, 'stop', end.stop ?? (this.#calls ? 'tool_calls' : 'stop')), inputTokens, cachedTokens, outputTokens));
    } catch (error) {
      given?.return?.()?.catch?.(() => {});
      if (this.#abort.signal.aborted || error.code === 'GW_ERR_GONE') return undefined;
      this.#call('runFail', error.expose ? error.message : '');
      return error;
    }
    return undefined;
  }

  // What a generator returns comes last, and is how the answer ended.
  async #each(given) {
    for (;;) {
      const { value, done } = await given.next();
      this.#abort.signal.throwIfAborted();
      if (done) return value;
      const status = check(this.#take(value));
      if (status === Status.DONE) await new Promise((resolve) => (this.#goOn = resolve));
      this.#abort.signal.throwIfAborted();
    }
  }

  #take(value) {
    if (typeof value === 'string' || value instanceof Uint8Array) return this.#call('runDelta', RunText.TEXT, value);
    if (value?.text !== undefined) return this.#call('runDelta', RunText.TEXT, value.text);
    if (value?.reasoning !== undefined) return this.#call('runDelta', RunText.REASONING, value.reasoning);
    if (value?.toolCall === undefined) throw new TypeError('an agent gives text, { text }, { reasoning } or { toolCall }');
    const { id = '', name, arguments: given = {} } = value.toolCall;
    this.#calls = true;
    return this.#call('runToolCall', id, name, typeof given === 'string' ? given : JSON.stringify(given));
  }
}

// A generator, any other source of pieces, or the whole answer.
function iterator(given) {
  if (typeof given === 'string' || given === undefined) return (given === undefined ? [] : [given])[Symbol.iterator]();
  if (given[Symbol.asyncIterator]) return given[Symbol.asyncIterator]();
  if (given[Symbol.iterator]) return given[Symbol.iterator]();
  return [given][Symbol.iterator]();
}
