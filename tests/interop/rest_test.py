#!/usr/bin/env python3
"""The REST API, hooks and tools with curl through gatewayd, each answer held against docs/openapi.yaml.

The description is read as the gateway serves it, at /openapi.json. Answers are validated where Python's jsonschema is
installed; without it the tests say so and look at the rest.
"""

import hashlib
import hmac
import json
import pathlib
import re
import unittest

from common import curl
from processes import TOKEN, Gateway, chat_config, main, tool

try:
    import jsonschema
except ImportError:
    jsonschema = None

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOOK_TOKEN = "hook-token-0123456789"
HUB_SECRET = "hub-secret"

CONFIG = chat_config()
CONFIG["gateway"]["http"]["rateLimit"] = {"requests": 10000}
CONFIG["gateway"]["http"]["endpoints"]["responses"] = {"enabled": True}
CONFIG["gateway"]["controlUi"] = {"allowedOrigins": ["https://page.example"]}
CONFIG["hooks"] = {
    "enabled": True, "token": HOOK_TOKEN,
    "mappings": [{"match": {"path": "gh"}, "action": "wake", "textTemplate": "PR {{title}}"},
                 {"match": {"path": "hub"}, "action": "wake", "textTemplate": "{{text}}",
                  "signature": {"scheme": "github", "secret": HUB_SECRET}}],
}


def rows_of_the_table():
    """(method, path) of every row in exchange/endpoints.cpp, as OpenAPI writes paths."""
    source = (ROOT / "libgateway/src/exchange/endpoints.cpp").read_text()
    for method, pattern in re.findall(r'\{"([A-Z]+)",\s*"(/[^"]*)"', source):
        yield method, re.sub(r"[:*](\w+)", r"{\1}", pattern)


class RestTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tool("curl")
        cls.gateway = Gateway(CONFIG)
        cls.addClassCleanup(cls.gateway.stop)
        cls.api = cls().call("GET", "/openapi.json", token=None).json

    def runTest(self):
        """Only so that setUpClass can use the helpers."""

    def call(self, method, path, *arguments, body=None, token=TOKEN):
        return curl(self.gateway.url + path, "-X", method, *arguments, body=body, token=token)

    def inline(self, value):
        """With references to components resolved; those of schemas stay inside what the validator is given."""
        while isinstance(value, dict) and "$ref" in value:
            where = self.api
            for part in value["$ref"].removeprefix("#/").split("/"):
                where = where[part]
            value = where
        return value

    def check(self, answer, method, path, status=None):
        """The answer is one that the description has for this path."""
        if status is not None:
            self.assertEqual(answer.status, status, (path, answer.text))
        responses = self.api["paths"][path][method.lower()]["responses"]
        response = self.inline(responses.get(str(answer.status), responses.get("default")))
        self.assertIsNotNone(response, (path, answer.status))
        self.assertTrue(answer.headers.get("x-request-id"), path)
        media = answer.headers.get("content-type", "").partition(";")[0]
        self.assertIn(media, response["content"], (path, answer.status))
        if answer.status >= 400 and path.startswith("/api"):
            for field in ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"):
                self.assertRegex(answer.headers.get(field, ""), r"^\d+$", path)
        if media == "application/json" and jsonschema is not None:
            schema = {**response["content"][media]["schema"], "components": self.api["components"]}
            jsonschema.Draft202012Validator(schema).validate(answer.json)
        return answer

    def test_the_description_is_valid_and_complete(self):
        self.assertEqual(self.api["openapi"], "3.1.0")
        described = {(method.upper(), path) for path, item in self.api["paths"].items()
                     for method in item if method in ("get", "post", "put", "delete", "patch")}
        hooks = {one for one in described if one[1].startswith("/hooks/")}  # below a path that is configured
        self.assertEqual(len(hooks), 3)
        self.assertEqual(set(rows_of_the_table()), described - hooks)
        names = [item[method]["operationId"] for item in self.api["paths"].values() for method in item if "responses" in item[method]]
        self.assertEqual(len(names), len(set(names)))
        for reference in re.findall(r'"\$ref": ?"([^"]+)"', json.dumps(self.api)):
            self.assertTrue(reference.startswith("#/components/"), reference)
            self.inline({"$ref": reference})
        if jsonschema is None:
            self.skipTest("python3-jsonschema is not installed: answers are not validated")
        for schema in self.api["components"]["schemas"].values():
            jsonschema.Draft202012Validator.check_schema(schema)

    def test_probes(self):
        for path in ("/health", "/healthz", "/ready", "/readyz", "/startupz", "/health/detailed", "/openapi.json"):
            self.check(self.call("GET", path, token=None), "GET", path, 200)

    def test_what_can_be_read(self):
        for prefix in ("/api", "/api/v1"):
            for path in ("/status", "/models", "/channels", "/sessions"):
                self.check(self.call("GET", prefix + path), "GET", "/api" + path, 200)
        self.check(self.call("GET", "/v1/models"), "GET", "/v1/models", 200)
        self.check(self.call("GET", "/v1/models/openclaw"), "GET", "/v1/models/{id}", 200)
        self.check(self.call("GET", "/v1/models/nothing"), "GET", "/v1/models/{id}", 400)

    def test_chat(self):
        answer = self.check(self.call("POST", "/api/chat", body={"message": "red green", "sessionId": "session-123"}),
                            "POST", "/api/chat", 200)
        self.assertIn("red green", answer.json["data"]["message"])
        stream = self.check(self.call("POST", "/api/v1/chat", body={"message": "red green", "stream": True}), "POST", "/api/chat", 200)
        messages = [json.loads(data) for data in stream.events]
        self.assertEqual({line for line in stream.text.splitlines() if line.startswith("event:")}, {"event: message"})
        self.assertEqual(messages[-1]["type"], "done")
        self.assertIn("red green", "".join(message["content"] for message in messages[:-1]))
        if jsonschema is not None:
            schema = {"$ref": "#/components/schemas/ChatMessage", "components": self.api["components"]}
            for message in messages:
                jsonschema.Draft202012Validator(schema).validate(message)
        history = self.check(self.call("GET", "/api/sessions/session-123"), "GET", "/api/sessions/{id}", 200)
        self.assertEqual([one["role"] for one in history.json["data"]["messages"]], ["user", "assistant"])
        self.check(self.call("POST", "/api/sessions/session-123", body={"action": "patch", "label": "colours"}),
                   "POST", "/api/sessions/{id}", 200)
        found = self.check(self.call("GET", "/api/sessions?search=colours"), "GET", "/api/sessions", 200)
        self.assertEqual([one["key"] for one in found.json["data"]["sessions"]], ["agent:main:session-123"])
        for action in ("compact", "abort", "history", "reset", "delete"):
            self.check(self.call("POST", "/api/sessions/session-123", body={"action": action}), "POST", "/api/sessions/{id}", 200)
        self.check(self.call("GET", "/api/sessions/session-123"), "GET", "/api/sessions/{id}", 404)

    def test_completions(self):
        body = {"model": "openclaw", "messages": [{"role": "user", "content": "red green"}]}
        self.check(self.call("POST", "/v1/chat/completions", body=body), "POST", "/v1/chat/completions", 200)
        self.check(self.call("POST", "/v1/chat/completions", body={}), "POST", "/v1/chat/completions", 400)

    def test_responses_and_embeddings(self):
        answer = self.check(self.call("POST", "/v1/responses", body={"model": "openclaw", "input": "red"}), "POST", "/v1/responses", 200)
        self.assertEqual(answer.json["status"], "completed")
        self.check(self.call("POST", "/v1/embeddings", body={"model": "openclaw", "input": "red"}), "POST", "/v1/embeddings", 200)

    def test_errors_have_the_form_of_their_front(self):
        for method, path, real, body, status in (
                ("GET", "/api/status", "/api/status", None, 401),
                ("POST", "/tools/invoke", "/tools/invoke", {"tool": "echo"}, 401),
                ("GET", "/v1/models", "/v1/models", None, 401)):
            self.check(self.call(method, real, body=body, token="wrong"), method, path, status)
        for method, path, real, body, status in (
                ("POST", "/api/chat", "/api/chat", {}, 400),
                ("POST", "/api/chat", "/api/chat", b"{x", 400),
                ("GET", "/api/status", "/api/nothing", None, 404),
                ("GET", "/api/status", "/api/v2/status", None, 404),
                ("GET", "/api/sessions", "/api/sessions?limit=x", None, 400),
                ("GET", "/v1/models", "/v1/nothing", None, 404),
                ("POST", "/tools/invoke", "/tools/nothing", {}, 404),
                ("POST", "/api/chat", "/api/status", {}, 405)):
            self.check(self.call(method, real, body=body), method, path, status)
        large = self.call("POST", "/tools/invoke", body=b'{"x":"' + b"x" * 2097152 + b'"}')
        self.check(large, "POST", "/tools/invoke", 413)

    def test_tools(self):
        answer = self.check(self.call("POST", "/tools/invoke", body={"tool": "echo", "args": {"text": "abc"}}), "POST", "/tools/invoke", 200)
        self.assertEqual(answer.json["result"]["content"][0]["text"], "abc")
        self.check(self.call("POST", "/tools/invoke", body={"tool": "sessions_list"}), "POST", "/tools/invoke", 200)
        self.check(self.call("POST", "/tools/invoke", body={"tool": "exec"}), "POST", "/tools/invoke", 404)
        self.check(self.call("POST", "/tools/invoke", body={"tool": "echo"}), "POST", "/tools/invoke", 400)
        stream = self.call("POST", "/tools/invoke", "-H", "Accept: text/event-stream", body={"tool": "time"})
        self.assertIn("event: result\n", stream.text)

    def test_hooks(self):
        def hook(path, body, *arguments, token=HOOK_TOKEN):
            return self.call("POST", path, *arguments, body=body, token=token)
        self.check(hook("/hooks/wake", {"text": "New mail"}), "POST", "/hooks/wake", 200)
        begun = self.check(hook("/hooks/agent", {"message": "x"}, "-H", "Idempotency-Key: k"), "POST", "/hooks/agent", 200)
        again = hook("/hooks/agent", {"message": "x"}, "-H", "Idempotency-Key: k")
        self.assertEqual(begun.json, again.json)
        self.check(hook("/hooks/gh", {"title": "fix"}), "POST", "/hooks/{path}", 200)
        self.check(hook("/hooks/zzz", {}), "POST", "/hooks/{path}", 404)
        self.check(hook("/hooks/wake", {}), "POST", "/hooks/wake", 400)
        self.check(hook("/hooks/wake", {}, token="wrong"), "POST", "/hooks/wake", 401)
        self.check(hook("/hooks/wake", b'"' + b"x" * 300000 + b'"'), "POST", "/hooks/wake", 413)
        self.check(hook(f"/hooks/wake?token={HOOK_TOKEN}", {}), "POST", "/hooks/wake", 400)
        body = b'{"text":"pushed"}'
        field = "X-Hub-Signature-256: sha256=" + hmac.new(HUB_SECRET.encode(), body, hashlib.sha256).hexdigest()
        self.check(hook("/hooks/hub", body, "-H", field, token=None), "POST", "/hooks/{path}", 200)
        self.check(hook("/hooks/hub", body, "-H", field, token=None), "POST", "/hooks/{path}", 409)
        self.check(hook("/hooks/hub", body + b" ", "-H", field, token=None), "POST", "/hooks/{path}", 401)

    def test_request_ids_and_origins(self):
        answer = self.call("GET", "/api/status", "-H", "X-Request-Id: mine", "-H", "Origin: https://page.example")
        self.assertEqual(answer.headers["x-request-id"], "mine")
        self.assertEqual(answer.headers["access-control-allow-origin"], "https://page.example")
        other = self.call("GET", "/api/status", "-H", "Origin: https://evil.example")
        self.assertNotIn("access-control-allow-origin", other.headers)
        self.assertNotEqual(other.headers["x-request-id"], self.call("GET", "/api/status").headers["x-request-id"])
        preflight = self.call("OPTIONS", "/api/chat", "-H", "Origin: https://page.example",
                              "-H", "Access-Control-Request-Method: POST", token=None)
        self.assertEqual(preflight.status, 204)
        self.assertIn("POST", preflight.headers["access-control-allow-methods"])


class LimitTest(unittest.TestCase):
    def test_a_caller_who_asks_too_often(self):
        tool("curl")
        config = chat_config(gateway={"http": {"rateLimit": {"requests": 2, "windowMs": 60000}}})
        with Gateway(config) as gateway:
            answers = [curl(gateway.url + "/api/status") for _ in range(3)]
        self.assertEqual([answer.status for answer in answers], [200, 200, 429])
        self.assertEqual([answer.headers["x-ratelimit-remaining"] for answer in answers], ["1", "0", "0"])
        self.assertLessEqual(int(answers[2].headers["retry-after"]), 30)
        self.assertEqual(answers[2].json["error"]["code"], "rate_limited")


if __name__ == "__main__":
    main(gatewayd="")
