"""One call of a server, and the ways in which it can come to nothing."""

import math
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast

import anyio
from mcp import Client, MCPError
from mcp.shared.dispatcher import ProgressFnT
from mcp_types import CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT, RequestParamsMeta
from pydantic import ValidationError

from batonmcp.config.lineage import CHAIN, OUR_MARK
from batonmcp.config.settings import HttpServer, ServerSettings
from batonmcp.core.caller import NOBODY, Caller, Progress
from batonmcp.downstream.deadline import Deadline
from batonmcp.downstream.http.trouble import http_trouble
from batonmcp.downstream.trouble import Evidence, brief

__all__ = [
    "CURRENT_CALL",
    "DECLINED",
    "Call",
    "CallTimeout",
    "Changed",
    "Lost",
    "Rejected",
    "Send",
    "meta_of",
    "rejected",
]

DECLINED: Final = "batonmcp/declined"
"""Marks our own refusals: in the newer era a server cannot be told of one, and the call ends with it."""

_BROKEN = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError)
_NO_WORD_OF_IT = {CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT}
"""Errors that stand for an answer that was lost on its way: the tool may have run."""

_Result = TypeVar("_Result")


class Lost(Exception):
    """There is no connection, or it went away under a call. `sent` tells whether the call may have arrived."""

    def __init__(self, trouble: str, *, sent: bool) -> None:
        super().__init__(trouble)
        self.sent = sent


class CallTimeout(Exception):
    """The server did not answer in time."""


class Changed(Exception):
    """The tool is no longer what it was when its call was planned; it was not called. The message is a sentence."""


class Rejected(Exception):
    """The server answered a call with an error, or with something that is no result.

    The message is a whole sentence; `unsure` tells whether the tool may have run all the same.
    """

    def __init__(self, message: str, *, unsure: bool) -> None:
        super().__init__(message)
        self.unsure = unsure


_CALL_ERRORS = (*_BROKEN, Changed, MCPError, RuntimeError, ValidationError, ValueError)

Send: TypeAlias = Callable[[Client, ProgressFnT], Awaitable[_Result]]
"""Makes the request of a call."""


@dataclass(slots=True, eq=False)
class Call(Generic[_Result]):
    """A call that runs in the connection's task; whoever made it can leave at any time.

    Attributes:
        send: Makes the request.
        caller: On whose behalf.
        clock: Ends the wait for the answer; held while somebody is asked something.
        scope: Ends the request.
        done: Set when there is a result or an error.
    """

    send: Send[_Result]
    caller: Caller = NOBODY
    clock: Deadline = field(default_factory=lambda: Deadline(math.inf))
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    done: anyio.Event = field(default_factory=anyio.Event)
    result: _Result | None = None
    error: Exception | None = None

    async def perform(self, client: Client) -> None:
        """Make the request and keep what comes of it."""
        CURRENT_CALL.set(self)
        with self.scope:
            try:
                self.result = await self.send(client, self._progressed)
            except _CALL_ERRORS as error:
                self.error = error
            finally:
                self.done.set()

    async def _progressed(self, progress: float, total: float | None, message: str | None) -> None:
        self.caller.progressed(Progress(done=progress, total=total, message=message or ""))

    @property
    def cut_off(self) -> bool:
        """Whether it seems to have ended with the connection. A server may say the same of a connection of its own."""
        if isinstance(self.error, MCPError):
            return self.error.code == CONNECTION_CLOSED and self.error.message == "Connection closed"
        return self.error is None or isinstance(self.error, _BROKEN)


CURRENT_CALL: ContextVar[Call[Any] | None] = ContextVar("CURRENT_CALL", default=None)
"""The call in whose context something happens, where the SDK keeps it: not for what arrives over older streams."""


def meta_of(settings: ServerSettings, caller: Caller) -> RequestParamsMeta | None:
    """Return the metadata of a call: over HTTP, where the server may be batonmcp again, through which of us it came."""
    if not isinstance(settings.transport, HttpServer):
        return None
    return cast("RequestParamsMeta", {CHAIN: [*caller.chain, OUR_MARK]})


def rejected(error: Exception | None, evidence: Evidence, title: str) -> Lost | Rejected:
    """Say what came of a call, by the server's title, instead of a result."""
    failure = evidence.exchange.failure_of(error) if evidence.exchange else None
    if failure:
        sentence = f"{title} {http_trouble(failure, evidence.settings)}"
        unreached = failure.kind == "unreachable"
        return Lost(sentence, sent=False) if unreached else Rejected(sentence, unsure=failure.arrived)
    if not isinstance(error, MCPError):
        return Rejected(f"{title} answered with something that is no result ({brief(error)}).", unsure=True)
    if error.error.data == DECLINED:
        return Rejected(f"{title} asked for what it could not get: {error.message}", unsure=False)
    return Rejected(f"{title} answered: {brief(error)}.", unsure=error.code in _NO_WORD_OF_IT)
