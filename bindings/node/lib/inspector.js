// Text in pieces against a set of rules: what may leave comes out of each call, what was found is a verdict.
//
//     RuleSet  ->  new Inspector({ rules })   feed(piece) -> what may leave    finish() -> the rest    verdict
//                            transform()      a TransformStream around it
//                            wrap(pieces)     an async iterator around it
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { Action, Direction, InspectMode, Profile, Severity, Status } from './constants.js';
import { check, GatewayError } from './errors.js';
import { native, numberOf, wordOf } from './native.js';

const handles = new WeakMap(); // RuleSet -> what the addon knows it by
const { numbers } = native;
let arena = native.newArena(); // what short results are parts of
const nothing = Buffer.alloc(0);

/** A compiled set of rules. Make one for a thread and use it for all its texts. */
export class RuleSet {
  static #default;

  /** The default pack in the default profile; one for each thread. */
  static get default() {
    return (this.#default ??= new RuleSet());
  }

  constructor({ files = {}, defaultPack = true, profile = 'default', blockFrom = 'none', maskAll = false, publicOpenings = false } = {}) {
    const flat = Object.entries(files).flatMap(([name, bytes]) => [name, typeof bytes === 'string' ? Buffer.from(bytes) : bytes]);
    const [status, problems, rules, count, fingerprint] = native.compileRules(
      flat, defaultPack, numberOf(Profile, 'profile', profile), numberOf(Severity, 'blockFrom', blockFrom), maskAll, publicOpenings);
    check(status, problems.trim());
    handles.set(this, rules);
    this.count = count;
    this.fingerprint = fingerprint;
    this.warnings = problems.split('\n').filter(Boolean);
    Object.freeze(this);
  }

  /** All .yaml, .yml and .json files below a folder, over the default pack unless told otherwise. */
  static fromFolder(folder, options) {
    const files = {};
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.(ya?ml|json)$/.test(entry.name)) continue;
      const file = path.join(entry.parentPath ?? entry.path, entry.name);
      files[path.relative(folder, file).split(path.sep).join('/')] = readFileSync(file);
    }
    return new RuleSet({ ...options, files });
  }
}

/** One text. What feed() and finish() give may be sent on; nothing depends on how the text was cut. */
export class Inspector {
  #native;
  #ended = false;
  #blocked = false;
  #decoder; // of pieces that came as strings

