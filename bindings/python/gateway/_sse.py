"""Server-sent events, read and written."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from typing import NamedTuple

from ._bytes import BytesLike, lent, raw, sized, text
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
        self._event = sized("gw_sse_event")
        self._failed = 0

    def feed(self, data: BytesLike) -> list[SseEvent]:
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

    @classmethod
    async def events(cls, stream: AsyncIterable[BytesLike], event_bytes_max: int = 0) -> AsyncIterator[SseEvent]:
        """The events of any stream of bytes."""
        decoder = cls(event_bytes_max)
        async for piece in stream:
            for event in decoder.feed(piece):
                yield event


class SseEncoder:
    """Writes events; it keeps nothing between two of them."""

    @staticmethod
    def event(data: str | BytesLike, *, type: str = "", id: str = "", retry_ms: int | None = None) -> bytes:  # noqa: A002
        """One event as bytes. CallerError for a line break in the type or id."""
        content, kind, name = lent(data), lent(type), lent(id)
        event = sized("gw_sse_event", data=content, type=kind, id=name, has_retry=retry_ms is not None, retry_ms=retry_ms or 0)
        out = ffi.new("gw_buf *")
        check(lib.gw_sse_encode(ffi.NULL, event, out))
        return _taken(out)

    @staticmethod
    def comment(words: str = "") -> bytes:
        """A comment, which readers ignore and which keeps an idle stream alive."""
        said, out = lent(words), ffi.new("gw_buf *")
        check(lib.gw_sse_encode_comment(ffi.NULL, said, out))
        return _taken(out)


def _taken(buf: object) -> bytes:
    content = raw(buf)
    lib.gw_buf_free(buf)
    return content
