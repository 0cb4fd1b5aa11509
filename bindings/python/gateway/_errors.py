"""Exceptions: one class per kind of status, because the kind says who has to do something about it."""

from __future__ import annotations

from ._constants import Kind, Status
from ._native import ffi, lib


class GatewayError(Exception):
    """A call that failed. `code` says how, the class says whose problem it is."""

    def __init__(self, code: Status, message: str) -> None:
        super().__init__(message)
        self.code = code


class CallerError(GatewayError):
    """The calling code or the configuration is wrong."""


class PeerError(GatewayError):
    """The other end of a connection misbehaved."""


class LimitError(GatewayError):
    """A limit of size, count or time was reached."""


class PolicyError(GatewayError):
    """Refused on purpose."""


class UpstreamError(GatewayError):
    """A server behind the gateway failed."""


class ResourceError(GatewayError):
    """Memory, a disk or the random source failed."""


class InternalError(GatewayError):
    """A bug in the library."""


_BY_KIND = {Kind.CALLER: CallerError, Kind.PEER: PeerError, Kind.LIMIT: LimitError, Kind.POLICY: PolicyError,
            Kind.UPSTREAM: UpstreamError, Kind.RESOURCE: ResourceError}


def error(status: int, message: str = "") -> GatewayError:
    """The exception for a status that is an error."""
    made = _BY_KIND.get(Kind(lib.gw_status_kind(status)), InternalError)
    return made(Status(status), message or ffi.string(lib.gw_strerror(status)).decode())


def check(status: int, message: str = "") -> None:
    if status < 0:
        raise error(status, message)
