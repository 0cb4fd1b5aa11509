"""Second opinions on what the rules of the guardrail let pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Union


@dataclass
class OpinionRequest:
    """Something on its way; `body` is as it would go on: a prompt in the client's dialect, an answer in the provider's,
    or `{"calls": [{"name", "arguments"}]}`."""

    direction: str  # "prompt", "completion", "tool_call"
    provider: str
    model: str
    session: str
    body: dict[str, Any]
    agent: str = ""  # of the gateway, if one is at work


# None or True: it may go on. A reason, or False: it may not.
Opinion = Callable[[OpinionRequest], Awaitable[Union[str, bool, None]]]
