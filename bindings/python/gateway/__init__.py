"""An agent gateway and streaming guardrail proxy inside an asyncio program.

    async with Gateway({"gateway": {"auth": {"mode": "token", "token": "secret"}}}) as gateway:
        server = await gateway.serve("127.0.0.1", 18789)
        await server.serve_forever()

The parts are usable alone: RuleSet and Inspector, SseDecoder and SseEncoder, Router.
"""

from ._agent import AgentError, Reasoning, Run, ToolCall, Usage
from ._constants import (Action, Direction, InspectMode, Kind, LogLevel, Profile, RouteOutcome, Severity, Status)
from ._errors import (CallerError, GatewayError, InternalError, LimitError, PeerError, PolicyError, ResourceError,
                      UpstreamError)
from ._gateway import Gateway, Ready, version
from ._inspector import Finding, Inspector, RuleSet, State
from ._method import MethodCall, MethodError
from ._opinion import OpinionRequest
from ._request import Request, Response, User, Visitor
from ._router import Match, Router
from ._sse import SseDecoder, SseEncoder, SseEvent
from ._tool import Progress, ToolError, ToolRun

__all__ = ["Action", "AgentError", "CallerError", "Direction", "Finding", "Gateway", "GatewayError", "InspectMode", "Inspector",
           "InternalError", "Kind", "LimitError", "LogLevel", "Match", "MethodCall", "MethodError", "OpinionRequest", "PeerError", "PolicyError", "Profile", "Progress", "Ready", "Reasoning",
           "Request", "ResourceError", "Response", "RouteOutcome", "Router", "RuleSet", "Run", "Severity", "SseDecoder",
           "SseEncoder", "SseEvent", "State", "Status", "ToolCall", "ToolError", "ToolRun", "UpstreamError", "Usage", "User", "Visitor", "version"]
