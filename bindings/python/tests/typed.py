"""Not run: what a typed program writes, for mypy --strict."""

from __future__ import annotations

from collections.abc import AsyncIterator

from gateway import (Direction, Gateway, Inspector, Match, MethodCall, MethodError, OpinionRequest, Progress, Request, Response, Router, RuleSet, SseDecoder,
                     SseEncoder, SseEvent, ToolRun)


async def pieces() -> AsyncIterator[bytes]:
    yield b"text"


async def judge(asked: OpinionRequest) -> str | None:
    return "off topic" if asked.direction == "prompt" and "weather" in str(asked.body["messages"]) else None


async def program() -> None:
    rules: RuleSet = RuleSet()
    inspector: Inspector = rules.inspector(Direction.PROMPT, hold_bytes_max=4096)
    safe: bytes = inspector.feed(memoryview(b"text")) + inspector.feed(bytearray(b"text")) + inspector.finish()
    async for piece in rules.inspector().stream(pieces()):
        safe += piece
    finding: list[str] = [one.rule for one in inspector.findings]
    events: list[SseEvent] = SseDecoder().feed(SseEncoder.event("data", type="delta"))
    router: Router[int] = Router()
    router.add("GET", "/a/:b", 7)
    match: Match[int] = router.match("GET", "/a/b")
    target: int | None = match.target
    async with Gateway({"gateway": {"port": 0}}, records=True, opinion=judge) as gateway:
        @gateway.route("GET", "/tools/:name")
        async def tool(request: Request) -> Response:
            name: str | None = request.parameter("name")
            return Response(f"{name} {finding} {events} {target}", headers={"X-One": "1"})

        @gateway.tool("add", "Adds.", {"type": "object"}, owner_only=True)
        async def add(run: ToolRun) -> int:
            run.progress("adding")
            return int(run.arguments["a"]) + int(run.arguments["b"])

        gateway.add_event("lights.changed", may_drop=True)

        @gateway.method("lights.set", "operator.write")
        async def lights_set(call: MethodCall) -> dict[str, str]:
            if "lamp" not in call.parameters:
                raise MethodError("no lamp", "INVALID_REQUEST")
            gateway.emit("lights.changed", call.parameters, client=call.client)
            return {"by": str(call.caller["client"])}

        @gateway.tool("count")
        async def count(run: ToolRun) -> AsyncIterator[Progress | str]:
            yield Progress("one")
            yield "two"

        await gateway.serve("127.0.0.1", 0)
        figures: dict[str, int] = gateway.stats
        async for record in gateway.records():
            print(record["type"], figures, safe)
