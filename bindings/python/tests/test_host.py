"""What the program does for its gateway: routes, services, records; and that nothing is left behind."""

import asyncio
import contextlib
import gc
import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from gateway import CallerError, Gateway, Response, RuleSet, Status, User, _services
from test_gateway import config, port_of

# A network of its own, which is one loopback device: nothing leaves the machine.
NETWORK = ("ip link set lo up && ip link set lo multicast on && ip addr add 10.1.2.3/32 dev lo && "
           "ip route add 224.0.0.0/4 dev lo src 10.1.2.3")
GROUP = """
import asyncio
from gateway import _services

async def main():
    answers = asyncio.Queue()
    def answer(status, reason="", **facts):
        answers.put_nowait((int(status), facts))
    tasks = []
    async def open(*where):
        datagrams = _services.Datagrams(answer)
        tasks.append(asyncio.ensure_future(datagrams.open(*where)))
        return datagrams, *await answers.get()
    first, _, facts = await open("0.0.0.0", 0, "224.0.0.251")
    _, second, _ = await open("0.0.0.0", facts["port"], "224.0.0.251")
    first.send("224.0.0.251", facts["port"], b"ping")
    _, heard = await answers.get()
    await answers.get()  # the other one hears it as well
    _, refused, _ = await open("0.0.0.0", 0, "127.0.0.1")
    print(second, heard["data"], heard["address"], refused)

asyncio.run(main())
"""


async def exchange(port, request):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head, body


def get(path, *fields, method="GET", token="secret", body=b""):
    lines = [f"{method} {path} HTTP/1.1", "Host: x", "Connection: close", *fields]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


class RouteTest(unittest.IsolatedAsyncioTestCase):
    async def test_a_request_and_every_kind_of_answer(self):
        gw = Gateway(config())

        @gw.route("POST", "/tools/:name")
        async def tool(request):
            await asyncio.sleep(0.01)
            return {"name": request.parameter("name"), "method": request.method, "path": request.path, "query": request.query,
                    "body": request.json(), "header": request.header("X-One"), "none": request.header("x-two"), "no": request.parameter("no")}

        @gw.route("GET", "/text")
        async def words(request):
            return "words"

        @gw.route("GET", "/nothing")
        async def nothing(request):
            return None

        @gw.route("GET", "/public", public=True)
        async def public(request):
            return Response(b"hello", 201, {"X-Mine": "1"})

        @gw.route("GET", "/stream")
        async def stream(request):
            async def pieces():
                for number in range(3):
                    await asyncio.sleep(0)
                    yield f"{number} "
            return pieces()

        async with gw:
            port = port_of(await gw.serve())
            status, head, body = await exchange(port, get("/tools/ec%20ho?a=1", "X-One: yes", method="POST", body=b'{"x":1}'))
            self.assertEqual(status, 200)
            self.assertIn(b"application/json", head)
            self.assertEqual(json.loads(body), {"name": "ec ho", "method": "POST", "path": "/tools/ec%20ho", "query": "a=1", "body": {"x": 1},
                                                "header": "yes", "none": None, "no": None})
            self.assertEqual((await exchange(port, get("/text")))[2], b"words")
            self.assertEqual((await exchange(port, get("/nothing")))[0], 204)
            status, head, body = await exchange(port, get("/public", token=""))
            self.assertEqual((status, body), (201, b"hello"))
            self.assertIn(b"X-Mine: 1", head)
            self.assertIn(b"2\r\n0 \r\n2\r\n1 \r\n2\r\n2 \r\n0\r\n", (await exchange(port, get("/stream")))[2])
            self.assertEqual((await exchange(port, get("/text", token="")))[0], 401)

    async def test_a_route_that_fails(self):
        gw = Gateway(config())

        @gw.route("GET", "/early")
        async def early(request):
            raise ValueError("secret reason")

        @gw.route("GET", "/late")
        async def late(request):
            async def pieces():
                yield "begun "
                raise ValueError("secret reason")
            return pieces()

        async with gw:
            port = port_of(await gw.serve())
            with self.assertLogs("gateway", logging.ERROR):
                status, _, body = await exchange(port, get("/early"))
            self.assertEqual(status, 500)
            self.assertNotIn(b"secret reason", body)
            with self.assertLogs("gateway", logging.ERROR), contextlib.suppress(ConnectionError, IndexError):
                answer = await exchange(port, get("/late"))
                self.assertFalse(answer[2].endswith(b"0\r\n\r\n"))

    async def test_a_client_that_leaves_cancels_its_handler(self):
        gw, cancelled, begun = Gateway(config()), asyncio.Event(), asyncio.Event()

        @gw.route("GET", "/wait")
        async def wait(request):
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                cancelled.set()

        async with gw:
            _, writer = await asyncio.open_connection("127.0.0.1", port_of(await gw.serve()))
            writer.write(get("/wait"))
            await asyncio.wait_for(begun.wait(), 10)
            writer.close()
            await asyncio.wait_for(cancelled.wait(), 10)
            self.assertEqual(gw.stats["requests_open"], 0)

    async def test_a_slow_client_slows_a_stream_down(self):
        gw, sent = Gateway(config()), 0

        @gw.route("GET", "/much")
        async def much(request):
            async def pieces():
                nonlocal sent
                for _ in range(1000):
                    sent += 1
                    yield b"x" * 16384
            return pieces()

        async with gw:
            reader, writer = await asyncio.open_connection("127.0.0.1", port_of(await gw.serve()), limit=65536)
            writer.write(get("/much"))
            await reader.readuntil(b"xxxx")
            await asyncio.sleep(0.3)
            self.assertLess(sent, 900)
            self.assertGreater(len(await reader.read()), 16384000)
            writer.close()

    async def test_routes_that_cannot_be(self):
        gw = Gateway(config())
        with self.assertRaises(CallerError) as caught:
            gw.route("GET", "no-slash")(None)
        self.assertEqual(caught.exception.code, Status.ARGUMENT)
        async with gw:
            await exchange(port_of(await gw.serve()), get("/health"))
            with self.assertRaises(CallerError) as caught:
                gw.route("GET", "/late")(None)
            self.assertEqual(caught.exception.code, Status.STATE)


