#!/usr/bin/env python3
"""HTTP that no client library sends: pipelining, smuggling, limits, slow and half-closed peers."""

import threading
import time
import unittest

from common import CHAT, TOKEN, Raw, chat_bytes, question, request_bytes, statuses
from processes import Gateway, chat_config, main

BEARER = f"Authorization: Bearer {TOKEN}"

# Each is answered 400, and the connection closes: what follows a request whose end is unclear is never read as another.
SMUGGLING = {
    "both lengths": ["Content-Length: 4", "Transfer-Encoding: chunked"],
    "both lengths, other order": ["Transfer-Encoding: chunked", "Content-Length: 4"],
    "two content lengths": ["Content-Length: 4", "Content-Length: 5"],
    "a list of content lengths": ["Content-Length: 4, 4"],
    "signed content length": ["Content-Length: +4"],
    "negative content length": ["Content-Length: -4"],
    "hexadecimal content length": ["Content-Length: 0x4"],
    "content length with a blank": ["Content-Length: 4 4"],
    "empty content length": ["Content-Length:"],
    "huge content length": ["Content-Length: 99999999999999999999999999"],
    "coding that is not chunked": ["Transfer-Encoding: gzip"],
    "chunked is not last": ["Transfer-Encoding: chunked, identity"],
    "chunked twice": ["Transfer-Encoding: chunked, chunked"],
    "misspelt coding": ["Transfer-Encoding: xchunked"],
    "blank before the colon": ["Content-Length : 4"],
    "tab before the colon": ["Transfer-Encoding\t: chunked"],
    "folded field": ["X-A: one", " two"],
    "NUL in a value": ["X-A: one\0two"],
    "bare CR in a value": ["X-A: one\rContent-Length: 4"],
    "no field name": [": value"],
    "blank in a field name": ["X A: value"],
}


class StrictHttpTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.gateway = Gateway(chat_config())
        cls.addClassCleanup(cls.gateway.stop)

    def raw(self, data=b""):
        return Raw(self.gateway.port, data)

    def assert_refused(self, data, codes, name=""):
        with self.raw(data) as raw:
            received = raw.read_to_end()
        self.assertRegex(received, b"^HTTP/1.1 (" + codes.encode() + b") ", name)
        self.assertEqual(len(statuses(received)), 1, name)
        self.assertIn(b"connection: close", received.lower(), name)

    def test_smuggling(self):
        smuggled = b"0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        for name, fields in SMUGGLING.items():
            self.assert_refused(request_bytes("POST", CHAT, [BEARER, *fields]) + smuggled, "400|413|501", name)

    def test_bad_chunks(self):
        start = request_bytes("POST", CHAT, [BEARER, "Transfer-Encoding: chunked"])
        for chunk in (b"g\r\n", b"-1\r\n", b"0x4\r\nabcd\r\n", b" 4\r\nabcd\r\n", b"4\nabcd\r\n", b"4\r\nabcde\r\n", b"\r\n",
                      b"11111111111111111\r\n", b"4 \r\nabcd\r\n", b"4\r\nabcd\n0\r\n\r\n"):
            self.assert_refused(start + chunk, "400|413", chunk)

    def test_bad_request_lines(self):
        for line in (b"GET /healthz\r\n\r\n", b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"G@T / HTTP/1.1\r\nHost: x\r\n\r\n",
                     b"GET /healthz HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                     b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32), b"GET /a\0b HTTP/1.1\r\nHost: x\r\n\r\n"):
            self.assert_refused(line, "400|505", line)
        self.assert_refused(b"GET /healthz HTTP/3.7\r\nHost: x\r\n\r\n", "400|505")

    def test_limits_of_the_head(self):
        self.assert_refused(request_bytes(target="/" + "a" * 20_000), "414")
        self.assert_refused(request_bytes(fields=["X-A: " + "a" * 70_000]), "431")
        self.assert_refused(request_bytes(fields=[f"X-{n}: 1" for n in range(1000)]), "431")

    def test_pipelined_requests(self):
        chat = chat_bytes(question("abc", stream=True))
        data = request_bytes() + chat + request_bytes(target="/v1/nothing") + chat + request_bytes(fields=["Connection: close"])
        with self.raw(data) as raw:
            received = raw.read_to_end()
        self.assertEqual(statuses(received), [200, 200, 404, 200, 200])
        self.assertEqual(received.count(b"[DONE]"), 2)

    def test_one_byte_at_a_time(self):
        data = chat_bytes(question("abc")) + request_bytes(fields=["Connection: close"])
        with self.raw() as raw:
            for index in range(len(data)):
                raw.send(data[index:index + 1])
            received = raw.read_to_end()
        self.assertEqual(statuses(received), [200, 200])

    def test_http_1_0(self):
        with self.raw(b"GET /healthz HTTP/1.0\r\n\r\n") as raw:
            received = raw.read_to_end()
        self.assertRegex(received, b"^HTTP/1.[01] 200 ")
        self.assertIn(b'"ok":true', received)
        data = chat_bytes(question("abc", stream=True)).replace(b"HTTP/1.1", b"HTTP/1.0")
        with self.raw(data) as raw:
            received = raw.read_to_end()
        head, _, body = received.partition(b"\r\n\r\n")
        # A 1.0 client knows no chunks: the close ends the stream.
        self.assertNotIn(b"chunked", head.lower())
        self.assertTrue(body.startswith(b"data:"), body[:40])
        self.assertTrue(body.endswith(b"data: [DONE]\n\n"), body[-40:])

    def test_head_of_a_probe_then_another_request(self):
        with self.raw(request_bytes("HEAD") + request_bytes(fields=["Connection: close"])) as raw:
            received = raw.read_to_end()
        self.assertEqual(statuses(received), [200, 200])
        self.assertEqual(received.count(b'"ok":true'), 1)

    def test_expect_100_continue(self):
        body = chat_bytes(question("abc"), ["Expect: 100-continue", "Connection: close"])
        head, _, rest = body.partition(b"\r\n\r\n")
        with self.raw(head + b"\r\n\r\n") as raw:
            raw.read_until(b"HTTP/1.1 100 Continue\r\n\r\n")
            raw.send(rest)
            self.assertIn(b"HTTP/1.1 200 OK", raw.read_to_end())

    def test_a_client_that_stops_sending(self):
        with self.raw(request_bytes()) as raw:
            raw.socket.shutdown(1)
            self.assertIn(b"HTTP/1.1 200", raw.read_to_end())

    def test_many_connections_that_say_nothing(self):
        idle = [self.raw() for _ in range(200)]
        with self.raw(request_bytes(fields=["Connection: close"])) as raw:
            self.assertIn(b"HTTP/1.1 200", raw.read_to_end())
        for raw in idle:
            raw.close()

    def test_slow_heads_time_out(self):
        """10 s is the default bound of a request's head; the drip must not extend it."""
        raw = Raw(self.gateway.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ", timeout=25)
        start = time.monotonic()

        def drip():
            while time.monotonic() - start < 20:
                try:
                    raw.send(b"a")
                except OSError:
                    return
                time.sleep(0.5)

        thread = threading.Thread(target=drip)
        thread.start()
        received = raw.read_to_end()
        elapsed = time.monotonic() - start
        thread.join()
        raw.close()
        self.assertRegex(received, b"^HTTP/1.1 408 ")
        self.assertGreater(elapsed, 8)
        self.assertLess(elapsed, 20)


if __name__ == "__main__":
    main(gatewayd="")
