"""Agents that Python answers for: async generators, one call per answer."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Union

from ._bytes import lent, sized, text
from ._errors import GatewayError, check
from ._native import ffi, lib
from ._pending import Pending

_log = logging.getLogger("gateway")


@dataclass
class Run:
    """One answer that is wanted. `request` is a chat completions request as OpenAI has it: messages, tools, sampling
    values; it has passed the guardrail."""

    agent: str
    session: str
    model: str  # "provider/model" when the client wished for one
    request: dict[str, Any]

    @property
    def messages(self) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.request.get("messages", [])
        return messages


@dataclass
class Reasoning:
    """Thinking: shown where a client asks for it, no part of the answer."""

    text: str


@dataclass
class ToolCall:
    """A call of a tool that the request offers. One of the gateway's is run, and the agent is called again with the
    result among the messages; one of the client's goes to the client."""

    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    id: str = ""


@dataclass
class Usage:
    """What an answer has used, in tokens."""

    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0


class AgentError(Exception):
    """Raised by an agent: clients are told its text. Of any other exception they learn nothing but that it failed."""


Piece = Union[str, Reasoning, ToolCall, Usage]
Agent = Callable[[Run], AsyncIterator[Piece]]


class Running(Pending):
    """The life of one answer: calls the agent, sends what it yields, waits while the reader is slow."""

    def __init__(self, gateway: Any, number: int, run: Run) -> None:
        super().__init__(gateway, number)
        self._run = run
        self.writable = asyncio.Event()

    async def run(self, agent: Agent) -> None:
        try:
            try:
                await self._answer(agent)
            except AgentError as failure:
                self._call(lib.gw_run_fail, lent(str(failure)))
            except GatewayError as failure:
                if failure.code != lib.GW_ERR_GONE:
                    self._fail()
            except Exception:
                self._fail()
        except GatewayError:
            pass  # nobody waits any more

    async def _answer(self, agent: Agent) -> None:
        stop, usage = lib.GW_RUN_STOP, ffi.NULL
        async with aclosing(agent(self._run)) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                self.writable.clear()
                status = lib.GW_OK
                if isinstance(piece, str):
                    status = self._call(lib.gw_run_delta, lib.GW_RUN_TEXT, lent(piece))
                elif isinstance(piece, Reasoning):
                    status = self._call(lib.gw_run_delta, lib.GW_RUN_REASONING, lent(piece.text))
                elif isinstance(piece, ToolCall):
                    stop = lib.GW_RUN_TOOL_CALLS
                    given = lent(piece.id), lent(piece.name), lent(json.dumps(dict(piece.arguments)))
                    status = self._call(lib.gw_run_tool_call, *given)
                elif isinstance(piece, Usage):
                    usage = sized("gw_run_usage", input_tokens=piece.input_tokens, output_tokens=piece.output_tokens,
                                  cached_tokens=piece.cached_tokens)
                else:
                    raise TypeError(f"an agent does not yield {type(piece).__name__}")
                if status == lib.GW_DONE:
                    await self.writable.wait()
        self._call(lib.gw_run_end, stop, usage)

    def _fail(self) -> None:
        _log.exception("an agent of the program failed")
        self._call(lib.gw_run_fail, lent(""))


def run_of(gateway: Any, event: Any) -> Run:
    out = ffi.new("gw_str *")
    agent, session, model = text(event.agent), text(event.session), text(event.model)
    check(lib.gw_run_request(gateway, event.run, out))
    return Run(agent, session, model, json.loads(text(out)))
