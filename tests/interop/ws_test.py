#!/usr/bin/env python3
"""WebSocket clients against examples/websocket_echo: the npm package ws (ws_test.mjs), and frames no library sends."""

import base64
import hashlib
import os
import struct
import unittest

from common import Raw
from node_packages import run_node
from processes import PATHS, Process, main, tool

KEY = base64.b64encode(b"0123456789abcdef")
NORMAL, PROTOCOL_ERROR, INVALID_TEXT, TOO_BIG = 1000, 1002, 1007, 1009
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class Echo(Process):
    def __init__(self):
        super().__init__([PATHS["echo"], "--port", "0"])
        self.port = int(self.wait_until_listening().rstrip("/").rsplit(":", 1)[-1])


def frame(opcode, payload=b"", *, fin=True, masked=True, reserved=0, length=None):
    size = len(payload) if length is None else length
    first = (0x80 if fin else 0) | reserved << 4 | opcode
    mask_bit = 0x80 if masked else 0
    if size < 126:
        head = struct.pack("!BB", first, mask_bit | size)
    elif size < 65536:
        head = struct.pack("!BBH", first, mask_bit | 126, size)
    else:
        head = struct.pack("!BBQ", first, mask_bit | 127, size)
    if not masked:
        return head + payload
    mask = b"\x11\x22\x33\x44"
    return head + mask + bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def upgrade(*fields, method="GET", version="13", key=KEY.decode()):
    lines = [f"{method} / HTTP/1.1", "Host: localhost", "Upgrade: websocket", "Connection: keep-alive, Upgrade"]
    if version:
        lines.append(f"Sec-WebSocket-Version: {version}")
    if key:
        lines.append(f"Sec-WebSocket-Key: {key}")
    return "\r\n".join([*lines, *fields, "", ""]).encode()


class NodeTest(unittest.TestCase):
    def test_the_ws_package(self):
        tool("node")
        tool("npm")
        with Echo() as echo:
            run_node("ws_test.mjs", PATHS["node"], {**os.environ, "URL": f"ws://127.0.0.1:{echo.port}"})


class FrameTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.echo = Echo()
        cls.addClassCleanup(cls.echo.stop)

    def open(self):
        raw = Raw(self.echo.port, upgrade())
        head = raw.read_until(b"\r\n\r\n")
        self.assertTrue(head.startswith(b"HTTP/1.1 101 "), head)
        # RFC 6455 4.2.2: the key with the GUID, hashed.
        accept = base64.b64encode(hashlib.sha1(KEY + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        self.assertIn(b"sec-websocket-accept: " + accept.lower(), head.lower())
        raw.received = head.partition(b"\r\n\r\n")[2]
        return raw

    def answer_to(self, *frames):
        """All that comes back until the connection ends, as (opcode, payload) pairs."""
        with self.open() as raw:
            for data in frames:
                raw.send(data)
            received = raw.read_to_end()
        answers = []
        while received:
            opcode, size, at = received[0] & 0x0F, received[1], 2
            self.assertLess(size, 128, "a server does not mask")
            if size == 126:
                size, at = struct.unpack("!H", received[2:4])[0], 4
            elif size == 127:
                size, at = struct.unpack("!Q", received[2:10])[0], 10
            answers.append((opcode, received[at:at + size]))
            received = received[at + size:]
        return answers

    def close_code(self, *frames):
        answers = self.answer_to(*frames)
        self.assertTrue(answers and answers[-1][0] == CLOSE, answers)
        return struct.unpack("!H", answers[-1][1][:2])[0] if answers[-1][1] else None

    def test_messages_and_control_frames_between_fragments(self):
        answers = self.answer_to(frame(TEXT, b"one ", fin=False), frame(PING, b"p"), frame(0, b"two"), frame(BINARY, b"\0\xff"), frame(TEXT),
                                 frame(CLOSE, struct.pack("!H", NORMAL) + b"bye"))
        self.assertEqual([entry for entry in answers if entry[0] != CLOSE],
                         [(PONG, b"p"), (TEXT, b"one two"), (BINARY, b"\0\xff"), (TEXT, b"")])
        self.assertEqual(answers[-1][1][:2], struct.pack("!H", NORMAL))

    def test_one_byte_at_a_time(self):
        data = frame(TEXT, "h\u00e9llo".encode()) + frame(CLOSE, struct.pack("!H", NORMAL))
        answers = self.answer_to(*(data[index:index + 1] for index in range(len(data))))
        self.assertEqual(answers[0], (TEXT, "h\u00e9llo".encode()))

    def test_frames_that_break_the_protocol(self):
        cases = {
            "not masked": [frame(TEXT, b"x", masked=False)],
            "reserved bit": [frame(TEXT, b"x", reserved=4)],
            "reserved opcode": [frame(3, b"x")],
            "reserved control opcode": [frame(11)],
            "fragmented ping": [frame(PING, b"x", fin=False)],
            "long ping": [frame(PING, b"x" * 126)],
            "continuation of nothing": [frame(0, b"x")],
            "a message inside a message": [frame(TEXT, b"x", fin=False), frame(TEXT, b"y")],
            "close of one byte": [frame(CLOSE, b"\x03")],
            "close code 999": [frame(CLOSE, struct.pack("!H", 999))],
            "close code 1005": [frame(CLOSE, struct.pack("!H", 1005))],
            "close code 1006": [frame(CLOSE, struct.pack("!H", 1006))],
        }
        for name, frames in cases.items():
            self.assertEqual(self.close_code(*frames), PROTOCOL_ERROR, name)

    def test_text_that_is_not_utf8(self):
        for payload in (b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"abc\xe2\x82"):
            self.assertEqual(self.close_code(frame(TEXT, payload)), INVALID_TEXT, payload)
        # Found before the message is over: the rest never has to come.
        self.assertEqual(self.close_code(frame(TEXT, b"\xff", fin=False)), INVALID_TEXT)
        self.assertEqual(self.close_code(frame(CLOSE, struct.pack("!H", NORMAL) + b"\xff")), INVALID_TEXT)

    def test_messages_over_the_limit(self):
        self.assertEqual(self.close_code(frame(BINARY, b"", length=(32 << 20) + 1)), TOO_BIG)
        self.assertIn(self.close_code(frame(BINARY, b"", length=1 << 62)), (TOO_BIG, PROTOCOL_ERROR))

    def test_upgrades_that_are_refused(self):
        cases = {
            "another version": (upgrade(version="8"), b"426"),
            "no version": (upgrade(version=""), b"4"),
            "no key": (upgrade(key=""), b"400"),
            "a short key": (upgrade(key="abcd"), b"400"),
            "another method": (upgrade(method="POST"), b"4"),
        }
        for name, (request, status) in cases.items():
            with Raw(self.echo.port, request) as raw:
                head = raw.read_until(b"\r\n\r\n")
            self.assertTrue(head.startswith(b"HTTP/1.1 " + status), (name, head))
            if status == b"426":
                self.assertIn(b"sec-websocket-version: 13", head.lower())


if __name__ == "__main__":
    main(echo="", node="")
