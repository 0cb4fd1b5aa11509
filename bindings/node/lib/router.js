import { RouteOutcome } from './constants.js';
import { check } from './errors.js';
import { native } from './native.js';

const answers = { [RouteOutcome.FOUND]: 200, [RouteOutcome.NOT_FOUND]: 404, [RouteOutcome.METHOD_NOT_ALLOWED]: 405, [RouteOutcome.OPTIONS]: 204, [RouteOutcome.BAD_PATH]: 400 };

/** Method and path -> a value of yours. Literals win over `:name`, that over `*rest`; unclear paths are refused. */
export class Router {
  #native = check(native.routerNew());
  #values = [];

  /** `method` is GET, POST, ..., or * for all that the pattern has no route of its own for. */
  add(method, pattern, value) {
    check(native.routerAdd(this.#native, method, pattern, this.#values.length), `no such route, or there is one: ${method} ${pattern}`);
    this.#values.push(value);
    return this;
  }

  /** What a request leads to; `status` is 200, or the one to answer with. */
  match(method, target) {
    const [outcome, index, head, flat, path, query, allow] = check(native.routerMatch(this.#native, method, target));
    const params = Object.create(null);
    for (let i = 0; i < flat.length; i += 2) params[flat[i]] = flat[i + 1];
    const found = outcome === RouteOutcome.FOUND;
    return { status: answers[outcome], value: found ? this.#values[index] : undefined, params, path, query, head, allow };
  }
}
