import { Kind, Status } from './constants.js';
import { nameOf, native, wordOf } from './native.js';

/** A call that failed: `code` says how, `kind` whose problem it is. */
export class GatewayError extends Error {
  name = 'GatewayError';
  constructor(status, message, options) {
    const [kind, text] = native.describe(status);
    super(message || text, options);
    this.code = `GW_ERR_${nameOf(Status, status) ?? -status}`;
    this.kind = wordOf(Kind, kind);
  }
}

/** Throws for a status that is an error, and for a number where something else was to come. */
export function check(result, message) {
  if (typeof result === 'number' && result < 0) throw new GatewayError(result, message);
  return result;
}
