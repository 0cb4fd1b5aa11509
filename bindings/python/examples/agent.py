"""An agent that Python answers for, behind the gateway's HTTP API, with its limits and its guardrail."""

import asyncio
import sys
from collections.abc import AsyncIterator

from gateway import Gateway, Run, Usage

CONFIG = {
    "gateway": {"auth": {"mode": "token", "token": "secret"}, "http": {"endpoints": {"chatCompletions": {"enabled": True}}}},
    "agents": {"list": [{"id": "parrot"}]},
}


async def parrot(run: Run) -> AsyncIterator[str | Usage]:
    words = str(run.messages[-1]["content"]).split()
    for word in words:
        await asyncio.sleep(0.01)  # a model thinks
        yield word.upper() + " "
    yield Usage(input_tokens=len(words), output_tokens=len(words))


async def main(port: int) -> None:
    async with Gateway(CONFIG) as gateway:
        gateway.agent("parrot")(parrot)
        server = await gateway.serve("127.0.0.1", port)
        print("listening on http://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
