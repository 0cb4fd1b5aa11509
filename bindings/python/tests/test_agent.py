"""Agents that Python answers for: what they yield, how they fail, who stops them."""

import asyncio
import json
import logging
import unittest

from gateway import AgentError, CallerError, Gateway, Reasoning, Status, ToolCall, Usage
from test_gateway import CHAT, port_of
from test_host import exchange, get

CONFIG = {
    "gateway": {"auth": {"mode": "token", "token": "secret"}, "http": {"endpoints": {"chatCompletions": {"enabled": True}}}},
    "agents": {"list": [{"id": "mine"}]},
}


async def chat(port, text="one two", stream=False, **more):
    body = json.dumps({"model": "openclaw/mine", "stream": stream, "messages": [{"role": "user", "content": text}], **more}).encode()
    return await exchange(port, get(CHAT, "Content-Type: application/json", method="POST", body=body))


class AgentTest(unittest.IsolatedAsyncioTestCase):
    async def gateway(self, agent, name="mine"):
        gw = Gateway(CONFIG)
        await gw.__aenter__()
        self.addAsyncCleanup(gw.close)
        gw.agent(name)(agent)
        return gw, port_of(await gw.serve())

    async def test_what_it_yields_is_the_answer(self):
        runs = []

        async def agent(run):
            runs.append(run)
            yield Reasoning("hm")
            for word in run.messages[-1]["content"].split():
                await asyncio.sleep(0)
                yield word.upper() + " "
            yield Usage(input_tokens=3, output_tokens=4)
        _, port = await self.gateway(agent)
        status, _, body = await chat(port)
        answer = json.loads(body)
        self.assertEqual(status, 200, body)
        self.assertEqual(answer["choices"][0]["message"]["content"], "ONE TWO ")
        self.assertEqual(answer["choices"][0]["finish_reason"], "stop")
        self.assertEqual((answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]), (3, 4))
        self.assertEqual(runs[0].agent, "mine")
        status, head, body = await chat(port, stream=True)
        self.assertIn(b"text/event-stream", head)
        self.assertIn(b'"ONE "', body)
        self.assertIn(b'"TWO "', body)
        self.assertIn(b"data: [DONE]", body)

    async def test_a_tool_of_the_client(self):
        async def agent(run):
            self.assertEqual(run.request["tools"][0]["function"]["name"], "look")
            yield ToolCall("look", {"at": "that"})
        _, port = await self.gateway(agent)
        tool = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}
        status, _, body = await chat(port, tools=[tool])
        self.assertEqual(status, 200, body)
        choice = json.loads(body)["choices"][0]
        self.assertEqual(choice["finish_reason"], "tool_calls")
        (call,) = choice["message"]["tool_calls"]
        self.assertEqual((call["function"]["name"], json.loads(call["function"]["arguments"])), ("look", {"at": "that"}))

    async def test_how_it_fails(self):
        async def tells(run):
            raise AgentError("come back tomorrow")
            yield ""

        async def breaks(run):
            raise ValueError("secret reason")
            yield ""

        async def nonsense(run):
            yield 7
        for agent, told in ((tells, b"come back tomorrow"), (breaks, b""), (nonsense, b"")):
            with self.subTest(agent=agent.__name__):
                _, port = await self.gateway(agent)
                with self.assertLogs("gateway", logging.DEBUG):
                    logging.getLogger("gateway").debug("one line at least")
                    status, _, body = await chat(port)
                self.assertGreaterEqual(status, 500)
                self.assertIn(told, body)
                self.assertNotIn(b"secret reason", body)

    async def test_a_client_that_leaves_closes_the_generator(self):
        begun, closed = asyncio.Event(), asyncio.Event()

        async def agent(run):
            try:
                yield "begun"
                begun.set()
                await asyncio.sleep(60)
            finally:
                closed.set()
        _, port = await self.gateway(agent)
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        body = json.dumps({"model": "openclaw/mine", "stream": True, "messages": [{"role": "user", "content": "x"}]}).encode()
        writer.write(get(CHAT, "Content-Type: application/json", method="POST", body=body))
        await asyncio.wait_for(begun.wait(), 20)
        writer.close()
        await asyncio.wait_for(closed.wait(), 20)

    async def test_a_slow_client_slows_it_down(self):
        yielded = 0

        async def agent(run):
            nonlocal yielded
            for _ in range(400):
                yielded += 1
                yield "x" * 16384
        _, port = await self.gateway(agent)
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=65536)
        body = json.dumps({"model": "openclaw/mine", "stream": True, "messages": [{"role": "user", "content": "x"}]}).encode()
        writer.write(get(CHAT, "Content-Type: application/json", method="POST", body=body))
        await reader.readuntil(b"xxxx")
        await asyncio.sleep(0.3)
        self.assertLess(yielded, 390)
        self.assertIn(b"[DONE]", await reader.read())
        writer.close()

    async def test_an_agent_that_is_not_configured(self):
        gw = Gateway(CONFIG)
        with self.assertRaises(CallerError) as caught:
            gw.agent("nobody")(None)
        self.assertEqual(caught.exception.code, Status.ARGUMENT)


if __name__ == "__main__":
    unittest.main(verbosity=2)
