"""One call of a server, and the ways in which it can come to nothing."""

import math
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

import anyio
from mcp import Client, MCPError
from mcp.shared.dispatcher import ProgressFnT
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR, PARSE_ERROR, REQUEST_TIMEOUT
from pydantic import ValidationError

from batonmcp.core.caller import NOBODY, Caller, Progress
from batonmcp.downstream.trouble import Evidence, brief, refusal

__all__ = ["CURRENT_CALL", "Call", "CallTimeout", "Changed", "Lost", "Rejected", "Send", "rejected"]

_BROKEN = (OSError, anyio.BrokenResourceError, anyio.ClosedResourceError)
_NO_WORD_OF_IT = {CONNECTION_CLOSED, PARSE_ERROR, REQUEST_TIMEOUT}
"""Errors that stand for an answer that was lost on its way: the tool may have run."""

_SERVER_ERROR = 500

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
        clock: Ends the wait for the answer; stands still while somebody is asked something.
        scope: Ends the request.
        done: Set when there is a result or an error.
    """

    send: Send[_Result]
    caller: Caller = NOBODY
    clock: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    done: anyio.Event = field(default_factory=anyio.Event)
    result: _Result | None = None
    error: Exception | None = None
    _asking: int = 0
    _left: float = 0.0

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

    @contextmanager
    def standing_still(self) -> Generator[None]:
        """Stop the clock: a person thinks, which is none of the server's time."""
        if not self._asking:
            self._left = self.clock.deadline - anyio.current_time()
            self.clock.deadline = math.inf
        self._asking += 1
        try:
            yield
        finally:
            self._asking -= 1
            if not self._asking:
                self.clock.deadline = anyio.current_time() + self._left

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


def rejected(error: Exception | None, evidence: Evidence, title: str) -> Rejected:
    """Say what a server answered, by its title, instead of a result."""
    if not isinstance(error, MCPError):
        return Rejected(f"{title} answered with something that is no result ({brief(error)}).", unsure=True)
    status = evidence.exchange.refusal if evidence.exchange and error.code == INTERNAL_ERROR else None
    if status is not None:
        return Rejected(f"{title} {refusal(status, evidence.settings)}", unsure=status >= _SERVER_ERROR)
    return Rejected(f"{title} answered: {brief(error)}.", unsure=error.code in _NO_WORD_OF_IT)
