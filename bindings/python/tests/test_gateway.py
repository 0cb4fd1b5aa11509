"""The package as a program uses it: real sockets on loopback, the built-in agent and a small provider."""

import asyncio
import gc
import http.client
import json
import logging
import tempfile
import unittest
import weakref

import gateway
from gateway import CallerError, Gateway, LimitError, PeerError, SseDecoder, Status

CHAT = "/v1/chat/completions"


def config(provider_port=0, host="localhost", **more):
    made = {"gateway": {"auth": {"mode": "token", "token": "secret"}, "http": {"endpoints": {"chatCompletions": {"enabled": True}}}}, **more}
    if provider_port:
        made["models"] = {"providers": {"mock": {"baseUrl": f"http://{host}:{provider_port}/v1", "models": [{"id": "test"}]}}}
        made["agents"] = {"defaults": {"model": "mock/test"}}
    return made


def question(text="one two three", stream=True, token="secret"):
    body = json.dumps({"model": "openclaw", "stream": stream, "messages": [{"role": "user", "content": text}]}).encode()
    return (f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


def port_of(server):
    return server.sockets[0].getsockname()[1]


def ask(port, token="secret", stream=True, text="one two three"):
    """With http.client, on a thread: status and content of an answer."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        client.request("POST", CHAT, json.dumps({"model": "openclaw", "stream": stream, "messages": [{"role": "user", "content": text}]}),
                       {"Authorization": f"Bearer {token}"})
        response = client.getresponse()
        return response.status, response.read()
    finally:
        client.close()


def content(stream):
    """What a stream of chat completion chunks says."""
    events = SseDecoder().feed(stream)
    assert events[-1].data == "[DONE]", events
    chunks = [json.loads(event.data) for event in events[:-1]]
    return "".join(choice["delta"].get("content") or "" for chunk in chunks for choice in chunk["choices"])


class Provider:
    """An upstream that streams the pieces it is given; `left` is set when the gateway gives up."""

    def __init__(self, pieces, pause=0.0, end=True):
        self.pieces, self.pause, self.end, self.left = pieces, pause, end, asyncio.Event()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        self.port = port_of(self.server)
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()

    async def answer(self, reader, writer):
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            size = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
            await reader.readexactly(size)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
            for piece in self.pieces:
                data = json.dumps({"choices": [{"index": 0, "delta": {"content": piece}}]})
                writer.write(f"data: {data}\n\n".encode())
                await writer.drain()
                await asyncio.sleep(self.pause)
            if self.end:
                writer.write(b"data: [DONE]\n\n")
            else:
                await reader.read()
                self.left.set()
        except OSError:
            self.left.set()
        finally:
            writer.close()


class GatewayTest(unittest.IsolatedAsyncioTestCase):
    async def test_streams_an_answer_of_the_built_in_agent(self):
        async with Gateway(config()) as gw:
            server = await gw.serve()
            status, body = await asyncio.to_thread(ask, port_of(server))
            self.assertEqual(status, 200)
            self.assertTrue(content(body).startswith("You said: one two three"))
            status, body = await asyncio.to_thread(ask, port_of(server), stream=False)
            self.assertTrue(json.loads(body)["choices"][0]["message"]["content"].startswith("You said: one two three"))
            self.assertEqual(gw.stats["streams_total"], 1)

    async def test_an_answer_comes_word_by_word(self):
        async with Gateway(config()) as gw:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(await gw.serve()))
            writer.write(question("a b c d e f"))
            pieces = 0
            while await reader.read(65536):
                pieces += 1
            self.assertGreater(pieces, 3)
            writer.close()

    async def test_a_wrong_token_gets_401(self):
        async with Gateway(config()) as gw:
            status, body = await asyncio.to_thread(ask, port_of(await gw.serve()), token="wrong")
            self.assertEqual(status, 401)
            self.assertIn("error", json.loads(body))
            self.assertEqual(gw.stats["refused_total"], 1)

    async def test_a_provider_is_looked_up_and_dialled(self):
        async with Provider(["Hel", "lo"]) as provider, Gateway(config(provider.port)) as gw:
            status, body = await asyncio.to_thread(ask, port_of(await gw.serve()))
            self.assertEqual((status, content(body)), (200, "Hello"))
            self.assertEqual(gw.stats["upstream_requests_total"], 1)

    async def test_a_provider_that_is_not_there_is_an_error_of_the_upstream(self):
        async with Provider([]) as gone:
            port = gone.port
        logging.getLogger("gateway").addHandler(quiet := logging.NullHandler())
        self.addCleanup(logging.getLogger("gateway").removeHandler, quiet)
        for host in ("localhost", "127.0.0.1", "nowhere.invalid"):
            with self.subTest(host=host):
                async with Gateway(config(port, host)) as gw:
                    with self.assertLogs("gateway", logging.WARNING) as logged:
                        status, body = await asyncio.to_thread(ask, port_of(await gw.serve()))
                    self.assertTrue([line for line in logged.output if "provider mock" in line], logged.output)
                    self.assertIn(status, (502, 503))
                    self.assertIn("error", json.loads(body))

    async def test_a_client_that_leaves_ends_the_call_of_the_provider(self):
        async with Provider(["Hello"], end=False) as provider, Gateway(config(provider.port)) as gw:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(await gw.serve()))
            writer.write(question())
            await reader.readuntil(b"Hello")
            writer.close()
            await asyncio.wait_for(provider.left.wait(), 20)
            self.assertEqual(gw.stats["upstream_cancelled_total"], 1)

    async def test_a_slow_client_slows_the_provider_down(self):
        pieces = ["x" * 16384] * 512
        async with Provider(pieces) as provider, Gateway(config(provider.port)) as gw:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(await gw.serve()), limit=65536)
            writer.write(question())
            await reader.readuntil(b"xxxx")
            await asyncio.sleep(0.3)
            kept = gw.stats["buffer_bytes"]
            self.assertLess(kept, 1 << 20)
            self.assertGreater(kept, 0)
            rest = await reader.read()
            self.assertIn(b"[DONE]", rest)
            self.assertGreater(len(rest), len(pieces) * 16000)
            writer.close()

    async def test_close_lets_an_open_answer_finish(self):
        async with Gateway(config()) as gw:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(await gw.serve()))
            writer.write(question("a b c"))
            await reader.readuntil(b"200 OK")
            await gw.close()
            self.assertIn(b"[DONE]", await reader.read())
            writer.close()

    async def test_drain_ms_bounds_the_close(self):
        async with Provider(["Hello"], end=False) as provider:
            async with Gateway(config(provider.port), limits={"drain_ms": 100}) as gw:
                reader, writer = await asyncio.open_connection("127.0.0.1", port_of(await gw.serve()))
                writer.write(question())
                await reader.readuntil(b"Hello")
                await asyncio.wait_for(gw.close(), 10)
                self.assertFalse((await reader.read()).endswith(b"0\r\n\r\n"))
                writer.close()

    async def test_any_transport_will_do(self):
        with tempfile.TemporaryDirectory() as folder:
            async with Gateway(config()) as gw:
                server = await asyncio.get_running_loop().create_unix_server(gw.protocol, folder + "/socket")
                reader, writer = await asyncio.open_unix_connection(folder + "/socket")
                writer.write(question(stream=False))
                self.assertIn(b"You said: one two three", await reader.read())
                writer.close()
                server.close()

    async def test_many_connections_at_once(self):
        async with Gateway(config()) as gw:
            port = port_of(await gw.serve())

            async def one(number):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(question(f"number {number}", stream=number % 2 == 0))
                answer = await reader.read()
                writer.close()
                return f"{number}".encode() in answer

            self.assertTrue(all(await asyncio.gather(*(one(number) for number in range(50)))))
            self.assertEqual(gw.stats["conns_total"], 50)

    async def test_a_gateway_that_nobody_closes_is_collected(self):
        with tempfile.TemporaryDirectory() as folder:
            never_entered = Gateway(config(), state=folder)
            entered = Gateway(config(), state=folder + "/other")
            await entered.__aenter__()
            await asyncio.sleep(0.01)
            gone = [weakref.ref(never_entered), weakref.ref(entered)]
            del never_entered, entered
            gc.collect()
            self.assertEqual([one() for one in gone], [None, None])


class ConfigTest(unittest.TestCase):
    def test_problems_are_the_message(self):
        with self.assertRaises(CallerError) as caught:
            Gateway("{gateway:{prot:1}}")
        self.assertEqual(caught.exception.code, Status.CONFIG)
        self.assertIn('did you mean "port"', str(caught.exception))

    def test_a_file_that_is_not_there(self):
        with self.assertRaises(gateway.ResourceError) as caught:
            Gateway(path="/nowhere/openclaw.json")
        self.assertEqual(caught.exception.code, Status.IO)

    def test_variables_come_from_the_environment_that_is_given(self):
        text = "{gateway:{auth:{mode:'token',token:'${THE_TOKEN}'}}}"
        Gateway(text, env={"THE_TOKEN": "secret"})
        with self.assertRaises(CallerError) as caught:
            Gateway(text, env={})
        self.assertIn("THE_TOKEN", str(caught.exception))

    def test_log_lines_reach_python(self):
        with self.assertLogs("gateway", logging.ERROR) as logged, self.assertRaises(CallerError):
            Gateway({"gateway": {"tls": {"enabled": True, "certPath": "/nowhere.pem", "keyPath": "/nowhere.pem"},
                                 "auth": {"mode": "token", "token": "secret"}}})
        self.assertIn("/nowhere.pem", logged.output[0])


class SseTest(unittest.TestCase):
    def test_events_survive_any_cut(self):
        wire = ": hi\n\nevent: x\ndata: ä\ndata: b\nid: 7\nretry: 10\n\ndata: last\r\n\r\n".encode()
        whole = SseDecoder().feed(wire)
        self.assertEqual([(e.type, e.data, e.id, e.retry_ms) for e in whole], [("x", "ä\nb", "7", 10), ("message", "last", "7", None)])
        for cut in range(len(wire)):
            decoder = SseDecoder()
            events = decoder.feed(bytearray(wire[:cut])) + decoder.feed(memoryview(wire)[cut:])
            self.assertEqual([e.data for e in events], ["ä\nb", "last"], cut)

    def test_an_event_that_is_too_long(self):
        decoder = SseDecoder(event_bytes_max=64)
        self.assertEqual(len(decoder.feed(b"data: x\n\ndata: " + b"y" * 100)), 1)
        with self.assertRaises(LimitError) as caught:
            decoder.feed(b"\n\n")
        self.assertEqual(caught.exception.code, Status.LIMIT)
        self.assertFalse(isinstance(caught.exception, PeerError))


if __name__ == "__main__":
    unittest.main(verbosity=2)
