"""An agent gateway and streaming guardrail proxy inside an asyncio program.

    async with Gateway({"gateway": {"auth": {"mode": "token", "token": "secret"}}}) as gateway:
        server = await gateway.serve("127.0.0.1", 18789)
        await server.serve_forever()
"""

from ._constants import Kind, LogLevel, Status
from ._errors import (CallerError, GatewayError, InternalError, LimitError, PeerError, PolicyError, ResourceError,
                      UpstreamError)
from ._gateway import Gateway, version
from ._sse import SseDecoder, SseEvent

__all__ = ["CallerError", "Gateway", "GatewayError", "InternalError", "Kind", "LimitError", "LogLevel", "PeerError",
           "PolicyError", "ResourceError", "SseDecoder", "SseEvent", "Status", "UpstreamError", "version"]
