// A call of a method that the program answers, from its arrival to its answer.
import { Status } from './constants.js';
import { check, GatewayError } from './errors.js';

const isCode = /^[A-Z][A-Z0-9_]{0,63}$/;

export class PendingMethod {
  #call;
  #told;
  #abort = new AbortController();

  constructor(call, { method, client, caller, data }) {
    this.#call = call;
    this.#told = { method, params: JSON.parse(data), client, caller: JSON.parse(caller), signal: this.#abort.signal };
  }

  /** Nobody waits for it any more. */
  cancel() {
    this.#abort.abort(new GatewayError(Status.CANCELLED));
  }

  /** Runs the function and sends what it gives; the error it ended with, if it did. */
  async answer(handler) {
    const { signal } = this.#abort;
    try {
      const payload = await handler(this.#told.params, this.#told);
      signal.throwIfAborted();
      check(this.#call('methodAnswer', payload === undefined ? '' : JSON.stringify(payload)));
    } catch (error) {
      if (signal.aborted || error.code === 'GW_ERR_GONE') return undefined;
      const { code, message, details } = error.expose ? error : { message: 'the method failed' };
      this.#call('methodFail', isCode.test(code) ? code : '', String(message), details === undefined ? '' : JSON.stringify(details));
      return error.expose ? undefined : error;
    }
    return undefined;
  }
}
