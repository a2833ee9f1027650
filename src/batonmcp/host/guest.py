"""The request of a host that attends a run: how far it can be asked, and how it hears of progress."""

from typing import Any, Literal

import anyio
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp_types import ClientCapabilities
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import ValidationError

from batonmcp.core.caller import Answer, Declined, Question
from batonmcp.core.printable import printable
from batonmcp.host.question import Request, answer_of, result_type

__all__ = ["Guest"]

_LONGEST_REASON = 300


class Guest:
    """One `tools/call` of a host, while it waits for its run.

    Attributes:
        way: How it is asked: `live` by a request of ours, or in `rounds`, each of which ends this request and begins
            another; None if it cannot be asked.
        capabilities: What it says it can be asked.
        client: The name that the host gives itself; empty if it gives none.
    """

    def __init__(self, context: ServerRequestContext[Any]) -> None:
        self._session = context.session
        self._request_id = context.request_id
        modern = context.protocol_version in MODERN_PROTOCOL_VERSIONS
        live = "live" if context.session.can_send_request else None
        self.way: Literal["live", "rounds"] | None = "rounds" if modern else live
        self.capabilities: ClientCapabilities | None = context.session.client_capabilities
        params = context.session.client_params
        self.client = params.client_info.name if params else ""

    async def report(self, progress: float, total: float | None, message: str) -> None:
        """Tell how far the run is; a host that wants no progress hears nothing."""
        await self._session.report_progress(progress, total, message)

    async def ask(self, question: Question, request: Request) -> Answer | Declined:
        """Ask, and wait for the answer."""
        metadata = ServerMessageMetadata(related_request_id=self._request_id)
        try:
            response = await self._session.send_request(request, result_type(request), metadata=metadata)
        except MCPError as error:
            return Declined(because=f"the host answered: {printable(error.message, _LONGEST_REASON)}")
        except ValidationError:
            return Declined(because="the host's answer is not as the protocol has it")
        except (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return Declined(because="the connection to the host has gone")
        return answer_of(question, response)
