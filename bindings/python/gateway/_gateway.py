"""A gateway on asyncio: the loop carries the bytes, the library decides everything else.

    data_received, connection_made, answers:   bytes and facts -> gateway
    _pump, once per turn of the loop:          gateway -> writes, closes, dials, questions, requests; then the timer
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from . import _services
from ._agent import Agent, Running, run_of
from ._bytes import lent, raw, sized, text, texts
from ._constants import EmitFlag, Event, LogLevel, RouteFlag, Service, Status, ToolFlag
from ._errors import check, error
from ._method import Method, MethodCall, run_method
from ._native import ffi, lib
from ._opinion import Opinion, OpinionRequest
from ._request import Answering, Auth, Handler, User, Visitor
from ._tool import Tool, ToolRun, run_tool

_log = logging.getLogger("gateway")
_LEVELS = {LogLevel.ERROR: logging.ERROR, LogLevel.WARN: logging.WARNING, LogLevel.INFO: logging.INFO, LogLevel.DEBUG: logging.DEBUG}
_RECORDS_MAX = 1024  # that wait for whoever reads them

H = TypeVar("H", bound=Handler)
A = TypeVar("A", bound=Agent)
M = TypeVar("M", bound=Method)
T = TypeVar("T", bound=Tool)


class Ready(NamedTuple):
    """The gateway serves: under `url`, when it opened its ports itself; `token` is one that it has made up."""

    url: str
    token: str


def version() -> str:
    return str(ffi.string(lib.gw_version()).decode())


def _load(config: str | Mapping[str, Any], path: str, env: Mapping[str, str]) -> Any:
    given = lent(config if isinstance(config, str) else json.dumps(config))
    file = lent(path)
    lines = [ffi.new("char[]", os.fsencode(f"{name}={value}")) for name, value in env.items()]
    variables = ffi.new("const char *[]", [*lines, ffi.NULL])
    source = sized("gw_config_source", text=given, path=file, env=variables)
    out, problems = ffi.new("gw_config **"), ffi.new("gw_buf *")
    status = lib.gw_config_load(source, ffi.NULL, out, problems)
    told = text(problems).strip()
    lib.gw_buf_free(problems)
    check(status, told)
    for line in told.splitlines():
        _log.warning(line)
    return ffi.gc(out[0], lib.gw_config_free)


class Gateway:
    """One gateway. It belongs to the event loop that entered it.

    `config` is the configuration, as an object or as JSON5 text; without it the file `path`, or the one that the
    environment `env` names. `state` is a directory for what outlives the program; without it nothing does. `limits` are
    fields of gw_limits, docs/limits.md. With `listen` the ports of the configuration are opened, else serve() opens
    what it is told. With `records` records() has what the guardrail writes down. `auth` decides who may come in,
    instead of the configuration's `gateway.auth`: an async function from a Visitor to a User, or to None; an exception
    means that nobody can say (503). `opinion` is a second one on what the rules of the guardrail, in mode action,
    let pass: an async function from an OpinionRequest to None or True (it goes on), or to a reason or False (it does
    not; clients are told the reason); an exception, or no answer in time, leaves the word to the rules."""

    def __init__(self, config: str | Mapping[str, Any] = "", *, path: str = "", state: str | os.PathLike[str] = "",
                 limits: Mapping[str, int] | None = None, env: Mapping[str, str] = os.environ, listen: bool = False,
                 records: bool = False, auth: Auth | None = None, opinion: Opinion | None = None) -> None:
        self._home = ffi.gc(lib.gateway_py_home_new(), lib.gateway_py_home_free)
        if not self._home:
            raise error(Status.NO_MEMORY)
        host = sized("gw_host", user=ffi.addressof(self._home, "lines"), log=ffi.addressof(lib, "gateway_py_log"))
        store = ffi.NULL
        try:
            loaded = _load(config, path, env)
            if state:
                made = ffi.new("gw_store **")
                check(lib.gw_store_open_directory(host, lent(os.fspath(state)), ffi.NULL, made))
                store = ffi.gc(made[0], lib.gw_store_free)
            bounds = sized("gw_limits", **(limits or {}))
            services = Service.CONNECT | Service.RESOLVE | Service.SPAWN | Service.WATCH | Service.DATAGRAM
            if listen:
                services |= Service.LISTEN
            if auth is not None:
                services |= Service.AUTH
            if opinion is not None:
                services |= Service.OPINION
            options = sized("gw_gateway_options", host=host, config=loaded, limits=bounds, store=store,
                            services=services, records=records)
            out = ffi.new("gw_gateway **")
            check(lib.gw_gateway_new(options, out))
        finally:
            self._tell_log()
        self._gw = self._home.gateway = out[0]
        self._event = sized("gw_event")
        self._streams: dict[Any, _Stream] = {}  # by gw_conn
        self._jobs: dict[Any, asyncio.Task[None]] = {}  # questions by id, dials by gw_conn, requests by ("request", id)
        self._datagrams: dict[int, _services.Datagrams] = {}
        self._answering: dict[int, Answering] = {}
        self._handlers: list[Handler] = []
        self._agents: dict[str, Agent] = {}
        self._running: dict[int, Running] = {}
        self._tools: dict[str, Tool] = {}
        self._methods: dict[str, Method] = {}
        self._auth = auth
        self._opinion = opinion
        self._records: deque[bytes] = deque(maxlen=_RECORDS_MAX)
        self._record_came = asyncio.Event()
        self._servers: dict[Any, asyncio.Server] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._due = lib.GW_NEVER
        self._pump_waits = False

    async def __aenter__(self) -> Gateway:
        self._loop = asyncio.get_running_loop()
        self._stopped: asyncio.Future[None] = self._loop.create_future()
        self._ready: asyncio.Future[Ready] = self._loop.create_future()
        self._turn()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def serve(self, host: str | None = "127.0.0.1", port: int = 0, **options: Any) -> asyncio.Server:
        """Listens for clients. `options` are those of loop.create_server()."""
        server = await self._loop.create_server(self.protocol, host, port, **options)
        self._servers[server] = server
        return server

    def protocol(self) -> asyncio.Protocol:
        """A protocol for one client, for any transport that asyncio has."""
        return _Stream(self)

    async def ready(self) -> Ready:
        """Waits until every port listens; what stops that is raised here."""
        either: set[asyncio.Future[Any]] = {self._stopped, self._ready}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.done():
            self._stopped.result()
            raise error(Status.STATE)
        return self._ready.result()

    def route(self, method: str, pattern: str, *, public: bool = False, body_bytes_max: int = 0) -> Callable[[H], H]:
        """Adds a route before traffic starts: an async function from a Request to a Response, or to text, bytes, an
        async iterator or anything that JSON has. Without `public` it needs the gateway's credentials."""
        def add(handler: H) -> H:
            verb, path = lent(method), lent(pattern)
            flags = RouteFlag.PUBLIC if public else 0
            check(lib.gw_gateway_route(self._gw, verb, path, len(self._handlers), flags, body_bytes_max))
            self._handlers.append(handler)
            return handler
        return add

    def agent(self, name: str = "") -> Callable[[A], A]:
        """Answers for the agent of that id, or, without one, for every agent whose `runtime` is "host": an async
        generator that takes a Run and yields text, Reasoning, ToolCall and Usage. It is closed when nobody waits for it
        any more."""
        def add(agent: A) -> A:
            check(lib.gw_gateway_agent(self._gw, lent(name)))
            self._agents[name] = agent
            return agent
        return add

    def tool(self, name: str, description: str = "", schema: Mapping[str, Any] | None = None, *,
             owner_only: bool = False) -> Callable[[T], T]:
        """Offers a tool to the models of agents and to POST /tools/invoke: an async function that takes a ToolRun and
        returns text or anything that JSON has, or an async generator that yields Progress, then that. It is cancelled
        when nobody waits for it any more. `schema` is a JSON Schema object for its arguments, None: there are none."""
        def add(tool: T) -> T:
            flags = ToolFlag.OWNER_ONLY if owner_only else 0
            given = lent(name), lent(description), lent("" if schema is None else json.dumps(schema))
            check(lib.gw_gateway_add_tool(self._gw, *given, flags))
            self._tools[name] = tool
            return tool
        return add

    def method(self, name: str, scope: str = "", schema: Mapping[str, Any] | None = None, *,
               timeout_ms: int = 0) -> Callable[[M], M]:
        """Answers a method of the gateway protocol: an async function from a MethodCall to anything that JSON has. Its
        callers have `scope`, "operator.admin" if that is empty, and their parameters fit `schema`. It is cancelled when
        nobody waits for it any more."""
        def add(method: M) -> M:
            given = lent(name), lent(scope), lent("" if schema is None else json.dumps(schema))
            check(lib.gw_gateway_add_method(self._gw, *given, timeout_ms))
            self._methods[name] = method
            return method
        return add

    def add_event(self, name: str, scope: str = "", *, may_drop: bool = False, to_nodes: bool = False) -> None:
        """Makes an event known that emit() will send to clients of the gateway protocol: to those who have `scope`, or to
        everybody. With `may_drop` a client that is too slow does without it."""
        flags = (EmitFlag.MAY_DROP if may_drop else 0) | (EmitFlag.TO_NODES if to_nodes else 0)
        check(lib.gw_gateway_add_event(self._gw, lent(name), lent(scope), flags))

    def emit(self, name: str, payload: Any = None, *, client: int = 0) -> None:
        """Sends an event that was added to all who may see it, or to one client, that of a MethodCall."""
        if self._gw is None:
            raise error(Status.STATE)
        self._turn()
        check(lib.gw_gateway_emit(self._gw, lent(name), lent("" if payload is None else json.dumps(payload)), client))

    async def records(self) -> AsyncIterator[dict[str, Any]]:
        """What the guardrail writes down, one record after the other, until the gateway ends. Of those that nobody
        reads the newest 1024 are kept."""
        while True:
            while self._records:
                yield json.loads(self._records.popleft())
            if self._gw is None:
                return
            self._record_came.clear()
            await self._record_came.wait()

    @property
    def stats(self) -> dict[str, int]:
        """Figures since the start, docs/embedding.md."""
        now = sized("gw_stats")
        check(lib.gw_gateway_stats(self._gw, now))
        return {name: getattr(now, name) for name, _ in ffi.typeof("gw_stats").fields if name != "size"}

    async def close(self) -> None:
        """Stops listening, lets open answers finish within `drain_ms`, and ends."""
        if self._gw is None:
            return
        try:
            for server in self._servers.values():
                server.close()
            self._turn()
            lib.gw_gateway_shutdown(self._gw)
            await self._stopped
        finally:
            self._end()

    def _end(self) -> None:
        if self._gw is None:
            return
        if self._timer:
            self._timer.cancel()
        for job in self._jobs.values():
            job.cancel()
        for server in self._servers.values():
            server.close()
        for stream in self._streams.values():
            stream.conn = ffi.NULL
            if stream.transport:
                stream.transport.abort()
        self._streams.clear()
        lib.gw_gateway_free(self._gw)
        self._gw, self._home.gateway = None, ffi.NULL
        self._record_came.set()
        self._tell_log()

    def _tell_log(self) -> None:
        while line := lib.gateway_py_take_line(ffi.addressof(self._home, "lines")):
            _log.log(_LEVELS[line.level], bytes(ffi.buffer(line.text, line.len)).decode(errors="replace"))
            lib.gateway_py_free_line(line)

    def _turn(self) -> None:
        """Before every call into the library: tells the time, and sees to it that what the call causes is done."""
        lib.gw_gateway_tick(self._gw, round(self._loop.time() * 1000), lib.GW_SYSTEM_TIME)
        if not self._pump_waits:
            self._pump_waits = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_waits = False
        event = self._event
        while self._gw is not None and lib.gw_gateway_next_event(self._gw, event) == lib.GW_OK:
            self._on_event(event)
        self._tell_log()
        if self._gw is None:
            return
        deadline = lib.gw_gateway_next_deadline(self._gw)
        if deadline != self._due:
            if self._timer:
                self._timer.cancel()
            self._due = deadline
            self._timer = None if deadline == lib.GW_NEVER else self._loop.call_at(deadline / 1000, _ring, weakref.ref(self))

    def _on_event(self, event: Any) -> None:
        kind = event.type
        if kind <= Event.CLOSE:
            self._streams[event.conn].on_event(event)
        elif kind == Event.CONNECT:
            stream = self._streams[event.conn] = _Stream(self, event.conn)
            self._start(event.conn, self._dial(stream, text(event.host), event.port))
        elif kind == Event.REQUEST:
            self._on_request(event)
        elif kind == Event.REQUEST_WRITABLE:
            if answering := self._answering.get(event.request):
                answering.writable.set()
        elif kind == Event.RUN:
            self._on_run(event)
        elif kind == Event.RUN_WRITABLE:
            if running := self._running.get(event.run):
                running.writable.set()
        elif kind == Event.RUN_CANCEL:
            self._cancel(("run", event.run))
        elif kind == Event.TOOL_CALL:
            call = ToolRun(self, event)
            self._start(("tool", event.call), run_tool(self._tools[call.tool], call))
        elif kind == Event.TOOL_CANCEL:
            self._cancel(("tool", event.call))
        elif kind == Event.METHOD_CALL:
            asked = MethodCall(self, event)
            self._start(("method", event.call), run_method(self._methods[asked.method], asked))
        elif kind == Event.METHOD_CANCEL:
            self._cancel(("method", event.call))
        elif kind == Event.REQUEST_CANCELLED:
            self._cancel(("request", event.request))
        elif kind == Event.CANCEL:
            self._cancel(event.ask)
        elif kind == Event.SEND:
            if event.ask in self._datagrams:
                self._datagrams[event.ask].send(text(event.host), event.port, raw(event.data))
        elif kind == Event.RECORD:
            self._records.append(raw(event.data))
            self._record_came.set()
        elif kind == Event.READY:
            self._ready.set_result(Ready(text(event.host), text(event.data)))
        elif kind == Event.STOPPED:
            if not self._stopped.done():
                self._stopped.set_result(None) if event.status == lib.GW_OK else self._stopped.set_exception(error(event.status))
        else:
            self._on_question(event)

    def _on_question(self, event: Any) -> None:
        ask, host = event.ask, text(event.host)
        answer = self._answer_of(ask)
        if event.type == Event.RESOLVE:
            self._start(ask, _services.resolve(answer, host))
        elif event.type == Event.AUTH and self._auth is not None:
            self._start(ask, self._decide(self._auth, answer, Visitor(self, event.request, host, text(event.data))))
        elif event.type == Event.OPINION and self._opinion is not None:
            self._start(ask, self._consider(self._opinion, answer, OpinionRequest(**json.loads(text(event.data)))))
        elif event.type == Event.LISTEN:
            self._start(ask, self._listen(answer, ask, host, event.port, event.listener))
        elif event.type == Event.SPAWN:
            argv, env = texts(event.argv, event.argc), texts(event.env, event.envc)
            self._start(ask, _services.spawn(answer, argv, env, raw(event.data)))
        elif event.type == Event.WATCH:
            answer(Status.UNSUPPORTED, "asyncio watches no files")  # the gateway looks for itself
        elif event.type == Event.DATAGRAM:
            datagrams = self._datagrams[ask] = _services.Datagrams(answer)
            self._start(ask, datagrams.open(host, event.port, text(event.data)))

    def _answer_of(self, ask: int) -> _services.Answer:
        def answer(status: Status, reason: str = "", *, addresses: Sequence[str] = (), address: str = "", port: int = 0,
                   exit_code: int = 0, data: bytes = b"", user: str = "", scopes: Sequence[str] = (),
                   more: bool = False) -> None:
            if self._gw is None:
                return
            texts = [lent(one) for one in addresses]
            why, where, content, array = lent(reason), lent(address), lent(data), ffi.new("gw_str[]", texts)
            name, allowed = lent(user), lent(", ".join(scopes))
            given = sized("gw_answer", status=status, reason=why, addresses=array, address_count=len(texts), address=where,
                          port=port, exit_code=exit_code, data=content, user=name, scopes=allowed, more=more)
            self._turn()
            lib.gw_ask_answer(self._gw, ask, given)
        return answer

    def _start(self, key: Any, work: Coroutine[Any, Any, None]) -> None:
        job = self._jobs[key] = self._loop.create_task(work)
        job.add_done_callback(lambda done: self._forget(key, done))

    def _forget(self, key: Any, done: asyncio.Task[None]) -> None:
        if self._jobs.get(key) is done:
            del self._jobs[key]
            self._datagrams.pop(key, None)
        if not done.cancelled() and (failure := done.exception()):
            _log.error("a service of the host failed", exc_info=failure)

    def _cancel(self, key: Any) -> None:
        self._datagrams.pop(key, None)
        if server := self._servers.pop(key, None):
            server.close()
        if job := self._jobs.pop(key, None):
            job.cancel()

    def _on_request(self, event: Any) -> None:
        number = event.request
        answering = self._answering[number] = Answering(self, number)

        async def run(handler: Handler) -> None:
            try:
                await answering.run(handler)
            finally:
                del self._answering[number]
        self._start(("request", number), run(self._handlers[event.listener]))

    def _on_run(self, event: Any) -> None:
        number, run = event.run, run_of(self._gw, event)
        running = self._running[number] = Running(self, number, run)

        async def answer(agent: Agent) -> None:
            try:
                await running.run(agent)
            finally:
                del self._running[number]
        self._start(("run", number), answer(self._agents.get(run.agent) or self._agents[""]))

    async def _decide(self, auth: Auth, answer: _services.Answer, visitor: Visitor) -> None:
        try:
            found = await auth(visitor)
        except Exception:
            _log.exception("nobody could say who that is")
            answer(Status.IO)
        else:
            user = found if isinstance(found, User) else User()
            answer(Status.OK if found else Status.DENIED, user=user.name, scopes=user.scopes)

    async def _consider(self, opinion: Opinion, answer: _services.Answer, asked: OpinionRequest) -> None:
        try:
            said = await opinion(asked)
        except Exception:
            _log.exception("there is no second opinion")
            answer(Status.IO)
        else:
            fine = said is None or said is True
            answer(Status.OK if fine else Status.BLOCKED, said if isinstance(said, str) else "")

    async def _listen(self, answer: _services.Answer, ask: int, host: str, port: int, listener: int) -> None:
        try:
            server = await self._loop.create_server(lambda: _Stream(self, listener=listener), host, port)
        except OSError as failure:
            answer(Status.IO, failure.strerror or str(failure))
        else:
            self._servers[ask] = server
            answer(Status.OK, port=server.sockets[0].getsockname()[1])

    async def _dial(self, stream: _Stream, host: str, port: int) -> None:
        try:
            if port:
                await self._loop.create_connection(lambda: stream, host, port)
            else:
                await self._loop.create_unix_connection(lambda: stream, host)
        except OSError as failure:
            if stream.conn:
                self._turn()
                lib.gw_conn_failed(stream.conn, lent(failure.strerror or str(failure)))
                stream.free()


