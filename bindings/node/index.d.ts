import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';

/** The version of the library that is running. */
export const version: string;

export type Kind = 'caller' | 'peer' | 'limit' | 'policy' | 'upstream' | 'resource' | 'internal';

/** A call that failed. */
export class GatewayError extends Error {
  constructor(status: number, message?: string, options?: ErrorOptions);
  /** How: `GW_ERR_CONFIG`, ... as in gateway/base.h. */
  readonly code: string;
  /** Whose problem it is. */
  readonly kind: Kind;
  /** With `GW_ERR_BLOCKED` of an Inspector's stream: what was found. */
  readonly verdict?: Verdict;
}

// --- texts under inspection ------------------------------------------------------------------------------------------

export type Profile = 'default' | 'strict' | 'permissive';
export type Severity = 'none' | 'low' | 'medium' | 'high' | 'critical';
export type Direction = 'prompt' | 'completion' | 'tool_call' | 'tool_result';
export type Mode = 'action' | 'observe' | 'redact';
export type Action = 'allow' | 'alert' | 'confirm' | 'block';

export interface RuleSetOptions {
  /** Name, as seen from the pack's folder -> what it holds. */
  files?: Record<string, string | Uint8Array>;
  /** Whether what the files do not say comes from the default pack [true]. */
  defaultPack?: boolean;
  profile?: Profile;
  /** Block from here on, instead of what the profile says. */
  blockFrom?: Severity;
  /** Every rule replaces what it finds. */
  maskAll?: boolean;
  /** What a rule spells out itself ("sk-ant-api", "api_key = ") may leave before more is known. */
  publicOpenings?: boolean;
}

/** A compiled set of rules. Make one for a thread and use it for all its texts. */
export class RuleSet {
  constructor(options?: RuleSetOptions);
  /** The default pack in the default profile; one for each thread. */
  static readonly default: RuleSet;
  /** All .yaml, .yml and .json files below a folder, over the default pack unless told otherwise. */
  static fromFolder(folder: string, options?: Omit<RuleSetOptions, 'files'>): RuleSet;
  readonly count: number;
  /** 16 hexadecimal digits that name exactly these rules. */
  readonly fingerprint: string;
  readonly warnings: string[];
}

export interface InspectorOptions {
  rules?: RuleSet;
  direction?: Direction;
  mode?: Mode;
  /** Tool calls and results: the name of the tool. */
  tool?: string;
  path?: string;
  host?: string;
  /** From here on ask instead of blocking or alerting. */
  confirmFrom?: Severity;
  /** A partial match that is longer decides the text [8192]. */
  holdBytesMax?: number;
  /** So does one that grows no more for so long; 0: it may wait for ever. */
  holdMsMax?: number;
  /** At a limit let the text go, and say so in the verdict; else block. */
  releaseAtLimit?: boolean;
  /** Do not look behind disguises. */
  rawOnly?: boolean;
}

export interface Finding {
  rule: string;
  title: string;
  category: string;
  severity: Severity;
  action: Action;
  confidence: number;
  /** Bytes of the text as it was fed. */
  begin: number;
  end: number;
  /** A few characters, never the secret itself. */
  evidence: string;
  view: string;
  redacted: boolean;
  proven: boolean;
}

export interface InspectorState {
  action: Action;
  severity: Severity;
  blocked: boolean;
  findings: number;
  redactions: number;
  bytesInspected: number;
  bytesHeld: number;
  bytesHeldMax: number;
  memory: number;
}

/** docs/guardrail.md says what is in it. */
export interface Verdict {
  action: Action;
  severity: string;
  confidence: number;
  reason: string;
  findings: string[];
  detailed_findings: Record<string, unknown>[];
  [more: string]: unknown;
}

export interface StreamOptions {
  /** When a rule blocks: fail with GW_ERR_BLOCKED, or end behind what may leave ['error']. */
  onBlock?: 'error' | 'end';
}

