// The npm package ws as a client of examples/websocket_echo.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createRequire } from "node:module";
import { test } from "node:test";

const require = createRequire(process.env.PACKAGES);
const WebSocket = require("ws");
const url = process.env.URL;

async function open(options = {}) {
  const socket = new WebSocket(url, { maxPayload: 64 << 20, ...options });
  await once(socket, "open");
  return socket;
}

async function echo(socket, message, options = {}) {
  const answer = once(socket, "message");
  socket.send(message, options);
  const [data, isBinary] = await answer;
  return isBinary ? data : data.toString();
}

async function close(socket, ...reason) {
  const closed = once(socket, "close");
  socket.close(...reason);
  const [code, text] = await closed;
  return [code, text.toString()];
}

test("text and binary", async () => {
  const socket = await open();
  for (const text of ["", "hello", "Grüße 日本語 👩‍🚀", "x".repeat(125), "x".repeat(126), "x".repeat(65535), "x".repeat(65536)]) {
    assert.equal(await echo(socket, text), text);
  }
  for (const size of [0, 1, 125, 126, 65535, 65536, 1 << 20]) {
    const bytes = Buffer.alloc(size, 0xa5);
    assert.ok(bytes.equals(await echo(socket, bytes)));
  }
  assert.deepEqual(await close(socket), [1005, ""]);
});

test("32 MiB", async () => {
  const socket = await open();
  const bytes = Buffer.alloc(32 << 20);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE((at * 2654435761) >>> 0, at);
  assert.ok(bytes.equals(await echo(socket, bytes)));
  await close(socket);
});

test("fragments", async () => {
  const socket = await open();
  const answer = once(socket, "message");
  const pieces = ["Gr", "ü", "", "ße ", "👩‍🚀"];
  pieces.forEach((piece, index) => socket.send(piece, { fin: index === pieces.length - 1 }));
  const [data] = await answer;
  assert.equal(data.toString(), pieces.join(""));
  await close(socket);
});

test("many messages without waiting", async () => {
  const socket = await open();
  const count = 2000;
  let seen = 0;
  const all = new Promise((resolve) => {
    socket.on("message", (data) => {
      assert.equal(data.toString(), `message ${seen}`);
      if (++seen === count) resolve();
    });
  });
  for (let index = 0; index < count; ++index) socket.send(`message ${index}`);
  await all;
  await close(socket);
});

test("ping", async () => {
  const socket = await open();
  const pong = once(socket, "pong");
  socket.ping("are you there");
  assert.equal((await pong)[0].toString(), "are you there");
  await close(socket);
});

test("close codes come back", async () => {
  for (const [code, reason] of [[1000, "done"], [1001, ""], [3000, "Grüße"], [4999, "x".repeat(123)]]) {
    const socket = await open();
    const [got] = await close(socket, code, reason);
    assert.equal(got, code);
  }
});

test("compression is offered and not taken", async () => {
  const socket = await open({ perMessageDeflate: true });
  assert.equal(socket.extensions, "");
  assert.equal(await echo(socket, "plain"), "plain");
  await close(socket);
});

test("many clients", async () => {
  const sockets = await Promise.all(Array.from({ length: 50 }, () => open()));
  const answers = await Promise.all(sockets.map((socket, index) => echo(socket, `client ${index}`)));
  answers.forEach((answer, index) => assert.equal(answer, `client ${index}`));
  await Promise.all(sockets.map((socket) => close(socket)));
});

test("a client that is cut off", async () => {
  const socket = await open();
  socket.terminate();
  await once(socket, "close");
  const other = await open();
  assert.equal(await echo(other, "still here"), "still here");
  await close(other);
});
