"""One call of a tool, and the ways in which it can come to nothing."""

from dataclasses import dataclass, field

import anyio
from mcp import Client, MCPError
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR, PARSE_ERROR, REQUEST_TIMEOUT, CallToolResult
from pydantic import JsonValue, ValidationError

from batonmcp.downstream.trouble import Evidence, brief, refusal

__all__ = ["Call", "CallTimeout", "Lost", "Rejected", "rejected"]

_BROKEN = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError)
_CALL_ERRORS = (*_BROKEN, MCPError, RuntimeError, ValidationError, ValueError)
_NO_WORD_OF_IT = {CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT}
"""Errors that stand for an answer that was lost on its way: the tool may have run."""

_SERVER_ERROR = 500


class Lost(Exception):
    """There is no connection, or it went away under a call. `sent` tells whether the call may have arrived."""

    def __init__(self, trouble: str, *, sent: bool) -> None:
        super().__init__(trouble)
        self.sent = sent


class CallTimeout(Exception):
    """The server did not answer in time."""


class Rejected(Exception):
    """The server answered a call with an error, or with something that is no result.

    The message is a whole sentence; `unsure` tells whether the tool may have run all the same.
    """

    def __init__(self, message: str, *, unsure: bool) -> None:
        super().__init__(message)
        self.unsure = unsure


@dataclass(slots=True, eq=False)
class Call:
    """A call that runs in the connection's task; whoever made it can leave at any time."""

    name: str
    arguments: dict[str, JsonValue]
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    done: anyio.Event = field(default_factory=anyio.Event)
    result: CallToolResult | None = None
    error: Exception | None = None

    async def perform(self, client: Client) -> None:
        """Make the call and keep what comes of it."""
        with self.scope:
            try:
                self.result = await client.call_tool(self.name, self.arguments)
            except _CALL_ERRORS as error:
                self.error = error
            finally:
                self.done.set()

    @property
    def cut_off(self) -> bool:
        """Whether it seems to have ended with the connection. A server may say the same of a connection of its own."""
        if isinstance(self.error, MCPError):
            return self.error.code == CONNECTION_CLOSED and self.error.message == "Connection closed"
        return self.error is None or isinstance(self.error, _BROKEN)


def rejected(error: Exception | None, evidence: Evidence, title: str) -> Rejected:
    """Say what a server answered, by its title, instead of a result."""
    if not isinstance(error, MCPError):
        return Rejected(f"{title} answered with something that is no result ({brief(error)}).", unsure=True)
    status = evidence.exchange.refusal if evidence.exchange and error.code == INTERNAL_ERROR else None
    if status is not None:
        return Rejected(f"{title} {refusal(status, evidence.settings)}", unsure=status >= _SERVER_ERROR)
    return Rejected(f"{title} answered: {brief(error)}.", unsure=error.code in _NO_WORD_OF_IT)
