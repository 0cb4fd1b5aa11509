#!/usr/bin/env python3
"""The guardrail proxy when one side fails: upstreams that break off, stall or refuse, and clients that leave, in every dialect."""

import json
import socket
import unittest

import accumulators
from common import PATIENCE_S, TOKEN
from processes import Mock, eventually, main
from proxy_adversary_test import TARGETS
from proxy_common import ProxyGateway, exchange, request_head

TEXT = ["Glomma ", "runs through ", "the valley ", "and on ", "to the sea, ", "slow ", "and wide."]


class ProxyFailureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mocks = {}
        for provider in sorted({provider for provider, *_ in TARGETS.values()}):
            cls.mocks[provider] = Mock()
            cls.addClassCleanup(cls.mocks[provider].stop)
        upstreams = {f"127.0.0.1:{mock.port}": provider for provider, mock in cls.mocks.items()}
        cls.gateway = ProxyGateway(upstreams, mode="action")
        cls.addClassCleanup(cls.gateway.stop)

    def tearDown(self):
        self.assertIsNone(self.gateway.child.poll(), self.gateway.output[-3000:])
        self.assertNotIn("Sanitizer", self.gateway.output)

    def request(self, target, **script):
        """(mock, path, headers, body) of a request that this script answers; an id per test and target."""
        provider, path, _, body = TARGETS[target]
        mock = self.mocks[provider]
        name = f"{self.id()}-{target}".replace(".", "-")
        mock.script({"id": name, "say": TEXT, **script})
        headers = {"X-DC-Auth": TOKEN, "X-DC-Target-URL": f"http://127.0.0.1:{mock.port}",
                   "Content-Type": "application/json", "X-Mock-Script": name}
        return mock, name, path, headers, json.dumps(body).encode()

    def ask(self, target, **script):
        _, _, path, headers, body = self.request(target, **script)
        return exchange(self.gateway.proxy_port, "POST", path, headers, body)

    def each_stream(self):
        for target in TARGETS:
            if target != "gemini-array":  # is inspected as a whole
                yield target

    def test_an_upstream_that_breaks_off_is_an_error_in_the_clients_dialect(self):
        for target in self.each_stream():
            dialect = TARGETS[target][2]
            whole = len(self.ask(target).body)
            for how in ("close_after", "reset_after"):
                for share in (0.3, 0.6, 0.9):
                    with self.subTest(target, how=how, share=share):
                        answer = self.ask(target, **{how: int(whole * share)})
                        self.assertEqual(answer.status, 200)
                        self.assertTrue(answer.whole, "the client's stream is cut short as well")
                        read = accumulators.read(dialect, answer.events)
                        self.assertTrue(read.failure, f"no error is told: {answer.body[-300:]!r}")
                        ended = [one for one in read.problems if "no " not in one and "open" not in one and "last event" not in one]
                        self.assertEqual(ended, [])
                        self.assertTrue("".join(TEXT).startswith(read.text), read.text)

    def test_an_upstream_that_breaks_off_before_its_answer_is_502(self):
        for target in TARGETS:
            with self.subTest(target):
                answer = self.ask(target, close_after=0, framing="length")
                self.assertIn(answer.status, (200, 502))
                self.assertTrue(answer.whole)

    def test_errors_of_the_upstream_pass_unchanged(self):
        for target in TARGETS:
            for status in (400, 401, 429, 500, 503):
                with self.subTest(target, status=status):
                    text = json.dumps({"error": {"message": f"status {status}"}})
                    provider, path, _, body = TARGETS[target]
                    mock, name, path, headers, body = self.request(target)
                    mock.script({"id": name, "status": status, "headers": {"Retry-After": "7", "X-Own": "a"}, "body": text})
                    answer = exchange(self.gateway.proxy_port, "POST", path, headers, body)
                    self.assertEqual((answer.status, answer.text), (status, text))
                    self.assertEqual((answer.headers["retry-after"], answer.headers["x-own"]), ("7", "a"))

    def test_a_client_that_leaves_cancels_the_upstream(self):
        for target in TARGETS:
            for after in (0, 200):  # before the first byte of the body, and behind some
                with self.subTest(target, after=after):
                    mock, name, path, headers, body = self.request(target, stall_after=after)
                    name += f"-{after}"
                    mock.script({"id": name, "say": TEXT, "stall_after": after})
                    with socket.create_connection(("127.0.0.1", self.gateway.proxy_port), timeout=PATIENCE_S) as client:
                        client.sendall(request_head("POST", path, {**headers, "X-Mock-Script": name}, body))
                        eventually(lambda: mock.requests(name))
                    eventually(lambda: mock.requests(name)[0]["outcome"] == "left_early")

    def test_a_clean_token_does_not_wait_for_the_next(self):
        for target in self.each_stream():
            with self.subTest(target):
                mock, name, path, headers, body = self.request(target)
                whole = exchange(self.gateway.proxy_port, "POST", path, headers, body).body
                at = whole.index(b"valley ") if b"valley " in whole else len(whole) // 2
                mock.script({"id": name, "say": TEXT, "stall_after": at + 200})
                with socket.create_connection(("127.0.0.1", self.gateway.proxy_port), timeout=PATIENCE_S) as client:
                    client.sendall(request_head("POST", path, headers, body))
                    received = b""
                    while whole[:at // 2][-20:] not in received:
                        data = client.recv(65536)
                        self.assertTrue(data)
                        received += data


if __name__ == "__main__":
    main(gatewayd="", mock="")
