"""Requests that Python answers: the routes that a program adds to its gateway."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterable, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Union

from ._bytes import BytesLike, lent, raw, text
from ._errors import GatewayError, check, error
from ._native import ffi, lib
from ._pending import Pending

_log = logging.getLogger("gateway")


class Request:
    """A request on a route of the program. What it says can be asked until the answer begins; afterwards, and when the
    client has left, CallerError with Status.GONE."""

    def __init__(self, gateway: Any, number: int) -> None:
        self._gateway = gateway
        self._number = number

    def _ask(self, question: Any, *arguments: Any) -> Any:
        out = ffi.new("gw_str *")
        if self._gateway._gw is None:
            raise error(lib.GW_ERR_GONE)
        check(question(self._gateway._gw, self._number, *arguments, out))
        return out

    @property
    def method(self) -> str:
        return text(self._ask(lib.gw_request_method))

    @property
    def path(self) -> str:
        """Without the query, as sent."""
        return text(self._ask(lib.gw_request_path))

    @property
    def query(self) -> str:
        """Behind '?', as sent."""
        return text(self._ask(lib.gw_request_query))

    @property
    def body(self) -> bytes:
        return raw(self._ask(lib.gw_request_body))

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        wanted = lent(name)
        found = self._ask(lib.gw_request_header, wanted)
        return text(found) if found.data else None

    def parameter(self, name: str) -> str | None:
        """What `:name` of the pattern stands for."""
        wanted = lent(name)
        found = self._ask(lib.gw_request_parameter, wanted)
        return text(found) if found.data else None


    @property
    def user(self) -> str:
        """Who sent it, as Gateway(auth=...) said; else empty."""
        return text(self._ask(lib.gw_request_user))

    @property
    def scopes(self) -> list[str]:
        """What they may do, as Gateway(auth=...) said; empty: everything."""
        return [scope.strip() for scope in text(self._ask(lib.gw_request_scopes)).split(",") if scope.strip()]


class Visitor(Request):
    """Somebody who wants to come in: what Gateway(auth=...) is asked about. Secrets are among it: not for a log."""

    def __init__(self, gateway: Any, number: int, address: str, credentials: str) -> None:
        super().__init__(gateway, number)
        self.address = address
        # What a gateway socket gave as `auth` in `connect`; empty for HTTP.
        self.credentials: dict[str, Any] = json.loads(credentials) if credentials else {}


@dataclass
class User:
    """Somebody who may come in. No scopes: they may do everything."""

    name: str = ""
    scopes: Sequence[str] = ()


# None or False: not this one.
Auth = Callable[[Visitor], Awaitable[Union[User, bool, None]]]

Content = Union[str, BytesLike, AsyncIterable[Union[str, BytesLike]]]


@dataclass
class Response:
    """An answer: whole, or an async iterator of its pieces."""

    body: Content = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


# A handler may return less than a Response: text, bytes, an async iterator, or anything that JSON has.
Handler = Callable[[Request], Awaitable[Any]]


def response_of(returned: Any) -> Response:
    if isinstance(returned, Response):
        return returned
    if returned is None:
        return Response(status=204)
    if isinstance(returned, (bytes, bytearray, memoryview)):
        return Response(returned, headers={"Content-Type": "application/octet-stream"})
    if isinstance(returned, str):
        return Response(returned, headers={"Content-Type": "text/plain; charset=utf-8"})
    if hasattr(returned, "__aiter__"):
        return Response(returned, headers={"Content-Type": "application/octet-stream"})
    return Response(json.dumps(returned), headers={"Content-Type": "application/json; charset=utf-8"})


class Answering(Pending):
    """The life of one such request: runs the handler, sends what it returns, waits while the client is slow."""

    def __init__(self, gateway: Any, number: int) -> None:
        super().__init__(gateway, number)
        self._begun = False
        self.writable = asyncio.Event()

    async def run(self, handler: Handler) -> None:
        try:
            try:
                await self._send(response_of(await handler(Request(self._gateway, self._number))))
            except GatewayError as failure:
                if failure.code == lib.GW_ERR_GONE:
                    raise
                await self._fail()
            except Exception:
                await self._fail()
        except GatewayError:
            pass  # the client left

    async def _fail(self) -> None:
        _log.exception("a route of the program failed")
        if self._begun:
            self._call(lib.gw_response_abort)  # the client must see that it is not whole
            return
        problem = {"error": {"message": "The request failed.", "type": "api_error"}}
        await self._send(Response(json.dumps(problem), 500, {"Content-Type": "application/json; charset=utf-8"}))

    async def _send(self, response: Response) -> None:
        body = response.body
        if isinstance(body, (str, bytes, bytearray, memoryview)):
            whole = lent(body)
            self._start(response, whole[1])
            if whole[1]:
                self._call(lib.gw_response_write, *whole)
        else:
            self._start(response, lib.GW_LENGTH_UNKNOWN)
            async for piece in body:
                self.writable.clear()
                if self._call(lib.gw_response_write, *lent(piece)) == lib.GW_DONE:
                    await self.writable.wait()
        self._call(lib.gw_response_end)

    def _start(self, response: Response, length: int) -> None:
        fields = [(lent(name), lent(value)) for name, value in response.headers.items()]
        array = ffi.new("gw_field[]", [{"name": name, "value": value} for name, value in fields])
        self._call(lib.gw_response_start, response.status, array, len(fields), length)
        self._begun = True
