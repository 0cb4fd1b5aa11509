"""Any ASGI program, with an inspector in front: what clients send is looked at whole, what they get while it streams.

No framework and no server are needed: an ASGI program is a callable, and so is this one around it."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from gateway import Direction, RuleSet

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]

BODY_BYTES_MAX = 1 << 20


class Inspected:
    """`app` behind a rule set. A request that a rule blocks never reaches it; an answer ends where a rule blocks it."""

    def __init__(self, app: Application, rules: RuleSet) -> None:
        self.app, self.rules = app, rules

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        body, more = bytearray(), True
        while more and len(body) <= BODY_BYTES_MAX:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if more or self.is_blocked(bytes(body)):
            return await refuse(send, 413 if more else 400)

        given = False

        async def replay() -> Message:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        inspector = self.rules.inspector(Direction.COMPLETION)

        async def inspected(message: Message) -> None:
            if message["type"] == "http.response.start":
                fields = [(name, value) for name, value in message["headers"] if name.lower() != b"content-length"]
                await send({**message, "headers": fields})  # it may become shorter
            elif message["type"] == "http.response.body" and not inspector.blocked:
                last = not message.get("more_body", False)
                piece = inspector.feed(message.get("body", b""))
                if last and not inspector.blocked:
                    piece += inspector.finish()
                await send({**message, "body": piece, "more_body": not (last or inspector.blocked)})

        await self.app(scope, replay, inspected)

    def is_blocked(self, body: bytes) -> bool:
        inspector = self.rules.inspector(Direction.PROMPT)
        inspector.feed(body)
        if not inspector.blocked:
            inspector.finish()
        return inspector.blocked


async def refuse(send: Send, status: int) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"This request was blocked.\n"})