class AuthTest(unittest.IsolatedAsyncioTestCase):
    async def test_the_program_decides(self):
        seen = []

        async def auth(visitor):
            seen.append((visitor.address, visitor.path, visitor.credentials))
            await asyncio.sleep(0.01)
            if visitor.header("cookie") == "broken":
                raise ValueError("the database is away")
            return User("ann", ["operator.read"]) if visitor.header("cookie") == "session=7" else None

        gw = Gateway({}, auth=auth)

        @gw.route("GET", "/who")
        async def who(request):
            return {"user": request.user, "scopes": request.scopes}

        async with gw:
            port = port_of(await gw.serve())
            status, _, body = await exchange(port, get("/who", "Cookie: session=7", token=""))
            self.assertEqual((status, json.loads(body)), (200, {"user": "ann", "scopes": ["operator.read"]}))
            self.assertEqual((await exchange(port, get("/who", "Cookie: session=8", token="")))[0], 401)
            with self.assertLogs("gateway", logging.ERROR):
                self.assertEqual((await exchange(port, get("/who", "Cookie: broken", token="")))[0], 503)
            self.assertEqual(seen, [("127.0.0.1", "/who", {})] * 3)
            self.assertEqual((await asyncio.wait_for(gw.ready(), 10)).token, "")

    async def test_a_client_that_leaves_cancels_the_question(self):
        begun, cancelled = asyncio.Event(), asyncio.Event()

        async def auth(visitor):
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                cancelled.set()

        async with Gateway(config(), auth=auth) as gw:
            _, writer = await asyncio.open_connection("127.0.0.1", port_of(await gw.serve()))
            writer.write(get("/v1/models"))
            await asyncio.wait_for(begun.wait(), 10)
            writer.close()
            await asyncio.wait_for(cancelled.wait(), 10)


