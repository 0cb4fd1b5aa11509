"""Text in pieces against a set of rules, without a byte leaving that should not.

    RuleSet() -- inspector() --> Inspector -- feed(piece) --> what may be sent on
                                           -- finish()    --> the rest of it
                                           -- verdict()   --> what was found
"""

from __future__ import annotations

import asyncio
import json
import os
import pathlib
import threading
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from ._bytes import BytesLike, lent, raw, sized, text
from ._constants import Action, Direction, InspectMode, Profile, Severity, Status
from ._errors import check, error
from ._native import ffi, lib

_buffer = ffi.buffer
_feed = lib.gateway_py_feed  # looked up once: a piece of a stream is a few bytes


class Finding(NamedTuple):
    """One match; `begin` and `end` are bytes of the text as it was fed, `evidence` is never the secret itself."""

    rule: str
    title: str
    category: str
    severity: Severity
    action: Action
    confidence: float
    begin: int
    end: int
    evidence: str
    view: str
    redacted: bool
    proven: bool


class State(NamedTuple):
    """How a text stands; sizes in bytes."""

    action: Action
    severity: Severity
    blocked: bool
    findings: int
    redactions: int
    bytes_inspected: int
    bytes_held: int
    bytes_held_max: int
    memory: int


class RuleSet:
    """A compiled rule set, for all threads. `files` are those of a rule pack, by their names in its folder
    ("rules/secret.yaml"); what they do not say comes from the default pack, unless `default_pack` is false.

    CallerError says what is wrong with the files; `problems` has the warnings."""

    def __init__(self, files: Mapping[str, str | BytesLike] | None = None, *, default_pack: bool = True,
                 profile: Profile = Profile.DEFAULT, block_from: Severity = Severity.NONE, mask_all: bool = False,
                 public_openings: bool = False, table_bytes_max: int = 0) -> None:
        given = [(lent(name), lent(content)) for name, content in (files or {}).items()]
        array = ffi.new("gw_rule_file[]", [{"name": name, "bytes": content} for name, content in given])
        options = sized("gw_ruleset_options", files=array, file_count=len(given), no_default_pack=not default_pack,
                        profile=profile, block_from=block_from, mask_all=mask_all,
                        public_openings=public_openings)
        out, problems = ffi.new("gw_ruleset **"), ffi.new("gw_buf *")
        status = lib.gw_ruleset_compile(options, ffi.NULL, out, problems)
        told = text(problems)
        lib.gw_buf_free(problems)
        check(status, told.strip())
        self.problems: list[str] = told.splitlines()
        self._rules = ffi.gc(out[0], lib.gw_ruleset_free)
        self._table_bytes_max = table_bytes_max
        self._of_thread = threading.local()

    @classmethod
    def from_folder(cls, folder: str | os.PathLike[str], **options: Any) -> RuleSet:
        """All .yaml, .yml and .json files below a folder; the options are those of RuleSet()."""
        root = pathlib.Path(folder)
        files = {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*"))
                 if path.suffix in (".yaml", ".yml", ".json") and path.is_file()}
        return cls(files, **options)

    def __len__(self) -> int:
        return int(lib.gw_ruleset_count(self._rules))

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that name exactly these rules."""
        return text(lib.gw_ruleset_fingerprint(self._rules))

    def inspector(self, direction: Direction = Direction.COMPLETION, mode: InspectMode = InspectMode.ACTION, *,
                  tool: str = "", path: str = "", host: str = "", confirm_from: Severity = Severity.NONE,
                  hold_bytes_max: int = 0, hold_ms_max: int = 0, release_at_limit: bool = False,
                  raw_only: bool = False) -> Inspector:
        """Begins a text; the options are those of gw_inspector_options, gateway/inspector.h."""
        strings = lent(tool), lent(path), lent(host)
        options = sized("gw_inspector_options", direction=direction, mode=mode, tool=strings[0], path=strings[1],
                        host=strings[2], confirm_from=confirm_from, hold_bytes_max=hold_bytes_max,
                        hold_ms_max=hold_ms_max, release_at_limit=release_at_limit, raw_only=raw_only)
        return Inspector(self._scanner(), options)

    def _scanner(self) -> Any:
        """This thread's tables."""
        scanner = getattr(self._of_thread, "scanner", None)
        if scanner is None:
            out = ffi.new("gateway_py_scanner **")
            check(lib.gateway_py_scanner_new(self._rules, self._table_bytes_max, out))
            scanner = self._of_thread.scanner = ffi.gc(out[0], lib.gateway_py_scanner_free)
        return scanner


