"""A gateway inside an asyncio program: one route of its own, one decision about who may come in."""

import asyncio
import sys

from gateway import Gateway, Request, User, Visitor


async def who(visitor: Visitor) -> User | None:
    return User("ann") if visitor.header("cookie") == "session=7" else None


async def main(port: int) -> None:
    config = {"gateway": {"http": {"endpoints": {"chatCompletions": {"enabled": True}}}}}
    gateway = Gateway(config, auth=who)

    @gateway.route("GET", "/hello")
    async def hello(request: Request) -> dict[str, str]:
        return {"hello": request.user}

    async with gateway:
        server = await gateway.serve("127.0.0.1", port)
        print("listening on http://127.0.0.1:%d" % server.sockets[0].getsockname()[1], flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
