"""The inspector alone: what a model says goes on piece by piece, without the secrets in it."""

import asyncio
from collections.abc import AsyncIterator

from gateway import InspectMode, RuleSet


async def model() -> AsyncIterator[bytes]:
    for piece in (b"Use the key AK", b"IAIA2Q7MZK4", b"TPLW9XRBC, and", b" be careful."):
        yield piece


async def main() -> None:
    rules = RuleSet()  # once per program: the default pack, for all threads
    inspector = rules.inspector(mode=InspectMode.REDACT)
    async for piece in inspector.stream(model()):
        print(piece.decode(), end="", flush=True)
    print()
    for finding in inspector.findings:
        print(finding.rule, finding.begin, finding.end)


if __name__ == "__main__":
    asyncio.run(main())