/** One text. What feed() and finish() give may be sent on; nothing depends on how the text was cut. */
export class Inspector {
  constructor(options?: InspectorOptions);
  /**
   * Takes the next piece; gives what may leave: bytes for bytes, a string for a string. The bytes may be the piece itself
   * or a part of it. Look at `blocked` afterwards.
   */
  feed(piece: string): string;
  feed(piece: Uint8Array): Uint8Array;
  /** The text ends here; gives what was still held, as feed() would. */
  finish(): string | Buffer;
  /** For `holdMsMax`: tells the time; gives what is due. `deadline` says when that is worth it, Infinity: not now. */
  tick(monotonicMs?: number): string | Buffer;
  readonly deadline: number;
  /** A rule blocks: what was given so far is all that leaves. */
  readonly blocked: boolean;
  readonly state: InspectorState;
  readonly findings: Finding[];
  readonly verdict: Verdict;
  transform<T extends string | Uint8Array>(options?: StreamOptions): TransformStream<T, T>;
  /** The pieces of any source as they may leave. It stops the source when a rule blocks. */
  wrap<T extends string | Uint8Array>(pieces: Iterable<T> | AsyncIterable<T>, options?: StreamOptions & { signal?: AbortSignal }): AsyncGenerator<T>;
  /** Gives the memory back at once; the collector would, later. */
  [Symbol.dispose](): void;
}

/** A whole text at once: what may leave of it, and the verdict. */
export function inspect<T extends string | Uint8Array>(text: T, options?: InspectorOptions): { text: T extends string ? string : Buffer; verdict: Verdict; blocked: boolean };

// --- a gateway -------------------------------------------------------------------------------------------------------

export interface GatewayOptions {
  /** The configuration, as an object or as JSON5 text; without it the file `path`, or the one that the environment names. */
  config?: string | object;
  path?: string;
  /** The environment that the configuration refers to [process.env]. */
  env?: Record<string, string | undefined>;
  /** A directory for what outlives the program; without it nothing does. */
  state?: string;
  /** Fields of gw_limits, docs/limits.md. */
  limits?: Record<string, number>;
  log?: (level: LogLevel, message: string) => void;
  /** Whether events() has the records of the guardrail [false]. */
  records?: boolean;
  /** Open the ports of the configuration; `port` and `host` go before it, port 0 is any free one [false]. */
  ports?: boolean | { port?: number; host?: string };
  /** What the gateway may ask of the program [connect, resolve]. `spawn` runs programs that the configuration names. */
  services?: ('connect' | 'resolve' | 'spawn' | 'watch' | 'datagram')[];
  /**
   * Decides who may come in, instead of `gateway.auth`. A falsy answer is 401; what it throws, or no answer in time, 503.
   * Without `scopes` everything is allowed.
   */
  auth?: (visitor: Visitor) => Promise<User | boolean | null | undefined> | User | boolean | null | undefined;
  /**
   * A second opinion on what the rules of the guardrail, in mode action, let pass: nothing or true lets it go on, a reason or
   * false blocks it, and what it throws, or no answer in time, leaves the word to the rules. Clients are told the reason.
   */
  opinion?: (asked: OpinionRequest) => Promise<string | boolean | null | undefined | void> | string | boolean | null | undefined | void;
  /** Closes the gateway. */
  signal?: AbortSignal;
}

/** Something on its way: a prompt to a provider or a model, a whole answer to its client, calls of an answer. */
export interface OpinionRequest {
  readonly direction: 'prompt' | 'completion' | 'tool_call';
  readonly provider: string;
  readonly model: string;
  readonly session: string;
  /** Of the gateway, if one is at work. */
  readonly agent?: string;
  /** As it would go on: a prompt in the client's dialect, an answer in the provider's, `{ calls: [{ name, arguments }] }`. */
  readonly body: Record<string, any>;
  /** Aborted when the client left or it took too long. */
  readonly signal: AbortSignal;
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export interface User {
  user?: string;
  /** "operator.read", ... */
  scopes?: string[];
}

/** Whoever wants to come in. Secrets are in here: not for a log. */
export interface Visitor {
  readonly address: string;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** What a gateway socket gave as `auth` in `connect`; empty for HTTP. */
  readonly auth: '' | Record<string, any>;
  header(name: string): string | undefined;
}

export interface Peer {
  /** The other end's address, as text; empty for this process. Without authentication only this machine is served. */
  address?: string;
  port?: number;
  listener?: number;
}

/** What the function of a route is given. Headers and parameters can be read until it answers. */
export interface GatewayRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
  /** Who sent it, as the option `auth` said. */
  readonly user: { user: string; scopes: string[] } | undefined;
  header(name: string): string | undefined;
  param(name: string): string | undefined;
  text(): string;
  json(): any;
}

export type Pieces = AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array>;

/** Nothing (204), text, bytes, a stream of them, a Response, or status, headers and body; a body that is an object goes as JSON. */
export type RouteAnswer =
  | undefined | null | string | Uint8Array | Response | AsyncIterable<string | Uint8Array>
  | { status?: number; headers?: Record<string, string> | Headers | [string, string][]; body?: string | Uint8Array | Pieces | object | null };

