"""Methods of the gateway protocol that Python answers, and events that it sends."""

import asyncio
import json
import unittest

from gateway import CallerError, Gateway, GatewayError, MethodError, Status, User
from test_gateway import port_of

UPGRADE = (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
           b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
HELLO = {"minProtocol": 3, "maxProtocol": 4, "role": "operator", "scopes": ["operator.admin"],
         "client": {"id": "gateway-client", "version": "1", "platform": "test", "mode": "backend"}}


async def anybody(visitor):
    return User("ann")


class Client:
    """A client of the protocol: masks of zero, one call at a time."""

    async def connect(self, port):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        self.writer.write(UPGRADE)
        await self.reader.readuntil(b"\r\n\r\n")
        self.events = []
        return (await self.call("connect", **HELLO))["payload"]

    def send(self, method, **parameters):
        text = json.dumps({"type": "req", "id": method, "method": method, "params": parameters}).encode()
        size = bytes([0x80 | len(text)]) if len(text) < 126 else b"\xfe" + len(text).to_bytes(2, "big")
        self.writer.write(b"\x81" + size + bytes(4) + text)

    async def frame(self):
        while True:
            kind, size = await self.reader.readexactly(2)
            if size == 126:
                size = int.from_bytes(await self.reader.readexactly(2), "big")
            content = await self.reader.readexactly(size)
            if kind == 0x81:
                return json.loads(content)

    async def call(self, method, **parameters):
        self.send(method, **parameters)
        while (frame := await asyncio.wait_for(self.frame(), 20))["type"] != "res":
            self.events.append(frame)
        return frame

    async def event(self, name):
        while True:
            for event in self.events:
                if event["event"] == name:
                    return event["payload"]
            self.events.append(await asyncio.wait_for(self.frame(), 20))


class MethodTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.gw = Gateway({}, auth=anybody)
        await self.gw.__aenter__()
        self.addAsyncCleanup(self.gw.close)
        self.port = port_of(await self.gw.serve())

    async def client(self):
        client = Client()
        client.hello = await client.connect(self.port)
        self.addCleanup(client.writer.close)
        return client

    async def test_an_answer(self):
        calls = []

        @self.gw.method("lights.set", "operator.write", {"type": "object", "properties": {"lamp": {"type": "string"}}, "required": ["lamp"]})
        async def lights_set(call):
            calls.append(call)
            return {"lamp": call.parameters["lamp"]}

        @self.gw.method("lights.nothing")
        async def nothing(call):
            pass
        client = await self.client()
        self.assertIn("lights.set", client.hello["features"]["methods"])
        self.assertEqual((await client.call("lights.set", lamp="hall"))["payload"], {"lamp": "hall"})
        self.assertEqual((calls[0].method, calls[0].caller["client"], calls[0].caller["user"]), ("lights.set", "gateway-client", "ann"))
        self.assertEqual((await client.call("lights.nothing"))["payload"], {})
        refused = await client.call("lights.set", lamp=7)
        self.assertEqual((refused["ok"], refused["error"]["code"]), (False, "INVALID_REQUEST"))

    async def test_how_it_fails(self):
        @self.gw.method("tells")
        async def tells(call):
            raise MethodError("no such lamp", "NOT_FOUND", {"lamp": "x"})

        @self.gw.method("breaks")
        async def breaks(call):
            raise ValueError("secret reason")
        client = await self.client()
        error = (await client.call("tells"))["error"]
        self.assertEqual((error["code"], error["message"], error["details"]["lamp"]), ("NOT_FOUND", "no such lamp", "x"))
        with self.assertLogs("gateway", "ERROR"):
            error = (await client.call("breaks"))["error"]
        self.assertEqual(error["code"], "UNAVAILABLE")
        self.assertNotIn("secret reason", json.dumps(error))

    async def test_a_caller_that_leaves_cancels_it(self):
        begun, cancelled = asyncio.Event(), asyncio.Event()

        @self.gw.method("slow")
        async def slow(call):
            begun.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.set()
                raise
        client = await self.client()
        client.send("slow")
        await asyncio.wait_for(begun.wait(), 20)
        client.writer.close()
        await asyncio.wait_for(cancelled.wait(), 20)

    async def test_events(self):
        self.gw.add_event("lights.changed")
        self.gw.add_event("lights.private", "operator.admin", may_drop=True)

        @self.gw.method("whoami")
        async def whoami(call):
            self.gw.emit("lights.private", {"only": "you"}, client=call.client)
        one, other = await self.client(), await self.client()
        self.assertIn("lights.changed", one.hello["features"]["events"])
        self.gw.emit("lights.changed", {"lamp": "hall"})
        for client in (one, other):
            self.assertEqual(await client.event("lights.changed"), {"lamp": "hall"})
        await one.call("whoami")
        self.assertEqual(await one.event("lights.private"), {"only": "you"})
        await other.call("health")
        self.assertNotIn("lights.private", [event["event"] for event in other.events])
        with self.assertRaises(CallerError) as caught:
            self.gw.emit("nobody.knows")
        self.assertEqual(caught.exception.code, Status.ARGUMENT)

    async def test_what_cannot_be_added(self):
        async def nothing(call):
            pass
        for name, scope, schema, code in (("health", "", None, Status.ARGUMENT), ("two words", "", None, Status.ARGUMENT),
                                          ("mine", "everything", None, Status.ARGUMENT), ("mine", "", [], Status.DATA)):
            with self.subTest(name=name, scope=scope):
                with self.assertRaises(GatewayError) as caught:
                    self.gw.method(name, scope, schema)(nothing)
                self.assertEqual(caught.exception.code, code)


if __name__ == "__main__":
    unittest.main(verbosity=2)
