"""Between Python's bytes and strings and those of the C ABI."""

from __future__ import annotations

import os
from typing import Any, Union

from ._native import ffi

# What is asked for where bytes go in. Anything else with the buffer protocol (array, mmap, numpy) will do as well.
BytesLike = Union[bytes, bytearray, memoryview]


def raw(borrowed: Any) -> bytes:
    """A copy of a gw_str or gw_buf."""
    return bytes(ffi.buffer(borrowed.data, borrowed.len)) if borrowed.len else b""


def text(borrowed: Any) -> str:
    return raw(borrowed).decode(errors="replace")


def texts(borrowed: Any, count: int) -> list[str]:
    """Words and variables as programs get them, which need not be UTF-8."""
    return [os.fsdecode(raw(borrowed[i])) for i in range(count)]


def lent(value: str | BytesLike) -> tuple[Any, int]:
    """A gw_str; it lends the bytes as long as the caller holds it."""
    data = ffi.from_buffer(value.encode() if isinstance(value, str) else value)
    return data, len(data)


def sized(name: str, **fields: Any) -> Any:
    """A struct that can grow, with its size set."""
    return ffi.new(f"{name} *", {"size": ffi.sizeof(name), **fields})