class Inspector:
    """One text under inspection, made by RuleSet.inspector(). It may be handed from thread to thread, between two calls.

    What feed(), finish() and tick() return may be sent on: the bytes as they were, or what stands in their place. Once
    `blocked` is true they return nothing more."""

    def __init__(self, scanner: Any, options: Any) -> None:
        out = ffi.new("gateway_py_text **")
        check(lib.gateway_py_text_new(scanner, options, out))
        self._text = ffi.gc(out[0], lib.gateway_py_text_free)
        self._home = scanner
        self.blocked = False

    def feed(self, data: BytesLike) -> bytes:
        """Takes the next bytes; the GIL is released meanwhile."""
        if type(data) is not bytes:
            data = bytes(ffi.buffer(ffi.from_buffer(data)))
        made = self._text
        result = _feed(made, data, len(data))
        if result >= 0:  # the usual case: nothing is held
            return data[:result]
        if result != -1:
            return self._given(result)
        out: bytes = _buffer(made.out, made.len)[:]  # as _given() does, but a piece is a few bytes: a call less
        made.given = 0
        return out

    def finish(self) -> bytes:
        """The text ends here."""
        return self._given(lib.gateway_py_finish(self._text))

    def tick(self, monotonic_ms: int) -> bytes:
        """Tells the time, for `hold_ms_max`; `deadline` says when that is worth it."""
        return self._given(lib.gateway_py_tick(self._text, monotonic_ms))

    @property
    def deadline(self) -> int | None:
        with self._locked() as inspector:
            at = int(lib.gw_inspector_deadline(inspector))
        return None if at == lib.GW_NEVER else at

    @property
    def state(self) -> State:
        now = sized("gw_inspector_state")
        with self._locked() as inspector:
            check(lib.gw_inspector_status(inspector, now))
        return State(Action(now.action), Severity(now.severity), bool(now.blocked), now.findings, now.redactions,
                     now.bytes_inspected, now.bytes_held, now.bytes_held_max, now.memory)

    @property
    def findings(self) -> list[Finding]:
        """What was found so far, in the order in which it became known."""
        found: list[Finding] = []
        one = sized("gw_finding")
        with self._locked() as inspector:
            while lib.gw_inspector_finding(inspector, len(found), one) == lib.GW_OK:
                found.append(Finding(text(one.rule), text(one.title), text(one.category), Severity(one.severity),
                                     Action(one.action), one.confidence, one.begin, one.end, text(one.evidence),
                                     text(one.view), bool(one.redacted), bool(one.proven)))
        return found

    def verdict(self) -> dict[str, Any]:
        """What was inspected, by which rules, what was found and what was not looked at: docs/guardrail.md."""
        out = ffi.new("gw_buf *")
        with self._locked() as inspector:
            check(lib.gw_inspector_verdict(inspector, out))
            content = raw(out)
            lib.gw_buf_free(out)
        verdict: dict[str, Any] = json.loads(content)
        return verdict

    def pieces(self, chunks: Iterable[BytesLike]) -> Iterator[bytes]:
        """What may be sent on of a whole text; PolicyError, behind the last piece, when a rule blocks."""
        for chunk in chunks:
            if piece := self.feed(chunk):
                yield piece
            self._check_blocked()
        if rest := self.finish():
            yield rest
        self._check_blocked()

    async def stream(self, chunks: AsyncIterable[BytesLike]) -> AsyncIterator[bytes]:
        """The same for an async iterator; with `hold_ms_max` a match that grows no more is decided in time."""
        source = chunks.__aiter__()
        ahead: asyncio.Future[BytesLike] | None = None
        try:
            while True:
                ahead = ahead or asyncio.ensure_future(_next(source))
                if (at := self.deadline) is not None:
                    await asyncio.wait({ahead}, timeout=max(0.0, at / 1000 - time.monotonic()))
                    if piece := self.tick(_now()):
                        yield piece
                    self._check_blocked()
                    if not ahead.done():
                        continue
                try:
                    chunk = await ahead
                except _End:
                    break
                finally:
                    ahead = None
                if piece := self.feed(chunk):
                    yield piece
                self._check_blocked()
        finally:
            if ahead is not None:
                ahead.cancel()
        if rest := self.finish():
            yield rest
        self._check_blocked()

    def _check_blocked(self) -> None:
        if self.blocked:
            raise error(Status.BLOCKED)

    def _given(self, result: int) -> bytes:
        if result == -1:
            given = self._text
            out = bytes(_buffer(given.out, given.len)) if given.len else b""
            given.given = 0
            return out
        if result == 0 or self.blocked and result == Status.STATE:
            return b""
        if result != Status.BLOCKED:
            raise error(result)
        self.blocked = True
        return self._given(-1)

    @contextmanager
    def _locked(self) -> Iterator[Any]:
        lib.gateway_py_lock(self._home)
        try:
            yield self._text.inspector
        finally:
            lib.gateway_py_unlock(self._home)


async def _next(source: AsyncIterator[BytesLike]) -> BytesLike:
    try:
        return await source.__anext__()
    except StopAsyncIteration:
        raise _End from None


class _End(Exception):
    """StopAsyncIteration cannot leave a task."""


def _now() -> int:
    return time.monotonic_ns() // 1_000_000
