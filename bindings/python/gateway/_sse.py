"""Reading server-sent events."""

from __future__ import annotations

from typing import NamedTuple

from ._errors import check
from ._native import ffi, lib


class SseEvent(NamedTuple):
    type: str
    data: str
    id: str
    raw: bytes
    retry_ms: int | None


class SseDecoder:
    """Reads one stream of events, fed in pieces of any size, cut anywhere."""

    def __init__(self, event_bytes_max: int = 0) -> None:
        out = ffi.new("gw_sse_decoder **")
        check(lib.gw_sse_decoder_new(ffi.NULL, event_bytes_max, out))
        self._decoder = ffi.gc(out[0], lib.gw_sse_decoder_free)
        self._event = ffi.new("gw_sse_event *", {"size": ffi.sizeof("gw_sse_event")})
        self._failed = 0

    def feed(self, data: bytes | bytearray | memoryview) -> list[SseEvent]:
        """Takes the next bytes of the stream and returns the events that they complete.

        Events in front of one that is too long are still returned; the next call raises LimitError."""
        check(self._failed)
        piece = ffi.from_buffer(data)
        self._failed = min(0, lib.gw_sse_decoder_feed(self._decoder, piece, len(piece)))
        events = []
        event = self._event
        while (status := lib.gw_sse_decoder_next(self._decoder, event)) == lib.GW_OK:
            events.append(SseEvent(text(event.type), text(event.data), text(event.id), raw(event.raw),
                                   event.retry_ms if event.has_retry else None))
        check(status)
        if not events:
            check(self._failed)
        return events


def raw(borrowed) -> bytes:
    """A copy of a gw_str or gw_buf."""
    return ffi.buffer(borrowed.data, borrowed.len)[:] if borrowed.len else b""


def text(borrowed) -> str:
    return raw(borrowed).decode(errors="replace")
