"""What the gateway waits for: calls about one request, run or call of a tool, each in a turn, by its number."""

from __future__ import annotations

from typing import Any

from ._errors import check, error
from ._native import lib


class Pending:
    def __init__(self, gateway: Any, number: int) -> None:
        self._gateway = gateway
        self._number = number

    def _call(self, function: Any, *arguments: Any) -> int:
        """The status; what is an error is raised: GW_ERR_GONE once nobody waits any more."""
        if self._gateway._gw is None:
            raise error(lib.GW_ERR_GONE)
        self._gateway._turn()
        status = int(function(self._gateway._gw, self._number, *arguments))
        check(status)
        return status
