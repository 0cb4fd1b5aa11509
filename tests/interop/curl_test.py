#!/usr/bin/env python3
"""curl against gatewayd, over HTTP and over TLS: what a person at a shell sees."""

import json
import pathlib
import subprocess
import tempfile
import time
import unittest

from common import CHAT, ask, curl, question
from processes import PATIENCE_S, TOKEN, Gateway, Mock, chat_config, main, make_certificates, tool

SECURITY_FIELDS = {"x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}


class PlainTest(unittest.TestCase):
    """gatewayd over HTTP with the built-in agent."""

    extra = ()  # curl's arguments

    @classmethod
    def setUpClass(cls):
        tool("curl")
        cls.gateway = Gateway(chat_config())
        cls.addClassCleanup(cls.gateway.stop)

    def get(self, path, *arguments, **more):
        return curl(self.gateway.url + path, *self.extra, *arguments, **more)

    def ask(self, *arguments, **more):
        return ask(self.gateway, *self.extra, *arguments, **more)

    def test_probes_need_no_credentials(self):
        for path in ("/health", "/healthz", "/ready", "/readyz", "/startupz"):
            answer = self.get(path, token=None)
            self.assertEqual(answer.status, 200, path)
            self.assertIn("application/json", answer.headers["content-type"])
            self.assertEqual(answer.headers["cache-control"], "no-store")
            self.assertIsInstance(answer.json, dict)
        self.assertEqual(self.get("/health", token=None).json["status"], "ok")
        self.assertEqual(self.get("/healthz", token=None).json["status"], "live")
        self.assertIs(self.get("/readyz", token=None).json["ready"], True)

    def test_security_fields_are_on_everything(self):
        for answer in (self.get("/healthz"), self.get("/nothing"), self.get("/v1/models", token="wrong"), self.ask(stream=True)):
            for name, value in SECURITY_FIELDS.items():
                self.assertEqual(answer.headers.get(name), value)
            self.assertIn("date", answer.headers)

    def test_wrong_and_missing_credentials(self):
        for token in (None, "wrong", TOKEN + "x", TOKEN[:-1], ""):
            for answer in (self.get("/v1/models", token=token), self.ask(token=token)):
                self.assertEqual(answer.status, 401, token)
                self.assertIn("message", answer.json["error"])
                self.assertNotIn(TOKEN, answer.text)
        basic = self.get("/v1/models", "-H", f"Authorization: Basic {TOKEN}", token=None)
        self.assertEqual(basic.status, 401)

    def test_whole_answer(self):
        answer = self.ask(text="red green blue")
        self.assertEqual(answer.status, 200)
        self.assertIn("red green blue", answer.content)
        self.assertEqual(answer.json["object"], "chat.completion")
        self.assertEqual(answer.json["choices"][0]["finish_reason"], "stop")
        self.assertGreater(answer.json["usage"]["completion_tokens"], 0)
        self.assertEqual(int(answer.headers["content-length"]), len(answer.body))

    def test_streamed_answer(self):
        answer = self.ask(text="red green blue", stream=True, stream_options={"include_usage": True})
        self.assertEqual(answer.status, 200)
        self.assertTrue(answer.headers["content-type"].startswith("text/event-stream"))
        self.assertEqual(answer.headers["cache-control"], "no-cache")
        self.assertIn("red green blue", answer.content)
        *chunks, done = answer.events
        self.assertEqual(done, "[DONE]")
        chunks = [json.loads(chunk) for chunk in chunks]
        self.assertEqual(len({chunk["id"] for chunk in chunks}), 1)
        self.assertEqual(chunks[0]["choices"][0]["delta"].get("role"), "assistant")
        self.assertEqual(chunks[-2]["choices"][0]["finish_reason"], "stop")
        self.assertEqual(chunks[-1]["choices"], [])
        self.assertGreater(chunks[-1]["usage"]["total_tokens"], 0)
        without = self.ask(stream=True).events
        self.assertNotIn('"usage":{', "".join(without))

    def test_both_forms_say_the_same(self):
        self.assertEqual(self.ask(text="a \"b\"\n\u00fc \U0001f600", stream=True).content,
                         self.ask(text="a \"b\"\n\u00fc \U0001f600").content)

    def test_a_stream_arrives_while_it_is_made(self):
        command = [tool("curl"), "-q", "-sSN", *self.extra, "-H", f"Authorization: Bearer {TOKEN}", "--max-time", str(PATIENCE_S),
                   "-d", json.dumps(question("one two three four five six seven eight", stream=True)), self.gateway.url + CHAT]
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0) as child:
            arrivals = [time.monotonic() for line in child.stdout if line.startswith(b"data:")]
            self.assertEqual(child.wait(PATIENCE_S), 0)
        self.assertGreater(len(arrivals), 8)
        # The built-in agent speaks a word at a time. All in one piece would arrive within a millisecond.
        self.assertGreater(arrivals[-1] - arrivals[0], 0.05)

    def test_models(self):
        models = self.get("/v1/models").json
        self.assertEqual(models["object"], "list")
        ids = [model["id"] for model in models["data"]]
        self.assertIn("openclaw", ids)
        self.assertIn("openclaw/main", ids)
        self.assertEqual(self.get("/v1/models/openclaw%2Fmain").json["id"], "openclaw/main")
        self.assertIn(self.get("/v1/models/openclaw/nobody").status, (400, 404))

    def test_choosing_an_agent(self):
        for model in ("openclaw", "openclaw/main", "openclaw:main", "agent:main", "openclaw/default"):
            self.assertEqual(self.ask(model=None, text="x", **{"stream": False}).status, 200)
            answer = curl(self.gateway.url + CHAT, *self.extra, body=question(model=model))
            self.assertEqual(answer.status, 200, model)
        unknown = curl(self.gateway.url + CHAT, *self.extra, body=question(model="openclaw/nobody"))
        self.assertIn(unknown.status, (400, 404))
        self.assertIn("error", unknown.json)
        self.assertEqual(self.ask("-H", "x-openclaw-agent-id: main").status, 200)
        self.assertIn(self.ask("-H", "x-openclaw-agent-id: nobody").status, (400, 404))

    def test_methods(self):
        answer = self.get(CHAT)
        self.assertEqual(answer.status, 405)
        self.assertIn("POST", answer.headers["allow"])
        self.assertEqual(self.get("/healthz", "-X", "DELETE").status, 405)
        options = self.get(CHAT, "-X", "OPTIONS")
        self.assertIn(options.status, (200, 204, 405))
        self.assertIn("POST", options.headers["allow"])
        head = self.get("/healthz", "--head")
        self.assertEqual(head.status, 200)
        self.assertEqual(head.body, b"")
        self.assertGreater(int(head.headers["content-length"]), 0)

    def test_paths_that_do_not_exist(self):
        for path in ("/api/nothing", "/v1/nothing", "/v1/chat/completions/x", "/%zz"):
            answer = self.get(path, "--path-as-is")
            self.assertIn(answer.status, (400, 404), path)
            self.assertIn("error", answer.json)

    def test_bodies_that_are_wrong(self):
        cases = [b"{", b"[]", b"null", b'{"messages":1}', b'{"messages":[]}', b'{"model":1,"messages":[{"role":"user"}]}',
                 b'{"messages":[{"role":"user","content":"x"}],"stream":"yes"}', b"\xff\xfe", b"{}",
                 b"[" * 100_000, b'{"messages":[{"role":"system","content":"x"}]}']
        for body in cases:
            answer = self.get(CHAT, body=body)
            self.assertEqual(answer.status, 400, body[:60])
            self.assertEqual(answer.json["error"]["type"], "invalid_request_error")
            self.assertTrue(answer.json["error"]["message"])

    def test_expect_100_continue(self):
        answer = self.get(CHAT, "-H", "Expect: 100-continue", "--expect100-timeout", str(PATIENCE_S), body=question("x " * 50_000))
        self.assertEqual(answer.interim, [100])
        self.assertEqual(answer.status, 200)

    def test_a_body_over_the_limit(self):
        answer = self.get(CHAT, body=b" " * (20_971_520 + 1))
        self.assertEqual(answer.status, 413)
        # Said before the body was sent, nothing of it has to be.
        refused = self.get(CHAT, "-H", "Expect: 100-continue", "--expect100-timeout", str(PATIENCE_S), body=b" " * (20_971_520 + 1))
        self.assertEqual((refused.status, refused.interim), (413, []))

    def test_a_large_body_within_the_limit(self):
        self.assertEqual(self.get(CHAT, body=question("x" * 1_000_000)).status, 200)
        self.assertEqual(self.get(CHAT, "-H", "Transfer-Encoding: chunked", body=question("x" * 100_000)).status, 200)

    def test_connections_are_kept(self):
        urls = [self.gateway.url + "/healthz"] * 4
        done = subprocess.run([tool("curl"), "-q", "-sS", *self.extra, "-w", "%{num_connects} ", *sum((["-o", "/dev/null", url] for url in urls), [])],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual(done.stdout.split(), ["1", "0", "0", "0"])


class TlsTest(PlainTest):
    """The same over HTTPS."""

    @classmethod
    def setUpClass(cls):
        tool("curl")
        folder = tempfile.TemporaryDirectory(prefix="gateway-certs-")
        cls.addClassCleanup(folder.cleanup)
        cls.certificates = make_certificates(folder.name)
        tls = {"enabled": True, "certPath": str(cls.certificates / "server.crt"), "keyPath": str(cls.certificates / "server.key")}
        cls.gateway = Gateway(chat_config(gateway={"tls": tls}))
        cls.addClassCleanup(cls.gateway.stop)
        cls.extra = ("--cacert", str(cls.certificates / "ca.crt"))

    def test_the_certificate_is_checked_by_curl(self):
        self.assertTrue(self.gateway.url.startswith("https://"))
        self.assertEqual(curl(self.gateway.url + "/healthz", "--cacert", str(self.certificates / "stranger-ca.crt")).curl_code, 60)

    def test_plain_http_on_the_tls_port(self):
        self.assertNotEqual(curl(self.gateway.url.replace("https:", "http:") + "/healthz").curl_code, 0)
        self.assertEqual(self.get("/healthz").status, 200)


class OtherConfigurationsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool("curl")

    def test_the_endpoint_is_off_by_default(self):
        with Gateway({"gateway": {"auth": {"mode": "token", "token": TOKEN}}}) as gateway:
            answer = ask(gateway)
            self.assertEqual(answer.status, 404)
            self.assertIn("gateway.http.endpoints.chatCompletions.enabled", answer.json["error"]["message"])
            self.assertEqual(curl(gateway.url + "/v1/models").status, 404)
            self.assertEqual(curl(gateway.url + "/healthz").status, 200)

    def test_no_authentication_on_loopback(self):
        with Gateway(chat_config(token=None)) as gateway:
            self.assertEqual(ask(gateway, token=None).status, 200)
            self.assertEqual(ask(gateway, token="anything").status, 200)

    def test_the_token_from_the_environment(self):
        config = chat_config()
        del config["gateway"]["auth"]["token"]
        with Gateway(config, env={"OPENCLAW_GATEWAY_TOKEN": "from-the-environment"}) as gateway:
            self.assertEqual(ask(gateway, token="from-the-environment").status, 200)
            self.assertEqual(ask(gateway).status, 401)

    def test_an_agent_with_a_provider(self):
        with Mock() as mock, Gateway(chat_config(mock)) as gateway:
            answer = ask(gateway, stream=True)
            self.assertEqual((answer.status, len(answer.events)), (200, 34))
            self.assertEqual(len(ask(gateway).body), 1024)
            self.assertEqual(pathlib.Path(gateway.state.name, "test.json5").read_text().count("${MOCK_KEY}"), 1)


if __name__ == "__main__":
    main(gatewayd="", mock="")