  constructor({
    rules = RuleSet.default, direction = 'completion', mode = 'action', tool = '', path = '', host = '',
    confirmFrom = 'none', holdBytesMax = 0, holdMsMax = 0, releaseAtLimit = false, rawOnly = false,
  } = {}) {
    const from = handles.get(rules);
    if (!from) throw new TypeError('rules is not a RuleSet');
    this.#native = check(native.textNew(
      from, numberOf(Direction, 'direction', direction), numberOf(InspectMode, 'mode', mode), [tool, path, host],
      numberOf(Severity, 'confirmFrom', confirmFrom), holdBytesMax, holdMsMax, (releaseAtLimit ? 1 : 0) | (rawOnly ? 2 : 0)));
  }

  /** Takes the next piece; gives what may leave: a Buffer, or a string for a string. Look at `blocked` afterwards. */
  feed(piece) {
    if (typeof piece === 'string') return this.#text(Buffer.from(piece), false);
    if (!(piece instanceof Uint8Array)) throw new TypeError('a piece is a string, a Buffer or a Uint8Array');
    const taken = native.feed(this.#native, piece);
    return taken === piece.length && numbers[1] === 0 ? piece : this.#take(taken, piece);
  }

  /** The text ends here; gives what was still held, as feed() would. */
  finish() {
    if (this.#decoder) return this.#text(nothing, true);
    this.#ended = true;
    return this.#take(native.finish(this.#native), nothing);
  }

  /** For `holdMsMax`: tells the time in milliseconds; gives what is due. `deadline` says when that is worth it. */
  tick(monotonicMs = performance.now()) {
    const bytes = this.#take(native.tellTime(this.#native, monotonicMs), nothing);
    return this.#decoder ? this.#decoder.write(bytes) : bytes;
  }

  get deadline() {
    return native.textDeadline(this.#native);
  }

  #take(taken, piece) {
    const status = numbers[1];
    if (status === Status.BLOCKED) this.#blocked = true;
    else check(status);
    if (typeof taken !== 'number') return taken;
    if (taken === 0) return nothing;
    if (taken > 0) return taken === piece.length ? piece : piece.subarray(numbers[0], numbers[0] + taken);
    const out = arena.subarray(numbers[0], numbers[0] - taken);
    if (numbers[2] !== 0) arena = native.newArena();
    return out;
  }

  // A character whose bytes do not leave together comes when its last one does.
  #text(piece, last) {
    this.#decoder ??= new StringDecoder('utf8');
    this.#ended ||= last;
    const bytes = this.#take(last ? native.finish(this.#native) : native.feed(this.#native, piece), piece);
    return last ? this.#decoder.end(bytes) : this.#decoder.write(bytes);
  }

  /** A rule blocks: what was given so far is all that leaves. */
  get blocked() {
    return this.#blocked;
  }

  /** How the text stands. */
  get state() {
    const state = native.textState(this.#native);
    if (!state) check(Status.STATE, 'the text has ended');
    const [action, severity, blocked, findings, redactions, bytesInspected, bytesHeld, bytesHeldMax, memory] = state;
    return { action: wordOf(Action, action), severity: wordOf(Severity, severity), blocked: blocked === 1, findings, redactions, bytesInspected, bytesHeld, bytesHeldMax, memory };
  }

  /** What was found so far, in the order in which it became known. */
  get findings() {
    const found = [];
    for (let one; (one = native.finding(this.#native, found.length)); ) {
      found.push({ ...one, severity: wordOf(Severity, one.severity), action: wordOf(Action, one.action) });
    }
    return found;
  }

  /** The whole verdict (docs/guardrail.md). */
  get verdict() {
    return JSON.parse(check(native.verdict(this.#native)));
  }

  /**
   * A TransformStream around this text, of bytes or of strings. When a rule blocks, it fails with GW_ERR_BLOCKED, or,
   * with `onBlock: 'end'`, ends behind what may leave.
   */
  transform({ onBlock = 'error' } = {}) {
    const give = (out, controller) => {
      if (out.length > 0) controller.enqueue(out);
      if (!this.#blocked) return;
      onBlock === 'end' ? controller.terminate() : controller.error(this.#blockedError());
    };
    return new TransformStream({
      transform: (piece, controller) => give(this.feed(piece), controller),
      flush: (controller) => give(this.finish(), controller),
    });
  }

  /** The pieces of any source, sync or async, as they may leave. It stops the source when a rule blocks. */
  async *wrap(pieces, { onBlock = 'error', signal } = {}) {
    for await (const piece of pieces) {
      signal?.throwIfAborted();
      const out = this.feed(piece);
      if (out.length > 0) yield out;
      if (this.#blocked) break;
    }
    signal?.throwIfAborted();
    if (!this.#blocked) {
      const out = this.finish();
      if (out.length > 0) yield out;
    }
    if (this.#blocked && onBlock !== 'end') throw this.#blockedError();
  }

  #blockedError() {
    const { verdict } = this;
    return Object.assign(new GatewayError(Status.BLOCKED), { verdict });
  }

  /** Gives the memory back at once; the collector would, later. */
  [Symbol.dispose ?? Symbol.for('nodejs.dispose')]() {
    native.textEnd(this.#native);
  }
}

/** A whole text at once: what may leave of it, and the verdict. */
export function inspect(text, options) {
  const inspector = new Inspector(options);
  const parts = [inspector.feed(text)];
  if (!inspector.blocked) parts.push(inspector.finish());
  return { text: typeof text === 'string' ? parts.join('') : Buffer.concat(parts), verdict: inspector.verdict, blocked: inspector.blocked };
}
