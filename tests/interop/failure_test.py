#!/usr/bin/env python3
"""gatewayd in front of a provider that fails, and clients that leave: what the other side gets to see."""

import json
import unittest

from common import Raw, ask, chat_bytes, question
from processes import Gateway, Mock, chat_config, eventually, main, provider, tool

LEAVE_S = "0.3"


class FailureTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool("curl")
        cls.mock = Mock()
        cls.addClassCleanup(cls.mock.stop)
        cls.gateway = Gateway(chat_config(cls.mock))
        cls.addClassCleanup(cls.gateway.stop)

    def ask(self, options="", *arguments, **more):
        """`options`: how the mock behaves, see mock_upstream.cpp."""
        return ask(self.gateway, *arguments, model=f"mock/test-model+{options}" if options else None, **more)

    def test_errors_of_the_upstream(self):
        for status in (400, 404, 429, 500, 503):
            for stream in (False, True):
                answer = self.ask(f"status={status}+retry-after=7", stream=stream)
                self.assertEqual(answer.status // 100, status // 100, status)
                self.assertIn("message", answer.json["error"])
                self.assertNotIn("mock-key", answer.text)
        limited = self.ask("status=429+retry-after=7")
        self.assertEqual((limited.status, limited.headers["retry-after"]), (429, "7"))
        # Our key is wrong there, not the client's here: that is no 401 of ours.
        for status in (401, 403):
            self.assertIn(self.ask(f"status={status}").status, (500, 502, 503), status)

    def test_retry_before_the_first_byte(self):
        for index, options in enumerate(("fail=r{}", "fail=r{}")):
            before = self.mock.stats()["requests"]
            self.assertEqual(self.ask(options.format(index), stream=bool(index)).status, 200)
            self.assertEqual(self.mock.stats()["requests"], before + 2)

    def test_no_endless_retries(self):
        before = self.mock.stats()["requests"]
        answer = self.ask("early-close")
        self.assertEqual(answer.status, 502)
        self.assertLessEqual(self.mock.stats()["requests"] - before, 4)

    def test_a_kept_connection_that_was_closed_meanwhile(self):
        with Mock() as mock, Gateway(chat_config(mock)) as gateway:
            self.assertEqual(ask(gateway).status, 200)
            port = mock.port
            mock.stop()
            again = Mock("--port", str(port))
            try:
                self.assertEqual(ask(gateway).status, 200)
            finally:
                again.stop()

    def test_no_retry_after_the_first_byte(self):
        for options in ("early-close=3", "reset=3"):
            before = self.mock.stats()["requests"]
            answer = self.ask(options, stream=True)
            self.assertEqual(answer.status, 200)
            self.assertEqual(self.mock.stats()["requests"], before + 1)
            # The client learns it from the stream itself, which ends well-formed.
            self.assertIn("error", json.loads(answer.events[-2]))
            self.assertEqual(answer.events[-1], "[DONE]")
            self.assertEqual(answer.curl_code, 0)

    def test_json_that_ends_early(self):
        for options in ("early-close=100", "reset=100"):
            answer = self.ask(options)
            self.assertEqual(answer.status, 502, options)
            self.assertIn("error", answer.json)

    def test_damaged_answers(self):
        self.assertEqual(self.ask("nonsense").status, 502)
        for options in ("no-done", "bad-event", "error-event"):
            answer = self.ask(options, stream=True)
            self.assertEqual((answer.status, answer.curl_code), (200, 0), options)
            self.assertEqual(answer.events[-1], "[DONE]", options)

    def test_nobody_listens(self):
        with Gateway(chat_config(providers={"gone": provider("http://127.0.0.1:9/v1")})) as gateway:
            answer = ask(gateway)
            self.assertEqual(answer.status, 502)
            self.assertNotIn("mock-key", answer.text)

    def test_unknown_models_and_providers(self):
        for model in ("nobody/test-model", "mock", "/"):
            self.assertEqual(ask(self.gateway, model=model).status, 404, model)

    # --- who leaves ---

    def test_a_client_that_leaves_cancels_its_upstream(self):
        cases = [("stall", False), ("stall", True), ("stall=3", True), ("first=20s", True), ("gap=200ms", True), ("first=20s", False)]
        for options, stream in cases:
            with self.subTest(options, stream=stream):
                before = self.mock.stats()
                answer = self.ask(options, "--max-time", LEAVE_S, stream=stream)
                self.assertEqual(answer.curl_code, 28)
                eventually(lambda: self.mock.stats()["cancelled"] == before["cancelled"] + 1, timeout=2)
                self.assertEqual(self.mock.stats()["active"], 0)
        self.assertEqual(self.ask().status, 200)

    def test_a_client_that_leaves_at_once(self):
        before = self.mock.stats()
        for _ in range(20):
            Raw(self.gateway.port, chat_bytes(question(stream=True), ["x-openclaw-model: mock/test-model+gap=50ms"])).close()
        eventually(lambda: (s := self.mock.stats())["active"] == 0 and s["completed"] == before["completed"])
        self.assertEqual(self.ask().status, 200)


if __name__ == "__main__":
    main(gatewayd="", mock="")