def has_ended(pid):
    """Also of a process that nobody has waited for yet. Without /proc nobody can say."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


class ServiceTest(unittest.IsolatedAsyncioTestCase):
    def setUp(self):
        self.answers = asyncio.Queue()

    def answer(self, status, reason="", **facts):
        self.answers.put_nowait((status, facts))

    async def test_names(self):
        await _services.resolve(self.answer, "localhost")
        status, facts = self.answers.get_nowait()
        self.assertEqual(status, Status.OK)
        self.assertIn("127.0.0.1", facts["addresses"])
        await _services.resolve(self.answer, "nowhere.invalid")
        self.assertEqual(self.answers.get_nowait()[0], Status.RESOLVE)

    async def test_programs(self):
        async def run(*argv, env=(), data=b""):
            await _services.spawn(self.answer, argv, env, data)
            output = b""
            while True:
                status, facts = self.answers.get_nowait()
                output += facts.get("data", b"")
                if not facts.get("more"):
                    return status, facts.get("exit_code"), output
        self.assertEqual(await run("cat", data=b"a\0b" * 100000), (Status.OK, 0, b"a\0b" * 100000))
        self.assertEqual(await run("sh", "-c", "exit 3", data=b"x" * 1000000), (Status.OK, 3, b""))
        self.assertEqual(await run("sh", "-c", "echo x; kill -TERM $$"), (Status.OK, 143, b"x\n"))
        with mock.patch.dict(os.environ, OPENAI_API_KEY="not-for-programs"):
            self.assertEqual(await run("sh", "-c", "echo $A${OPENAI_API_KEY-none}", env=["A=x=y "]), (Status.OK, 0, b"x=y none\n"))
        self.assertEqual((await run("/nowhere/program"))[0], Status.IO)
        for last in ("wait", "exit"):  # it has ended, but its child has not
            task = asyncio.ensure_future(_services.spawn(self.answer, ["sh", "-c", f"sleep 60 & echo $!; {last}"], [], b""))
            child = int((await asyncio.wait_for(self.answers.get(), 10))[1]["data"])
            await asyncio.sleep(0.05)
            task.cancel()
            with self.assertRaises(asyncio.CancelledError):
                await asyncio.wait_for(task, 10)
            for _ in range(1000):  # killed, and its pipe is closed; the rest of its end takes a moment
                if has_ended(child):
                    break
                await asyncio.sleep(0.01)
            self.assertTrue(has_ended(child))

    async def test_the_gateway_counts_what_a_program_writes_and_the_time_it_takes(self):
        settings = {"gateway": {"auth": {"mode": "none"}, "tools": {"allow": ["exec"]}}, "tools": {"exec": {"host": "gateway"}}}
        with tempfile.TemporaryDirectory() as state:
            approved = {"version": 1, "agents": {"main": {"allowlist": [{"pattern": "*"}]}}}
            (Path(state) / "exec-approvals.json").write_text(json.dumps(approved))
            async with Gateway(settings, state=state) as gw:
                port = port_of(await gw.serve())

                async def run(**args):
                    body = json.dumps({"tool": "exec", "args": args}).encode()
                    _, _, answer = await exchange(port, get("/tools/invoke", "Content-Type: application/json", method="POST", token="", body=body))
                    said = json.loads(answer)
                    return said["result"]["content"][0]["text"] if said["ok"] else said["error"]["message"]
                self.assertEqual(await run(command="echo one; echo two"), "one\ntwo\n")
                self.assertEqual(await run(command="yes"), "y\n" * 102400 + "(stopped: it wrote more than 200 KiB)")
                self.assertEqual(await run(command="echo begun; sleep 20", timeoutMs=200), "begun\n(stopped: it took too long)")

    async def test_the_configuration_file_is_followed(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "openclaw.json"
            path.write_text("{gateway:{auth:{mode:'none'}},agents:{list:[{id:'a'}]}}")
            with self.assertLogs("gateway", "INFO") as log:
                async with Gateway(path=str(path)):
                    path.write_text("{gateway:{auth:{mode:'none'}},agents:{list:[{id:'bb'}]}}")
                    for _ in range(200):
                        if "the configuration changed: agents.list" in "\n".join(log.output):
                            break
                        await asyncio.sleep(0.05)
            self.assertIn("the configuration changed: agents.list", "\n".join(log.output))

    async def test_datagrams(self):
        datagrams = _services.Datagrams(self.answer)
        task = asyncio.ensure_future(datagrams.open("127.0.0.1", 0))
        status, facts = await asyncio.wait_for(self.answers.get(), 10)
        self.assertEqual(status, Status.OK)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            other.settimeout(10)
            other.sendto(b"ping", ("127.0.0.1", facts["port"]))
            _, facts = await asyncio.wait_for(self.answers.get(), 10)
            self.assertEqual((facts["data"], facts["port"]), (b"ping", other.getsockname()[1]))
            datagrams.send("127.0.0.1", other.getsockname()[1], b"pong")
            await asyncio.sleep(0)
            self.assertEqual(other.recv(100), b"pong")
        task.cancel()

    def test_a_group_shares_its_port_and_hears_what_is_said_to_it(self):
        def inside(*command):
            return subprocess.run(["unshare", "-rn", "sh", "-c", NETWORK + ' && exec "$0" "$@"', *command],
                                  capture_output=True, text=True)

        if shutil.which("unshare") is None or inside("true").returncode != 0:
            self.skipTest("no network namespace can be made here")
        done = inside(sys.executable, "-c", GROUP)
        self.assertEqual(done.stdout, f"{int(Status.OK)} b'ping' 10.1.2.3 {int(Status.IO)}\n", done.stderr)


class ReadyTest(unittest.IsolatedAsyncioTestCase):
    async def test_the_ports_of_the_configuration(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        async with Gateway({"gateway": {"port": port}}, listen=True) as gw:
            ready = await asyncio.wait_for(gw.ready(), 10)
            self.assertEqual(ready.url, f"http://127.0.0.1:{port}")
            self.assertGreater(len(ready.token), 20)
            self.assertEqual((await exchange(port, get("/health", token="")))[0], 200)
        with self.assertRaises(OSError):
            await asyncio.open_connection("127.0.0.1", port)

    async def test_a_port_that_is_taken(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            gw = Gateway({"gateway": {"port": taken.getsockname()[1]}}, listen=True)
            with self.assertLogs("gateway", logging.ERROR):
                await gw.__aenter__()
                with self.assertRaises(Exception) as caught:
                    await asyncio.wait_for(gw.ready(), 10)
            self.assertEqual(caught.exception.code, Status.IO)
            with contextlib.suppress(Exception):
                await gw.close()


class RecordTest(unittest.IsolatedAsyncioTestCase):
    async def test_records_of_the_guardrail(self):
        policy = {"gateway": {"auth": {"mode": "token", "token": "secret"}}, "guardrail": {"enabled": True, "mode": "action"}}
        async with Gateway(policy, records=True) as gw:
            port = port_of(await gw.serve())
            body = json.dumps({"model": "m", "messages": [{"role": "user", "content": "hi"}]}).encode()
            await exchange(port, get("/v1/chat/completions", "X-DC-Target-URL: http://127.0.0.1:9", "X-DC-Auth: secret",
                                     "Content-Type: application/json", method="POST", body=body))
            records = gw.records()
            record = await asyncio.wait_for(records.__anext__(), 10)
            self.assertIsInstance(record, dict)
            self.assertNotIn("secret", json.dumps(record))


class FakeTransport(asyncio.Transport):
    """As little of a transport as it takes to come and go."""

    closed = False

    def get_extra_info(self, name, default=None):
        return ("127.0.0.1", 1) if name == "peername" else default

    def set_write_buffer_limits(self, high=None, low=None):
        pass

    def is_closing(self):
        return self.closed

    def write(self, data):
        pass

    def can_write_eof(self):
        return True

    def write_eof(self):
        pass

    def pause_reading(self):
        pass

    def resume_reading(self):
        pass

    def close(self):
        self.closed = True

    abort = close


def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class MemoryTest(unittest.IsolatedAsyncioTestCase):
    @unittest.skipUnless(sys.platform == "linux", "reads /proc")
    async def test_connections_that_come_and_go_leave_nothing(self):
        count = int(os.environ.get("GATEWAY_TEST_CONNS", "100000"))
        wires = (b"", b"GET /hea", get("/health"), b"\x16\x03\x01 not http\r\n\r\n", get("/v1/models", token="wrong"))
        async with Gateway(config()) as gw:
            asyncio.get_running_loop().set_debug(False)

            async def some(rounds):
                for number in range(rounds):
                    stream = gw.protocol()
                    stream.connection_made(FakeTransport())
                    stream.data_received(wires[number % len(wires)])
                    if number % 7 == 0:
                        stream.eof_received()
                    if number % 50 == 0:
                        await asyncio.sleep(0)
                    stream.connection_lost(None)
                await asyncio.sleep(0)
                gc.collect()

            await some(count // 10)
            before = resident()
            await some(count)
            grown = resident() - before
            self.assertEqual(gw.stats["conns_total"], count // 10 + count)
            self.assertEqual(gw.stats["conns_open"], 0)
            self.assertLess(gw.stats["buffer_bytes"], 65536)  # what the gateway itself keeps
            # Of the sanitizer's own bookkeeping there is more; without it a few pages.
            self.assertLess(grown, (64 << 20) if "LD_PRELOAD" in os.environ else (2 << 20))

    async def test_in_whatever_order_the_collector_comes(self):
        class Cycle:
            pass
        for _ in range(20):
            cycle = Cycle()
            cycle.self, cycle.rules, cycle.gateway = cycle, RuleSet(default_pack=False), Gateway(config())
            cycle.inspector = cycle.rules.inspector()
            cycle.inspector.feed(b"a text that nobody ends")
            del cycle
        gc.collect()


if __name__ == "__main__":
    unittest.main(verbosity=2)
