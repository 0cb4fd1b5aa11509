"""A gateway on asyncio: the loop carries the bytes, the library decides everything else.

    data_received, connection_made, look-ups:  bytes and facts -> gateway
    _pump, once per turn of the loop:          gateway -> writes, closes, dials, look-ups; then the timer
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from ._constants import Event, LogLevel, Service, Status
from ._errors import check, error
from ._native import ffi, lib
from ._sse import raw, text

_log = logging.getLogger("gateway")
_LEVELS = {LogLevel.ERROR: logging.ERROR, LogLevel.WARN: logging.WARNING, LogLevel.INFO: logging.INFO, LogLevel.DEBUG: logging.DEBUG}


def version() -> str:
    return ffi.string(lib.gw_version()).decode()


def _struct(name: str, **fields: Any):
    return ffi.new(f"{name} *", {"size": ffi.sizeof(name), **fields})


def _str(value: str | bytes):
    """A gw_str; it lends the bytes as long as the caller holds it."""
    data = value.encode() if isinstance(value, str) else value
    return ffi.from_buffer(data), len(data)


@ffi.def_extern()
def gateway_py_log(user, level, line) -> None:
    ffi.from_handle(user).append((_LEVELS[level], text(line)))  # Python's loggers run when the library does not


def _load(config: str | Mapping[str, Any], path: str, env: Mapping[str, str]):
    given = _str(config if isinstance(config, str) else json.dumps(config))
    file = _str(path)
    lines = [ffi.new("char[]", os.fsencode(f"{name}={value}")) for name, value in env.items()]
    variables = ffi.new("const char *[]", [*lines, ffi.NULL])
    source = _struct("gw_config_source", text=given, path=file, env=variables)
    out, problems = ffi.new("gw_config **"), ffi.new("gw_buf *")
    status = lib.gw_config_load(source, ffi.NULL, out, problems)
    told = raw(problems).decode().strip()
    lib.gw_buf_free(problems)
    check(status, told)
    for line in told.splitlines():
        _log.warning(line)
    return ffi.gc(out[0], lib.gw_config_free)


class Gateway:
    """One gateway. It belongs to the event loop that entered it.

    `config` is the configuration, as an object or as JSON5 text; without it the file `path`, or the one that the
    environment `env` names. `state` is a directory for what outlives the program; without it nothing does. `limits` are
    fields of gw_limits, docs/limits.md."""

    def __init__(self, config: str | Mapping[str, Any] = "", *, path: str = "", state: str | os.PathLike[str] = "",
                 limits: Mapping[str, int] | None = None, env: Mapping[str, str] = os.environ) -> None:
        self._lines: deque[tuple[int, str]] = deque()
        log_user = ffi.new_handle(self._lines)
        host = _struct("gw_host", user=log_user, log=lib.gateway_py_log)
        store = ffi.NULL
        try:
            loaded = _load(config, path, env)
            if state:
                made = ffi.new("gw_store **")
                check(lib.gw_store_open_directory(host, _str(os.fspath(state)), ffi.NULL, made))
                store = ffi.gc(made[0], lib.gw_store_free)
            bounds = _struct("gw_limits", **(limits or {}))
            options = _struct("gw_gateway_options", host=host, config=loaded, limits=bounds, store=store,
                              services=Service.CONNECT | Service.RESOLVE)
            out = ffi.new("gw_gateway **")
            check(lib.gw_gateway_new(options, out))
        finally:
            self._tell_log()
        keep = log_user  # in whatever order the collector comes: it outlives the gateway
        self._gw = ffi.gc(out[0], lambda gateway, _=keep: lib.gw_gateway_free(gateway))
        self._event = _struct("gw_event")
        self._streams: dict[Any, _Stream] = {}  # by gw_conn
        self._jobs: dict[Any, asyncio.Task[None]] = {}  # look-ups by id, dials by gw_conn
        self._servers: list[asyncio.Server] = []
        self._timer: asyncio.TimerHandle | None = None
        self._pump_waits = False

    async def __aenter__(self) -> Gateway:
        self._loop = asyncio.get_running_loop()
        self._stopped = self._loop.create_future()
        self._turn()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def serve(self, host: str | None = "127.0.0.1", port: int = 0, **options: Any) -> asyncio.Server:
        """Listens for clients. `options` are those of loop.create_server()."""
        server = await self._loop.create_server(self.protocol, host, port, **options)
        self._servers.append(server)
        return server

    def protocol(self) -> asyncio.Protocol:
        """A protocol for one client, for any transport that asyncio has."""
        return _Stream(self)

    @property
    def stats(self) -> dict[str, int]:
        """Figures since the start, docs/embedding.md."""
        now = _struct("gw_stats")
        check(lib.gw_gateway_stats(self._gw, now))
        return {name: getattr(now, name) for name, _ in ffi.typeof("gw_stats").fields if name != "size"}

    async def close(self) -> None:
        """Stops listening, lets open answers finish within `drain_ms`, and ends."""
        if self._gw is None:
            return
        try:
            for server in self._servers:
                server.close()
            self._turn()
            lib.gw_gateway_shutdown(self._gw)
            await self._stopped
        finally:
            self._end()

    def _end(self) -> None:
        if self._timer:
            self._timer.cancel()
        for job in self._jobs.values():
            job.cancel()
        for stream in self._streams.values():
            stream.conn = ffi.NULL
            if stream.transport:
                stream.transport.abort()
        self._streams.clear()
        ffi.release(self._gw)
        self._gw = None
        self._tell_log()

    def _tell_log(self) -> None:
        while self._lines:
            _log.log(*self._lines.popleft())

    def _turn(self) -> None:
        """Before every call into the library: tells the time, and sees to it that what the call causes is done."""
        lib.gw_gateway_tick(self._gw, round(self._loop.time() * 1000), time.time_ns() // 1_000_000)
        if not self._pump_waits:
            self._pump_waits = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_waits = False
        event = self._event
        while self._gw is not None and lib.gw_gateway_next_event(self._gw, event) == lib.GW_OK:
            if event.type == Event.CONNECT:
                stream = self._streams[event.conn] = _Stream(self, event.conn)
                self._start(event.conn, self._dial(stream, text(event.host), event.port))
            elif event.type == Event.RESOLVE:
                self._start(event.ask, self._resolve(event.ask, text(event.host)))
            elif event.type == Event.CANCEL:
                self._cancel(event.ask)
            elif event.type == Event.STOPPED and not self._stopped.done():
                self._stopped.set_result(None) if event.status == lib.GW_OK else self._stopped.set_exception(error(event.status))
            elif event.conn:
                self._streams[event.conn].on_event(event)
        self._tell_log()
        if self._gw is None:
            return
        if self._timer:
            self._timer.cancel()
        deadline = lib.gw_gateway_next_deadline(self._gw)
        self._timer = None if deadline == lib.GW_NEVER else self._loop.call_at(deadline / 1000, self._turn)

    def _start(self, key: Any, work: Any) -> None:
        job = self._jobs[key] = self._loop.create_task(work)
        job.add_done_callback(lambda done: self._jobs.pop(key) if self._jobs.get(key) is done else None)

    def _cancel(self, key: Any) -> None:
        job = self._jobs.pop(key, None)
        if job:
            job.cancel()

    async def _resolve(self, ask: int, name: str) -> None:
        status, reason, addresses = Status.OK, "", []
        try:
            addresses = [found[4][0] for found in await self._loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as failure:
            status, reason = Status.RESOLVE, str(failure)
        texts = [_str(address) for address in addresses]
        why = _str(reason)
        array = ffi.new("gw_str[]", texts)
        self._turn()
        lib.gw_ask_answer(self._gw, ask, _struct("gw_answer", status=status, reason=why, addresses=array, address_count=len(texts)))

    async def _dial(self, stream: _Stream, host: str, port: int) -> None:
        try:
            if port:
                await self._loop.create_connection(lambda: stream, host, port)
            else:
                await self._loop.create_unix_connection(lambda: stream, host)
        except OSError as failure:
            if stream.conn:
                self._turn()
                lib.gw_conn_failed(stream.conn, _str(failure.strerror or str(failure)))
                stream.free()


class _Stream(asyncio.Protocol):
    """One connection: of a client, or, with `conn`, one that the gateway asked for."""

    def __init__(self, gateway: Gateway, conn: Any = ffi.NULL) -> None:
        self.gateway = gateway
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
        peer_address = _str(address)
        out = ffi.new("gw_conn **")
        if lib.gw_conn_accept(self.gateway._gw, _struct("gw_peer", address=peer_address, port=port), out) != lib.GW_OK:
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
        while not self.paused and not self.transport.is_closing() and lib.gw_conn_take_output(self.conn, self.out) == lib.GW_OK:
            self.transport.write(raw(self.out))
            lib.gw_buf_free(self.out)

    def on_event(self, event: Any) -> None:
        if event.type == Event.OUTPUT:
            self.flush()
        elif event.type == Event.READ:
            self.transport.resume_reading() if lib.gw_conn_wants_read(self.conn) else self.transport.pause_reading()
        elif event.type == Event.SHUTDOWN:
            self.transport.write_eof()
        elif event.type == Event.CLOSE and self.transport is None:
            self.gateway._cancel(self.conn)
            self.free()
        elif event.type == Event.CLOSE and event.abort:
            self.transport.abort()
        elif event.type == Event.CLOSE:
            self.transport.close()  # connection_lost() follows when everything is written

    def free(self) -> None:
        conn, self.conn = self.conn, ffi.NULL
        if conn:
            del self.gateway._streams[conn]
            self.gateway._turn()
            lib.gw_conn_free(conn)