def _ring(reference: weakref.ref[Gateway]) -> None:
    """The timer does not keep a gateway alive that nobody has any more."""
    gateway = reference()
    if gateway is not None and gateway._gw is not None:
        gateway._due = lib.GW_NEVER
        gateway._turn()


class _Stream(asyncio.Protocol):
    """One connection: of a client, or, with `conn`, one that the gateway asked for."""

    def __init__(self, gateway: Gateway, conn: Any = ffi.NULL, listener: int = 0) -> None:
        self.gateway = gateway
        self.listener = listener
        self.conn = conn
        self.dialled = bool(conn)
        self.transport: asyncio.Transport | None = None
        self.paused = False
        self.out = ffi.new("gw_buf *")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.set_write_buffer_limits(high=0)  # paused means: the socket is not free
        if self.gateway._gw is None or self.dialled and not self.conn:
            transport.abort()
            return
        self.gateway._turn()
        if self.dialled:
            lib.gw_conn_opened(self.conn)
            return
        name = transport.get_extra_info("peername")
        address, port = name[:2] if isinstance(name, tuple) else ("", 0)
        peer_address = lent(address)
        peer = sized("gw_peer", address=peer_address, port=port, listener=self.listener)
        out = ffi.new("gw_conn **")
        if lib.gw_conn_accept(self.gateway._gw, peer, out) != lib.GW_OK:
            transport.abort()
            return
        self.conn = out[0]
        self.gateway._streams[self.conn] = self

    def data_received(self, data: bytes) -> None:
        if self.conn:
            self.gateway._turn()
            lib.gw_conn_recv(self.conn, ffi.from_buffer(data), len(data))  # a failure comes back as an event

    def eof_received(self) -> bool:
        if self.conn:
            self.gateway._turn()
            lib.gw_conn_eof(self.conn)
        return True  # the gateway says when to close

    def connection_lost(self, exc: Exception | None) -> None:
        self.free()

    def pause_writing(self) -> None:
        self.paused = True

    def resume_writing(self) -> None:
        self.paused = False
        if self.conn:
            self.gateway._turn()
            self.flush()

    def flush(self) -> None:
        transport = self.transport
        while transport and not self.paused and not transport.is_closing() and lib.gw_conn_take_output(self.conn, self.out) == lib.GW_OK:
            transport.write(raw(self.out))
            lib.gw_buf_free(self.out)

    def on_event(self, event: Any) -> None:
        kind, transport = event.type, self.transport
        if transport is None:  # it dials, or tries to
            if kind == Event.CLOSE:
                self.gateway._cancel(self.conn)
                self.free()
        elif kind == Event.OUTPUT:
            self.flush()
        elif kind == Event.READ:
            transport.resume_reading() if lib.gw_conn_wants_read(self.conn) else transport.pause_reading()
        elif kind == Event.SHUTDOWN:
            if transport.can_write_eof():
                with contextlib.suppress(OSError):  # the peer has reset it: connection_lost() follows
                    transport.write_eof()
        elif kind == Event.CLOSE:
            transport.abort() if event.abort else transport.close()  # connection_lost() follows when everything is written

    def free(self) -> None:
        conn, self.conn = self.conn, ffi.NULL
        if conn:
            del self.gateway._streams[conn]
            self.gateway._turn()
            lib.gw_conn_free(conn)
