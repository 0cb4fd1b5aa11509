"""A tool that Python runs: for the models of agents, and here for a client without one."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from gateway import Gateway, Progress, ToolError, ToolRun

STOCK = {"lamp": 4, "chair": 0}
SCHEMA = {"type": "object", "properties": {"article": {"type": "string"}}, "required": ["article"]}


async def stock(run: ToolRun) -> AsyncIterator[Progress | dict[str, Any]]:
    article = run.arguments.get("article")
    if article not in STOCK:
        raise ToolError(f"There is no article {article}.")
    yield Progress(f"looking for {article}")
    await asyncio.sleep(0.01)  # cancelled when nobody waits any more
    yield {"article": article, "count": STOCK[article]}


async def main() -> None:
    async with Gateway({"gateway": {"auth": {"mode": "none"}}}) as gateway:
        gateway.tool("stock", "How many of an article are there.", SCHEMA)(stock)
        server = await gateway.serve()
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        body = json.dumps({"tool": "stock", "args": {"article": "lamp"}})
        writer.write(f"POST /tools/invoke HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        print((await reader.read()).decode().split("\r\n\r\n")[1])
        writer.close()


if __name__ == "__main__":
    asyncio.run(main())
