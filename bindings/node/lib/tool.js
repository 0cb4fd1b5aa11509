// A call of a tool that the program runs, from its arrival to its result.
import { Status } from './constants.js';
import { check, GatewayError } from './errors.js';

/** What the function of a tool is given behind the arguments. */
class ToolRun {
  #call;

  constructor(call, { tool, agent = '', session = '', data }, signal) {
    this.#call = call;
    Object.assign(this, { tool, agent, session, arguments: JSON.parse(data), signal });
  }

  /** Says what it is doing, for people who watch. */
  progress(text) {
    check(this.#call('toolProgress', String(text)));
  }
}

export class PendingTool {
  #call;
  #run;
  #abort = new AbortController();

  constructor(call, event) {
    this.#call = call;
    this.#run = new ToolRun(call, event, this.#abort.signal);
  }

  /** Nobody waits for it any more. */
  cancel() {
    this.#abort.abort(new GatewayError(Status.CANCELLED));
  }

  /** Runs the function, generator or not, and sends its result; the error it ended with, if it did. */
  async answer(handler) {
    const { signal } = this.#abort;
    let steps;
    try {
      let result = await handler(this.#run.arguments, this.#run);
      steps = result?.[Symbol.asyncIterator]?.();
      if (steps) result = await this.#each(steps);
      signal.throwIfAborted();
      check(this.#call('toolResult', textOf(result), false));
    } catch (error) {
      steps?.return?.()?.catch?.(() => {});
      if (signal.aborted || error.code === 'GW_ERR_GONE') return undefined;
      this.#call('toolResult', error.expose ? error.message : '', true);
      return error;
    }
    return undefined;
  }

  // What a generator yields is said while it works; what it returns is the result.
  async #each(steps) {
    for (;;) {
      const { value, done } = await steps.next();
      this.#abort.signal.throwIfAborted();
      if (done) return value;
      this.#run.progress(value);
    }
  }
}

function textOf(result) {
  if (typeof result === 'string') return result;
  return result === undefined ? '' : JSON.stringify(result);
}
