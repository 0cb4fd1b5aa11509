// What a gateway asks its host to do, on node:dns, node:child_process, node:fs and node:dgram. Each function begins to work,
// calls answer(status, what is known) and gives { stop } and, for a datagram socket, { send }.
import { spawn as start } from 'node:child_process';
import dgram from 'node:dgram';
import { lookup } from 'node:dns';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { Status } from './constants.js';

const reasonOf = (error) => error.code ?? error.message;

export function resolve({ host }, answer) {
  lookup(host, { all: true, verbatim: true }, (error, found) => {
    if (error) answer(Status.RESOLVE, { reason: reasonOf(error) });
    else answer(Status.OK, { addresses: found.map(({ address }) => address) });
  });
}

/** Runs a program: `env` is its environment ("NAME=value"), `data` its standard input, the answer has its standard output. */
export function spawn({ argv, env = [], data, timeoutMs = 30000, outputBytesMax = 1 << 20 }, answer) {
  const variables = Object.fromEntries(env.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]));
  const child = start(argv[0], argv.slice(1), { env: variables, stdio: ['pipe', 'pipe', 'ignore'], windowsHide: true });
  const pieces = [];
  let size = 0;
  let timer;
  const stop = () => {
    clearTimeout(timer);
    child.kill('SIGKILL');
  };
  const fail = (status, reason) => {
    stop();
    answer(status, { reason });
  };
  timer = setTimeout(() => fail(Status.TIMEOUT, 'the program took too long'), timeoutMs);
  child.once('error', (error) => fail(Status.IO, reasonOf(error)));
  child.stdin.on('error', () => {}); // a program need not read
  child.stdin.end(data);
  child.stdout.on('data', (piece) => {
    size += piece.length;
    if (size > outputBytesMax) return fail(Status.LIMIT, 'the program wrote too much');
    pieces.push(piece);
  });
  child.once('close', (code, signal) => {
    clearTimeout(timer);
    if (code === null) answer(Status.IO, { reason: `ended by ${signal}` });
    else answer(Status.OK, { exitCode: code, data: Buffer.concat(pieces) });
  });
  return { stop };
}

/** Tells when a file changes, also when it is replaced by a rename: so its folder is watched. */
export function watch({ host: file }, answer) {
  const name = path.basename(file);
  let timer;
  let watcher;
  const changed = () => {
    timer = undefined;
    answer(Status.OK, { open: true });
  };
  try {
    watcher = fs.watch(path.dirname(file), { persistent: false }, (_, what) => {
      if (what === null || what === name) timer ??= setTimeout(changed, 20).unref(); // one save is several changes
    });
  } catch (error) {
    process.nextTick(() => answer(Status.IO, { reason: reasonOf(error) }));
    return {};
  }
  const stop = () => {
    clearTimeout(timer);
    watcher.close();
  };
  watcher.once('error', (error) => {
    stop();
    answer(Status.IO, { reason: reasonOf(error) });
  });
  return { stop };
}

/** A datagram socket: answers its port, then each datagram. */
export function datagram({ host, port = 0 }, answer) {
  const socket = dgram.createSocket(net.isIPv6(host) ? 'udp6' : 'udp4');
  socket.once('error', (error) => {
    socket.close();
    answer(Status.IO, { reason: reasonOf(error) });
  });
  socket.on('message', (data, from) => answer(Status.OK, { data, addresses: [from.address], port: from.port, open: true }));
  socket.bind({ address: host, port }, () => answer(Status.OK, { port: socket.address().port, open: true }));
  return {
    stop: () => socket.close(),
    send: ({ host: to, port: at, data }) => socket.send(data ?? '', at, to, () => {}),
  };
}
