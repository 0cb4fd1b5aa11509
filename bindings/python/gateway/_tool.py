"""Tools that Python runs: async functions or generators, one call per call of a model or a client."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Union

from ._bytes import lent, text
from ._errors import GatewayError
from ._native import lib
from ._pending import Pending

_log = logging.getLogger("gateway")


class ToolRun(Pending):
    """One call. `arguments` are written by a model or a client: check them; the gateway does not."""

    def __init__(self, gateway: Any, event: Any) -> None:
        super().__init__(gateway, event.call)
        self.tool = text(event.tool)
        self.agent = text(event.agent)
        self.session = text(event.session)
        self.arguments: dict[str, Any] = json.loads(text(event.data))

    def progress(self, text: str) -> None:
        """Says what it is doing, for people who watch; no part of the result."""
        self._call(lib.gw_tool_progress, lent(text))


@dataclass
class Progress:
    """What a generator yields to say what it is doing."""

    text: str


class ToolError(Exception):
    """Raised by a tool: whoever called it is told its text. Of any other exception they learn nothing but that it failed."""


# What is returned, or yielded and no Progress, is the result: text, nothing, or anything that JSON has.
Tool = Callable[[ToolRun], Union[Awaitable[Any], AsyncIterator[Any]]]


async def run_tool(tool: Tool, call: ToolRun) -> None:
    """The life of one call: runs the tool and sends its result."""
    try:
        try:
            result = await _result_of(tool, call)
            told = result if isinstance(result, str) else "" if result is None else json.dumps(result)
            call._call(lib.gw_tool_result, lent(told), False)
        except ToolError as failure:
            call._call(lib.gw_tool_result, lent(str(failure)), True)
        except Exception as failure:
            if isinstance(failure, GatewayError) and failure.code == lib.GW_ERR_GONE:
                raise
            _log.exception("a tool of the program failed")
            call._call(lib.gw_tool_result, lent(""), True)
    except GatewayError:
        pass  # nobody waits any more


async def _result_of(tool: Tool, call: ToolRun) -> Any:
    given = tool(call)
    if not isinstance(given, AsyncIterator):
        return await given
    async with aclosing(given) as steps:  # type: ignore[type-var]
        async for step in steps:
            if not isinstance(step, Progress):
                return step
            call.progress(step.text)
    return None
