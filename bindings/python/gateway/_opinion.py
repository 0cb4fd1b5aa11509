"""Second opinions on what the rules of the guardrail proxy let pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Union


@dataclass
class OpinionRequest:
    """A request on its way to a provider; `body` is as it would go on, in the client's dialect."""

    direction: str  # "prompt"
    provider: str
    model: str
    session: str
    body: dict[str, Any]


# None or True: it may go on. A reason, or False: it may not.
Opinion = Callable[[OpinionRequest], Awaitable[Union[str, bool, None]]]
