"""The examples do what they say."""

import asyncio
import http.client
import json
import pathlib
import subprocess
import sys
import unittest

from gateway import RuleSet, Severity

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "examples"
sys.path.insert(0, str(EXAMPLES))
from asgi_middleware import Inspected  # noqa: E402

SECRET = b"AKIAIA2Q7MZK4TPLW9XRBC"


class ExamplesTest(unittest.TestCase):
    def test_inspect_stream(self):
        out = subprocess.run([sys.executable, EXAMPLES / "inspect_stream.py"], check=True, capture_output=True, timeout=60).stdout
        self.assertTrue(out.startswith(b"Use the key "))
        self.assertIn(b", and be careful.\nSEC-AWS-KEY 12 34\n", out)
        self.assertNotIn(SECRET, out)

    def test_hello(self):
        with subprocess.Popen([sys.executable, EXAMPLES / "hello.py", "0"], stdout=subprocess.PIPE, text=True) as server:
            try:
                port = int(server.stdout.readline().rsplit(":", 1)[1])
                answers = []
                for cookie in ("session=7", "session=8"):
                    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                    client.request("GET", "/hello", headers={"Cookie": cookie})
                    response = client.getresponse()
                    answers.append((response.status, json.loads(response.read())))
                    client.close()
                self.assertEqual(answers[0], (200, {"hello": "ann"}))
                self.assertEqual(answers[1][0], 401)
            finally:
                server.kill()


    def test_agent(self):
        with subprocess.Popen([sys.executable, EXAMPLES / "agent.py", "0"], stdout=subprocess.PIPE, text=True) as server:
            try:
                client = http.client.HTTPConnection("127.0.0.1", int(server.stdout.readline().rsplit(":", 1)[1]), timeout=60)
                body = json.dumps({"model": "openclaw/parrot", "messages": [{"role": "user", "content": "one two"}]})
                client.request("POST", "/v1/chat/completions", body, {"Authorization": "Bearer secret"})
                answer = json.loads(client.getresponse().read())
                client.close()
                self.assertEqual(answer["choices"][0]["message"]["content"], "ONE TWO ")
                self.assertEqual(answer["usage"]["total_tokens"], 4)
            finally:
                server.kill()


    def test_tool(self):
        out = subprocess.run([sys.executable, EXAMPLES / "tool.py"], check=True, capture_output=True, timeout=60, text=True).stdout
        self.assertEqual(out, '{"ok":true,"result":{"content":[{"type":"text","text":"{\\"article\\": \\"lamp\\", \\"count\\": 4}"}],'
                              '"details":{"article": "lamp", "count": 4}}}\n')


class AsgiTest(unittest.IsolatedAsyncioTestCase):
    """An ASGI program is called by hand, as a server would."""

    @classmethod
    def setUpClass(cls):
        cls.rules = RuleSet(block_from=Severity.CRITICAL)

    async def ask(self, app, pieces):
        sent = []
        messages = [{"type": "http.request", "body": piece, "more_body": i + 1 < len(pieces)} for i, piece in enumerate(pieces)]

        async def receive():
            await asyncio.sleep(0)
            return messages.pop(0) if messages else {"type": "http.disconnect"}

        async def send(message):
            sent.append(message)
        await Inspected(app, self.rules)({"type": "http"}, receive, send)
        return sent[0]["status"], b"".join(message["body"] for message in sent[1:]), sent

    async def test_a_streamed_answer(self):
        async def echo(scope, receive, send):
            body = (await receive())["body"]
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"999")]})
            for i in range(0, len(body), 7):
                await send({"type": "http.response.body", "body": body[i:i + 7], "more_body": i + 7 < len(body)})
        status, body, sent = await self.ask(echo, [b"Hello, ", b"how are you today?"])
        self.assertEqual((status, body), (200, b"Hello, how are you today?"))
        self.assertEqual(sent[0]["headers"], [])
        self.assertFalse(sent[-1]["more_body"])

    async def test_a_request_that_is_blocked_never_arrives(self):
        async def never(scope, receive, send):
            self.fail("it must not be called")
        self.assertEqual((await self.ask(never, [b"my key is " + SECRET[:10], SECRET[10:]]))[0], 400)

    async def test_a_secret_does_not_leave(self):
        async def leaks(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for piece in (b"the key is ", SECRET[:8], SECRET[8:], b" and more"):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        status, body, sent = await self.ask(leaks, [b""])
        self.assertEqual(status, 200)
        self.assertTrue(b"the key is ".startswith(body[:11]))
        self.assertNotIn(SECRET[:8], body)
        self.assertFalse(sent[-1]["more_body"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
