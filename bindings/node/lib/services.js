// What a gateway asks its host to do, on node:dns, node:child_process, node:fs and node:dgram. Each function begins to work,
// calls answer(status, what is known) and gives { stop } and, for a datagram socket, { send }.
import { spawn as start } from 'node:child_process';
import dgram from 'node:dgram';
import { lookup } from 'node:dns';
import fs from 'node:fs';
import net from 'node:net';
import { constants } from 'node:os';
import { Status } from './constants.js';

const { signals } = constants;
const reasonOf = (error) => error.code ?? error.message;

export function resolve({ host }, answer) {
  lookup(host, { all: true, verbatim: true }, (error, found) => {
    if (error) answer(Status.RESOLVE, { reason: reasonOf(error) });
    else answer(Status.OK, { addresses: found.map(({ address }) => address) });
  });
}

/**
 * Runs a program: `env` is its environment ("NAME=value"), `data` its standard input. Its standard output is answered as it
 * comes, its exit code last; the gateway counts both bytes and time.
 */
export function spawn({ argv, env = [], data }, answer) {
  const variables = Object.fromEntries(env.map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]));
  const options = { env: variables, stdio: ['pipe', 'pipe', 'ignore'], detached: process.platform !== 'win32', windowsHide: true };
  const child = start(argv[0], argv.slice(1), options);
  child.once('error', (error) => answer(Status.IO, { reason: reasonOf(error) }));
  child.stdin.on('error', () => {}); // a program need not read
  child.stdin.end(data);
  child.stdout.on('data', (piece) => answer(Status.OK, { data: piece, open: true }));
  child.once('close', (code, signal) => answer(Status.OK, { exitCode: code ?? 128 + signals[signal] }));
  return { stop: () => kill(child) };
}

// With all that it started, which are of its process group.
function kill(child) {
  try {
    process.kill(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL');
  } catch {} // it has ended
}

/** Tells when something happens in the directory; whether that is a change the gateway sees for itself. */
export function watch({ data: directory }, answer) {
  const fail = (error) => answer(Status.IO, { reason: reasonOf(error) });
  try {
    const watcher = fs.watch(directory.toString(), { persistent: false }, () => answer(Status.OK, { open: true }));
    watcher.once('error', fail);
    return { stop: () => watcher.close() };
  } catch (error) {
    process.nextTick(fail, error);
    return {};
  }
}

/** A datagram socket, a member of the multicast group in `data` if there is one: answers its port, then each datagram. */
export function datagram({ host, port = 0, data }, answer) {
  const group = data?.toString();
  const socket = dgram.createSocket({ type: net.isIPv6(host) ? 'udp6' : 'udp4', reuseAddr: Boolean(group) });
  const fail = (error) => {
    socket.close();
    answer(Status.IO, { reason: reasonOf(error) });
  };
  socket.once('error', fail);
  socket.on('message', (data, from) => answer(Status.OK, { data, addresses: [from.address], port: from.port, open: true }));
  socket.bind({ address: host, port }, () => {
    try {
      if (group) socket.addMembership(group);
      if (group) socket.setMulticastTTL(255); // RFC 6762 11
    } catch (error) {
      return fail(error);
    }
    answer(Status.OK, { port: socket.address().port, open: true });
  });
  return {
    stop: () => socket.close(),
    send: ({ host: to, port: at, data }) => socket.send(data ?? '', at, to, () => {}),
  };
}
