#!/usr/bin/env python3
"""The mock upstream itself: a test that leans on it must be able to believe it."""

import gzip
import json
import unittest

from common import Answer, Raw, curl, question, request_bytes, statuses
from processes import Mock, eventually, main


class MockTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mock = Mock()
        cls.addClassCleanup(cls.mock.stop)

    def ask(self, options="", *arguments, **more):
        prefix = f"/+{options}" if options else ""
        return curl(f"http://127.0.0.1:{self.mock.port}{prefix}/v1/chat/completions", *arguments, body=question(**more))

    def test_sizes_that_the_benchmark_counts_on(self):
        self.assertEqual(len(self.ask().body), 1024)
        self.assertEqual(len(self.ask(stream=True).events), 34)
        with_usage = self.ask(stream=True, stream_options={"include_usage": True})
        self.assertEqual(len(with_usage.events), 35)
        self.assertEqual(json.loads(with_usage.events[-2])["usage"]["total_tokens"], 40)

    def test_cuts_change_no_byte(self):
        whole = self.ask("utf8", stream=True).body
        for options in ("cut=1", "cut=7", "wire-cut=3", "split-utf8", "coalesce", "until-close", "cut=5+gap=10us"):
            self.assertEqual(self.ask("utf8+" + options, stream=True).body, whole, options)

    def test_forms_of_a_stream(self):
        plain = self.ask(stream=True)
        self.assertEqual(self.ask("crlf", stream=True).body, plain.body.replace(b"\n", b"\r\n"))
        self.assertEqual(self.ask("cr", stream=True).body, plain.body.replace(b"\n", b"\r"))
        self.assertIn(b": keep-alive\n\n", self.ask("comments", stream=True).body)
        self.assertTrue(self.ask("bom", stream=True).body.startswith(b"\xef\xbb\xbfdata"))
        self.assertEqual(gzip.decompress(self.ask("gzip", stream=True).body), plain.body)
        self.assertEqual(self.ask("early-hints").interim, [103])

    def test_damage(self):
        transfer_closed, receive_error, empty_reply = 18, 56, 52
        self.assertEqual(self.ask("early-close=3", stream=True).curl_code, transfer_closed)
        self.assertEqual(self.ask("early-close=100").curl_code, transfer_closed)
        self.assertEqual(self.ask("reset=3", stream=True).curl_code, receive_error)
        self.assertEqual(self.ask("early-close").curl_code, empty_reply)
        self.assertEqual(self.ask("status=429+retry-after=7").headers["retry-after"], "7")
        self.assertEqual([self.ask("fail=a+fail-status=503").status for _ in range(2)], [503, 200])
        self.assertEqual([self.ask("fail=b+fail-count=2").curl_code for _ in range(3)], [empty_reply, empty_reply, 0])
        self.assertEqual(self.ask("no-such-word").status, 400)

    def test_echo_and_model_options(self):
        answer = self.ask("echo", "-H", "X-Extra: 1", model="anything+tools")
        self.assertEqual(answer.json["choices"][0]["finish_reason"], "tool_calls")
        seen = json.loads(self.ask("echo", "-H", "X-Extra: 1").content)
        self.assertIn(["X-Extra", "1"], seen["headers"])
        self.assertEqual(json.loads(seen["body"]), question())

    def test_pipelined_requests_are_answered_in_order(self):
        body = json.dumps(question()).encode()
        one = request_bytes("POST", "/+first=20ms/v1/chat/completions", body=body)
        other = request_bytes("GET", "/v1/models", ["Connection: close"])
        with Raw(self.mock.port, one + one + other) as raw:
            received = raw.read_to_end()
        self.assertEqual(statuses(received), [200, 200, 200])
        self.assertGreater(received.index(b'"object":"list"'), received.rindex(b'"chat.completion"'))

    def test_a_client_that_leaves_is_counted(self):
        before = self.mock.stats()
        self.assertEqual(self.ask("stall", "--max-time", "0.2").curl_code, 28)
        self.assertEqual(self.ask("stall=2", "--max-time", "0.2", stream=True).curl_code, 28)
        after = eventually(lambda: (s := self.mock.stats())["cancelled"] == before["cancelled"] + 2 and s)
        self.assertEqual(after["active"], 0)
        self.assertEqual(after["cancelled_silent"], before["cancelled_silent"] + 1)

    def test_clients_that_reset_in_the_middle(self):
        for _ in range(20):
            with Raw(self.mock.port, request_bytes("POST", "/+gap=1ms/v1/chat/completions", body=b'{"stream":true}')) as raw:
                raw.read_until(b"data:")
                raw.reset_on_close()
        eventually(lambda: self.mock.stats()["active"] == 0)

    def test_a_slow_reader_gets_everything(self):
        with Raw(self.mock.port, request_bytes("POST", "/+bytes=5000000/v1/chat/completions", ["Connection: close"], b"{}")) as raw:
            eventually(lambda: self.mock.stats()["active"] >= 1)
            answer = Answer(raw.read_to_end(), 0)
        self.assertEqual(len(answer.content), 5000000)


if __name__ == "__main__":
    main(mock="")
