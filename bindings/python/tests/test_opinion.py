"""Second opinions on what the guardrail proxy lets pass."""

import asyncio
import json
import unittest

from gateway import Gateway
from test_gateway import CHAT, port_of
from test_host import exchange, get

ANSWER = b'{"id":"1","choices":[{"index":0,"message":{"role":"assistant","content":"fine"},"finish_reason":"stop"}]}'


class OpinionTest(unittest.IsolatedAsyncioTestCase):
    async def open(self, opinion, **options):
        """A gateway in front of a model that keeps its requests."""
        self.requests = []

        async def model(reader, writer):
            head = await reader.readuntil(b"\r\n\r\n")
            size = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            self.requests.append(json.loads(await reader.readexactly(size)))
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER)
            writer.close()
        server = await asyncio.start_server(model, "127.0.0.1", 0)
        self.addCleanup(server.close)
        self.address = "127.0.0.1:%d" % port_of(server)
        config = {"gateway": {"auth": {"mode": "token", "token": "secret"}},
                  "guardrail": {"enabled": True, "mode": "action", "test_upstreams": [{"address": self.address, "provider": "openai"}]}}
        gw = Gateway(config, opinion=opinion, **options)
        await gw.__aenter__()
        self.addAsyncCleanup(gw.close)
        self.port = port_of(await gw.serve())

    async def ask(self, content):
        body = json.dumps({"model": "m", "messages": [{"role": "user", "content": content}]}).encode()
        _, _, answer = await exchange(self.port, get(CHAT, "X-DC-Auth: Bearer secret", f"X-DC-Target-URL: http://{self.address}", method="POST", token="", body=body))
        return json.loads(answer)["choices"][0]["message"]["content"]

    async def test_what_it_says(self):
        seen = []
        answers = []

        async def opinion(asked):
            if asked.direction == "completion":
                answers.append(asked.body)
                return "too dull" if len(answers) > 2 else True
            seen.append(asked)
            return {"good": True, "fine": None, "bad": False, "worse": "off topic"}[asked.body["messages"][0]["content"].split()[0]]
        await self.open(opinion)
        self.assertEqual(await self.ask("good"), "fine")
        self.assertEqual(await self.ask("fine my CUIL is 20-92471509-0"), "fine")
        self.assertEqual(len(self.requests), 2)
        self.assertIn("(second opinion)", await self.ask("bad"))
        self.assertIn("(second opinion: off topic)", await self.ask("worse"))
        self.assertEqual(len(self.requests), 2)
        self.assertEqual((seen[1].direction, seen[1].provider, seen[1].model), ("prompt", "openai", "m"))
        self.assertEqual(seen[1].body["messages"][0]["content"], "fine my CUIL is [REDACTED:PII-AR-CUIT]")
        self.assertEqual([answer["choices"][0]["message"]["content"] for answer in answers], ["fine", "fine"])
        self.assertIn("(second opinion: too dull)", await self.ask("good"))

    async def test_who_fails_or_takes_too_long_has_none(self):
        async def fails(asked):
            raise ValueError("no judge")
        await self.open(fails)
        with self.assertLogs("gateway", "ERROR"):
            self.assertEqual(await self.ask("hello"), "fine")
        cancelled = asyncio.Event()

        async def waits(asked):
            try:
                await asyncio.sleep(60)
            finally:
                cancelled.set()
        await self.open(waits, limits={"ask_timeout_ms": 50})
        self.assertEqual(await self.ask("hello"), "fine")
        await asyncio.wait_for(cancelled.wait(), 20)


if __name__ == "__main__":
    unittest.main(verbosity=2)
