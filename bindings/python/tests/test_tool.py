"""Tools that Python runs: what they give, how they fail, who stops them."""

import asyncio
import json
import unittest

from gateway import CallerError, Gateway, GatewayError, LimitError, Progress, Status, ToolCall, ToolError
from test_gateway import port_of
from test_host import exchange, get

CONFIG = {"gateway": {"auth": {"mode": "token", "token": "secret"}}, "agents": {"list": [{"id": "mine"}]}}


def invocation(tool, *fields, **more):
    return get("/tools/invoke", *fields, method="POST", body=json.dumps({"tool": tool, **more}).encode())


class ToolTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.gw = Gateway(CONFIG)
        await self.gw.__aenter__()
        self.addAsyncCleanup(self.gw.close)
        self.port = port_of(await self.gw.serve())

    async def test_what_it_may_give(self):
        async def returns(run):
            return run.arguments["give"]

        async def yields(run):
            yield Progress("half")
            yield run.arguments["give"]
            self.fail("nothing behind the result is asked for")

        async def ends(run):
            yield Progress("half")
        for name, tool in (("returns", returns), ("yields", yields), ("ends", ends)):
            self.gw.tool(name)(tool)
        for name in ("returns", "yields"):
            for given, content in (("text", [{"type": "text", "text": "text"}]), (None, [{"type": "text", "text": ""}]),
                                   ({"a": 1}, [{"type": "text", "text": '{"a": 1}'}])):
                with self.subTest(tool=name, given=given):
                    status, _, body = await exchange(self.port, invocation(name, args={"give": given}))
                    self.assertEqual(status, 200, body)
                    self.assertEqual(json.loads(body)["result"]["content"], content)
        self.assertEqual(json.loads((await exchange(self.port, invocation("ends")))[2])["result"]["content"][0]["text"], "")

    async def test_what_it_is_told_and_says(self):
        runs = []

        @self.gw.tool("watched", "Is watched.", {"type": "object"})
        async def watched(run):
            runs.append(run)
            run.progress("first")
            yield Progress("second")
            yield "end"
        _, _, body = await exchange(self.port, invocation("watched", "Accept: text/event-stream", args={"q": 1}, sessionKey="s1"))
        (run,) = runs
        self.assertEqual((run.tool, run.arguments, run.agent, run.session), ("watched", {"q": 1}, "mine", "agent:mine:s1"))
        events = [line for line in body.decode().split("\n") if "text" in line]
        self.assertEqual([json.loads(line[6:].strip()).get("text") for line in events], ["first", "second", None])
        with self.assertRaises(CallerError) as caught:
            run.progress("late")
        self.assertEqual(caught.exception.code, Status.GONE)

    async def test_how_it_fails(self):
        @self.gw.tool("tells")
        async def tells(run):
            raise ToolError("no such article")

        @self.gw.tool("breaks")
        async def breaks(run):
            yield Progress("half")
            raise ValueError("secret reason")

        @self.gw.tool("nonsense")
        async def nonsense(run):
            return object()
        status, _, body = await exchange(self.port, invocation("tells"))
        self.assertEqual((status, json.loads(body)["error"]["message"]), (400, "no such article"))
        for name in ("breaks", "nonsense"):
            with self.subTest(tool=name), self.assertLogs("gateway", "ERROR"):
                status, _, body = await exchange(self.port, invocation(name))
                self.assertEqual(status, 500)
                self.assertNotIn(b"secret reason", body)

    async def test_a_client_that_leaves_cancels_it(self):
        for name in ("function", "generator"):
            begun, cancelled = asyncio.Event(), asyncio.Event()

            async def wait(begun=begun, cancelled=cancelled):
                begun.set()
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    cancelled.set()
                    raise

            async def function(run, wait=wait):
                await wait()

            async def generator(run, wait=wait):
                await wait()
                yield ""
            self.gw.tool(name)({"function": function, "generator": generator}[name])
            with self.subTest(tool=name):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.write(invocation(name))
                await asyncio.wait_for(begun.wait(), 20)
                writer.close()
                await asyncio.wait_for(cancelled.wait(), 20)

    async def test_an_agent_calls_it(self):
        @self.gw.tool("double", "Twice.", {"type": "object", "properties": {"n": {"type": "number"}}})
        async def double(run):
            return {"n": 2 * run.arguments["n"]}

        @self.gw.agent("mine")
        async def agent(run):
            last = run.messages[-1]
            if last["role"] == "tool":
                yield f"it is {last['content']}"
            else:
                self.assertIn("Twice.", [tool["function"].get("description") for tool in run.request["tools"]])
                yield ToolCall("double", {"n": 21})
        body = json.dumps({"message": "hello", "sessionKey": "agent:mine:s"}).encode()
        status, _, answer = await exchange(self.port, get("/api/chat", method="POST", body=body))
        self.assertEqual(status, 200, answer)
        self.assertIn(rb'it is {\"n\": 42}', answer)

    async def test_what_cannot_be_offered(self):
        async def nothing(run):
            pass
        self.gw.tool("mine")(nothing)
        for name, description, schema, code in (("mine", "", None, Status.ARGUMENT), ("two words", "", None, Status.ARGUMENT),
                                                ("list", "", [], Status.DATA)):
            with self.subTest(name=name):
                with self.assertRaises(GatewayError) as caught:
                    self.gw.tool(name, description, schema)(nothing)
                self.assertEqual(caught.exception.code, code)
        with self.assertRaises(LimitError):
            self.gw.tool("long", "x" * 70_000)(nothing)


if __name__ == "__main__":
    unittest.main(verbosity=2)
