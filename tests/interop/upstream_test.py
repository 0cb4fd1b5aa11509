#!/usr/bin/env python3
"""gatewayd in front of a provider: what passes, unchanged and at its own pace, over HTTP and over TLS."""

import json
import tempfile
import time
import unittest

from common import CHAT, Raw, ask, chat_bytes, curl, question, seconds_since
from processes import Gateway, Mock, TlsProxy, chat_config, eventually, main, make_certificates, provider, tool

LEAVE_S = "0.3"


class UpstreamTest(unittest.TestCase):
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

    def direct(self, options="", **more):
        return curl(self.mock.url + "/chat/completions", "-H", f"X-Mock: {options}", body=question(**more))

    def test_answers_pass_byte_for_byte(self):
        """Unknown fields, their order and the white space of the upstream are the client's to see."""
        for options in ("", "odd", "utf8", "tools", "odd+tools", "comments", "crlf", "bytes=100000", "odd+utf8+split-utf8",
                        "odd+cut=1", "wire-cut=1", "cut=7+gap=20us", "coalesce", "until-close", "close", "early-hints",
                        "crlf+comments+cut=3+gap=10us", "deltas=500", "deltas=0"):
            with self.subTest(options):
                plain = "+".join(word for word in options.split("+") if not word.startswith(("cut", "wire-cut", "gap", "close")))
                streamed = self.ask(options, stream=True)
                self.assertEqual(streamed.status, 200)
                self.assertEqual(streamed.body, self.direct(plain, stream=True).body)
                if options != "comments":
                    self.assertEqual(self.ask(options).body, self.direct(plain).body)

    def test_events_keep_their_content_whatever_ends_the_lines(self):
        want = self.direct("utf8", stream=True)
        for options in ("utf8+cr", "utf8+bom", "utf8+cr+cut=1", "utf8+bom+cut=1"):
            with self.subTest(options):
                got = self.ask(options, stream=True)
                text = got.text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
                self.assertEqual([line for line in text.split("\n") if line], [line for line in want.text.split("\n") if line])

    def test_what_the_upstream_is_asked(self):
        body = question("hello", temperature=0.25, tools=[{"type": "function", "function": {"name": "f", "x_unknown": [1]}}],
                        x_unknown={"a": None})
        text = json.dumps(body).replace("0.25", "2.50e-1")  # a number stays as its sender wrote it
        answer = curl(self.gateway.url + CHAT, "-H", "x-openclaw-model: mock/test-model+echo", "-H", "Cookie: secret=1", body=text.encode())
        seen = json.loads(answer.content)
        fields = {name.lower(): value for name, value in seen["headers"]}
        self.assertEqual((seen["method"], seen["target"]), ("POST", CHAT))
        self.assertEqual(fields["authorization"], "Bearer mock-key-from-env")
        self.assertEqual(fields["host"], f"127.0.0.1:{self.mock.port}")
        self.assertTrue(fields["content-type"].startswith("application/json"))
        # The client's own credentials and what is only for the gateway stay here.
        self.assertNotIn("interop-token", json.dumps(seen))
        self.assertNotIn("cookie", fields)
        self.assertFalse([name for name in fields if name.startswith("x-openclaw")])
        sent = json.loads(seen["body"])
        self.assertEqual(sent.pop("model"), "test-model+echo")
        body.pop("model")
        self.assertEqual({key: sent[key] for key in body}, body)
        self.assertIn("2.50e-1", seen["body"])

    def test_tool_calls(self):
        call = self.ask("tools").json["choices"][0]
        self.assertEqual(call["finish_reason"], "tool_calls")
        chunks = [json.loads(data)["choices"][0] for data in self.ask("tools", stream=True).events[:-1]]
        pieces = [piece["function"].get("arguments", "") for chunk in chunks for piece in chunk["delta"].get("tool_calls", ())]
        self.assertEqual(json.loads("".join(pieces)), {"city": "Paris", "unit": "\u00b0C"})
        self.assertEqual(call["message"]["tool_calls"][0]["function"]["arguments"], "".join(pieces))

    def test_usage_of_the_upstream(self):
        answer = self.ask(stream=True, stream_options={"include_usage": True})
        self.assertEqual(json.loads(answer.events[-2])["usage"]["total_tokens"], 40)
        self.assertEqual(self.ask().json["usage"]["total_tokens"], 40)

    def test_events_are_passed_on_as_they_come(self):
        start = time.monotonic()
        body = {**question(stream=True)}
        with Raw(self.gateway.port, chat_bytes(body, ["x-openclaw-model: mock/test-model+gap=60ms"])) as raw:
            raw.read_until(b'"role":"assistant"')
            first = seconds_since(start)
            raw.read_until(b"[DONE]")
        self.assertLess(first, 1.0)
        self.assertGreater(seconds_since(start), 1.8)

    def test_compressed_answers_are_not_garbage(self):
        for stream in (False, True):
            answer = self.ask("gzip", stream=stream)
            if answer.status == 200:
                self.assertEqual(answer.content, self.direct(stream=stream).content)
            else:
                self.assertEqual(answer.status, 502)
                self.assertIn("compressed", answer.json["error"]["message"])

    def test_large_answers_and_slow_clients(self):
        self.assertEqual(len(self.ask("bytes=3000000").content), 3_000_000)
        body = question(stream=True)
        with Raw(self.gateway.port, chat_bytes(body, ["Connection: close", "x-openclaw-model: mock/test-model+bytes=60000+deltas=1000"])) as raw:
            raw.read_until(b"data:")
            time.sleep(0.5)
            # The client does not read: the upstream waits, and the gateway holds a bounded part of the 60 MB.
            self.assertEqual(self.mock.stats()["active"], 1)
            memory_kb = int(open(f"/proc/{self.gateway.pid}/statm").read().split()[1]) * 4
            received = raw.read_to_end()
        self.assertGreater(len(received), 60_000_000)
        self.assertIn(b"[DONE]", received)
        self.assertLess(memory_kb, 400_000)

    def test_connections_to_the_upstream_are_kept(self):
        before = self.mock.stats()["connections"]
        for _ in range(5):
            self.ask()
            self.ask(stream=True)
        # One more for each question that this test asks the mock itself.
        self.assertLessEqual(self.mock.stats()["connections"] - before, 2)


class TlsUpstreamTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool("curl")
        folder = tempfile.TemporaryDirectory(prefix="gateway-certs-")
        cls.addClassCleanup(folder.cleanup)
        cls.certificates = make_certificates(folder.name)
        cls.mock = Mock()
        cls.addClassCleanup(cls.mock.stop)
        cls.proxies = {}
        for name in ("server", "wrong-name", "expired", "stranger"):
            cls.proxies[name] = TlsProxy(cls.mock.port, cls.certificates, name)
            cls.addClassCleanup(cls.proxies[name].stop)
        providers = {name: provider(proxy.url) for name, proxy in cls.proxies.items()}
        providers["localhost"] = provider(f"https://localhost:{cls.proxies['server'].port}/v1")
        bundle = {"upstream": {"caBundlePath": str(cls.certificates / "ca.crt")}}
        cls.gateway = Gateway(chat_config(providers=providers, gateway=bundle))
        cls.addClassCleanup(cls.gateway.stop)

    def test_a_certificate_that_fits(self):
        for name in ("server", "localhost"):
            self.assertEqual(ask(self.gateway, model=f"{name}/test-model").status, 200, name)
            streamed = ask(self.gateway, model=f"{name}/test-model+cut=11", stream=True)
            self.assertEqual(len(streamed.events), 34)
        self.assertEqual(len(ask(self.gateway, model="server/test-model+bytes=3000000").content), 3_000_000)

    def test_certificates_that_do_not_fit(self):
        before = self.mock.stats()["requests"]
        for name in ("wrong-name", "expired", "stranger"):
            answer = ask(self.gateway, model=f"{name}/test-model")
            self.assertEqual(answer.status, 502, name)
            self.assertIn("error", answer.json)
        self.assertEqual(self.mock.stats()["requests"], before)

    def test_the_system_does_not_know_the_test_authority(self):
        with Gateway(chat_config(providers={"server": provider(self.proxies["server"].url)})) as gateway:
            self.assertEqual(ask(gateway).status, 502)

    def test_a_client_that_leaves_cancels_its_upstream(self):
        before = self.mock.stats()["cancelled"]
        answer = ask(self.gateway, "--max-time", LEAVE_S, model="server/test-model+stall=2", stream=True)
        self.assertEqual(answer.curl_code, 28)
        eventually(lambda: self.mock.stats()["cancelled"] == before + 1, timeout=2)


if __name__ == "__main__":
    main(gatewayd="", mock="")
