"""Method and path to whatever a route was added with."""

from __future__ import annotations

from typing import Generic, NamedTuple, TypeVar

from ._bytes import lent, sized, text
from ._constants import RouteOutcome
from ._errors import check
from ._native import ffi, lib

T = TypeVar("T")


class Match(NamedTuple, Generic[T]):
    outcome: RouteOutcome
    target: T | None  # what the route was added with, when found
    parameters: dict[str, str]
    path: str
    query: str
    allow: str  # "GET, HEAD", for METHOD_NOT_ALLOWED and OPTIONS
    head: bool  # a HEAD request that the route for GET answers


class Router(Generic[T]):
    """A table of routes: `router.add("GET", "/v1/models/:id", show)`; patterns as in gateway/router.h."""

    def __init__(self) -> None:
        out = ffi.new("gw_router **")
        check(lib.gw_router_new(ffi.NULL, out))
        self._router = ffi.gc(out[0], lib.gw_router_free)
        self._targets: list[T] = []

    def add(self, method: str, pattern: str, target: T) -> None:
        """CallerError when the pattern is not valid or the table has this route already."""
        verb, path = lent(method), lent(pattern)
        check(lib.gw_router_add(self._router, verb, path, len(self._targets)))
        self._targets.append(target)

    def match(self, method: str, target: str) -> Match[T]:
        """Finds the route for a request; `target` is the request-target as it was sent, query and all."""
        verb, path, match = lent(method), lent(target), sized("gw_route_match")
        check(lib.gw_router_match(self._router, verb, path, match))
        found = match.outcome == RouteOutcome.FOUND
        parameters = {text(match.parameters[i].name): text(match.parameters[i].value) for i in range(match.parameter_count)}
        return Match(RouteOutcome(match.outcome), self._targets[match.target] if found else None, parameters,
                     text(match.path), text(match.query), text(match.allow), bool(match.head))
