import type { Server } from 'node:net';
import type { Duplex } from 'node:stream';

export const version: string;

export type Kind = 'caller' | 'peer' | 'limit' | 'policy' | 'upstream' | 'resource' | 'internal';

/** A call that failed. */
export class GatewayError extends Error {
  /** How: `GW_ERR_CONFIG`, ... as in gateway/base.h. */
  readonly code: string;
  /** Whose problem it is. */
  readonly kind: Kind;
}

export interface GatewayOptions {
  /** The configuration, as an object or as JSON5 text; without it the file `path`, or the one that the environment names. */
  config?: string | object;
  path?: string;
  /** A directory for what outlives the program; without it nothing does. */
  state?: string;
  /** Fields of gw_limits, docs/limits.md. */
  limits?: Record<string, number>;
  log?: (level: 'error' | 'warn' | 'info' | 'debug', line: string) => void;
}

export class Gateway implements AsyncDisposable {
  constructor(options?: GatewayOptions);
  /** Listens for clients, on any free port for 0; `host` is 127.0.0.1 unless told. */
  listen(port?: number, host?: string): Promise<Server>;
  /** Serves one client on any Duplex: a net.Socket, a pipe, a stream of another protocol. */
  serve(socket: Duplex): void;
  /** Figures since the start, the fields of gw_stats. */
  readonly stats: Record<string, number>;
  /** Stops listening, lets open answers finish within `drain_ms`, and ends. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

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
  feed(bytes: Uint8Array): SseEvent[];
  /** The events of any stream of bytes: a fetch() body, a socket. */
  static events(stream: AsyncIterable<Uint8Array>, options?: { eventBytesMax?: number }): AsyncGenerator<SseEvent>;
}
