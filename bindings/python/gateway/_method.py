"""Methods of the gateway protocol that Python answers: one call per call of a client."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from ._bytes import lent, text
from ._errors import GatewayError
from ._native import lib
from ._pending import Pending

_log = logging.getLogger("gateway")


class MethodCall(Pending):
    """One call. `parameters` fit the schema; `caller` is what is known of the client, which has the scope; `client` is for
    Gateway.emit(), as long as it is connected."""

    def __init__(self, gateway: Any, event: Any) -> None:
        super().__init__(gateway, event.call)
        self.method = text(event.method)
        self.parameters: dict[str, Any] = json.loads(text(event.data))
        self.client = int(event.client)
        self.caller: dict[str, Any] = json.loads(text(event.caller))


class MethodError(Exception):
    """Raised by a method: the caller is told all of it. Of any other exception they learn nothing but that it failed."""

    def __init__(self, message: str, code: str = "", details: Any = None) -> None:
        super().__init__(message)
        self.code = code  # capital letters: "NOT_FOUND"; empty: "UNAVAILABLE"
        self.details = details


# The answer is anything that JSON has; None is {}.
Method = Callable[[MethodCall], Awaitable[Any]]


async def run_method(method: Method, call: MethodCall) -> None:
    """The life of one call: runs the method and sends its answer."""
    try:
        try:
            payload = await method(call)
            call._call(lib.gw_method_answer, lent("" if payload is None else json.dumps(payload)))
        except MethodError as failure:
            details = "" if failure.details is None else json.dumps(failure.details)
            call._call(lib.gw_method_fail, lent(failure.code), lent(str(failure)), lent(details))
        except Exception as failure:
            if isinstance(failure, GatewayError) and failure.code == lib.GW_ERR_GONE:
                raise
            _log.exception("a method of the program failed")
            call._call(lib.gw_method_fail, lent(""), lent("the method failed"), lent(""))
    except GatewayError:
        pass  # nobody waits any more