/** One answer that an agent of the program is asked for. */
export interface AgentRun {
  readonly agent: string;
  /** The key of its session; may be empty. */
  readonly session: string;
  /** "provider/model", if a client wished for one; else empty. */
  readonly model: string;
  /** A chat completions request of OpenAI's. */
  readonly request: { messages: Record<string, any>[]; tools?: Record<string, any>[]; [more: string]: any };
  readonly messages: Record<string, any>[];
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export type AgentPiece =
  | string | Uint8Array
  | { text: string | Uint8Array }
  | { reasoning: string | Uint8Array }
  | { toolCall: { id?: string; name: string; arguments?: object | string } };

export interface AgentEnd {
  /** ['stop', or 'tool_calls' behind a call] */
  stop?: 'stop' | 'length' | 'tool_calls' | 'content_filter';
  usage?: { inputTokens: number; cachedTokens?: number; outputTokens: number };
}

/** What it throws is logged; clients are told only the message of an error with `expose: true`. */
export type Agent = (run: AgentRun) => AsyncIterable<AgentPiece> | AsyncGenerator<AgentPiece, AgentEnd | void> | Promise<AgentPiece | AsyncIterable<AgentPiece> | void>;

/** One call of a tool of the program. */
export interface ToolRun {
  readonly tool: string;
  readonly arguments: Record<string, any>;
  readonly agent: string;
  /** The key of its session; may be empty. */
  readonly session: string;
  /** Aborted when nobody waits for the result any more. */
  readonly signal: AbortSignal;
  /** Says what it is doing, for people who watch; no part of the result. */
  progress(text: string): void;
}

export interface ToolOptions {
  /** What models are told of it. */
  description?: string;
  /** A JSON Schema object for the arguments, or its text [no arguments]. */
  schema?: object | string;
  /** Offered and run only for callers who may do everything [false]. */
  ownerOnly?: boolean;
}

/**
 * The arguments are written by a model or a client: check them. The result is text, nothing, or anything that JSON has; what a
 * generator yields goes to `progress`. What it throws is logged; models and clients are told only the message of an error with `expose: true`.
 */
export type Tool = (args: Record<string, any>, run: ToolRun) => unknown | Promise<unknown> | AsyncGenerator<string, unknown>;

/** One call of a method of the program. */
export interface MethodCall {
  readonly method: string;
  readonly params: Record<string, any>;
  /** For `emit`, as long as the client is connected. */
  readonly client: bigint;
  /** What is known of the client: `client`, `mode`, `conn`, `role`, `scopes`, `owner`, `local`, `address`, perhaps `user` and `device`. */
  readonly caller: Record<string, any>;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

export interface MethodOptions {
  /** Who may call it: "operator.read", ...; "node" for clients of that role ["operator.admin"]. */
  scope?: string;
  /** A JSON Schema object for the parameters, or its text [anything goes]. */
  schema?: object | string;
  /** A call without an answer fails after so long [gw_limits.ask_timeout_ms]. */
  timeoutMs?: number;
}

/**
 * The answer is anything that JSON has. What it throws is logged and fails the call; an error with `expose: true` is told to the caller
 * instead: its `message`, its `code` ("NOT_FOUND") and its `details`.
 */
export type Method = (params: Record<string, any>, call: MethodCall) => unknown;

export type GatewayEvent =
  | { type: 'log'; level: LogLevel; message: string; record?: undefined }
  | { type: 'record'; record: Record<string, unknown>; level?: undefined; message?: undefined }
  | { type: 'ready'; url?: string; token?: string; record?: undefined; level?: undefined; message?: undefined }
  | { type: 'dropped'; count: number; record?: undefined; level?: undefined; message?: undefined };

/** A server that listens on a port. */
export interface ListeningServer extends Server {
  address(): AddressInfo;
}

export class Gateway implements AsyncDisposable {
  constructor(options?: GatewayOptions);
  /** Listens for clients, on any free port for 0; `host` is 127.0.0.1 unless told. */
  listen(port?: number, host?: string, options?: { listener?: number; signal?: AbortSignal }): Promise<ListeningServer>;
  /**
   * Serves one client on any Duplex: a net.Socket, a pipe, a stream of another protocol. `head` is what was read of it
   * before. False, and the stream is destroyed, when there are too many or the gateway stops.
   */
  serve(socket: Duplex, peer?: Peer & { head?: Uint8Array }): boolean;
  /** A client of this process, without a socket: the other end of a connection to this gateway. */
  connect(peer?: Peer): Duplex;
  /** fetch() of this gateway, in this process; only path and query of the URL count. */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Answers a request of node:http, Express, ... whose body was not read. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Takes over an upgrade of node:http. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Answers `method pattern` with an async function, behind the gateway's authentication unless `public`. Before the first client. */
  route(method: string, pattern: string, handler: (request: GatewayRequest) => RouteAnswer | Promise<RouteAnswer>, options?: { public?: boolean; bodyBytesMax?: number }): this;
  /** Answers for the agent `id`; without an id for every agent whose `runtime` is "host". */
  agent(id: string, agent: Agent): this;
  agent(agent: Agent): this;
  /** Offers a tool to the models of agents and to POST /tools/invoke, from their next turn on. `name` is 1 to 64 letters, digits, `_`, `-`. */
  tool(name: string, options: ToolOptions, tool: Tool): this;
  /** Answers a method of the gateway protocol, for callers who have the scope and whose parameters fit the schema. */
  method(name: string, options: MethodOptions, method: Method): this;
  /** Makes an event known that emit() will send. Without `scope` everybody gets it; with `mayDrop` a slow client does without it. */
  addEvent(name: string, options?: { scope?: string; mayDrop?: boolean; toNodes?: boolean }): this;
  /** Sends an event that was added to all who may see it, or to one client of a method's call. */
  emit(name: string, payload?: unknown, options?: { client?: bigint }): void;
  /** Reads and checks the configuration again, lets what is running finish, and ends; `closed` then says `restart`. */
  restart(): void;
  /** Once it has ended, by whatever; `restart` asks the program to make a new one. */
  readonly closed: Promise<{ restart: boolean }>;
  /** Log lines and records, from now on until the gateway ends. A slow reader loses the oldest above `max` [1024]. */
  events(options?: { max?: number; signal?: AbortSignal }): AsyncIterableIterator<GatewayEvent>;
  /** Once all ports of the configuration listen: the address to tell people, and the token if one was made. */
  readonly ready: Promise<{ url?: string; token?: string }>;
  /** Figures since the start, the fields of gw_stats. */
  readonly stats: Record<string, number>;
  /** Stops listening, lets open answers finish within `drain_ms`, and ends. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

// --- building blocks -------------------------------------------------------------------------------------------------

export interface SseEvent {
  type: string;
  data: string;
  id: string;
  raw: Buffer;
  retryMs?: number;
}

/** Reads one stream of server-sent events, fed in pieces of any size, cut anywhere. */
export class SseDecoder {
  constructor(options?: { eventBytesMax?: number });
  /** The events that `bytes` complete. Those in front of one that is too long still come; the next call throws. */
  feed(bytes: Uint8Array | string): SseEvent[];
  /** What came after the last event and is none yet. */
  readonly rest: Buffer;
  static stream(options?: { eventBytesMax?: number }): TransformStream<Uint8Array, SseEvent>;
  /** The events of any stream of bytes: a fetch() body, a socket. */
  static events(stream: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | null, options?: { eventBytesMax?: number }): AsyncGenerator<SseEvent>;
}

/** One event to be written; `data` that is no string is written as JSON. */
export interface SseOutput {
  type?: string;
  data?: unknown;
  id?: string;
  retryMs?: number;
}

/** Writes server-sent events. It keeps nothing between two of them. */
export class SseEncoder {
  encode(event: SseOutput): Buffer;
  /** A comment, which keeps an idle stream alive and which readers ignore. */
  comment(text?: string): Buffer;
  static stream(): TransformStream<SseOutput, Buffer>;
  static bytes(events: AsyncIterable<SseOutput> | Iterable<SseOutput>): AsyncGenerator<Buffer>;
}

export interface RouteMatch<T> {
  /** 200, or what to answer with: 404, 405 or 204 with `allow`, 400. */
  status: number;
  value?: T;
  params: Record<string, string>;
  path: string;
  query: string;
  /** A HEAD request that the route for GET answers. */
  head: boolean;
  allow: string;
}

/** Method and path -> a value of yours. Literals win over `:name`, that over `*rest`; unclear paths are refused. */
export class Router<T = unknown> {
  /** `method` is GET, POST, ..., or * for all that the pattern has no route of its own for. */
  add(method: string, pattern: string, value: T): this;
  match(method: string, target: string): RouteMatch<T>;
}
