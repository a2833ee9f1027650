"""Leniency towards servers: what is malformed costs itself, not what came along with it.

The SDK refuses a message as a whole and forgets it, so what it would refuse is put right or taken out before it sees
the message. What is beyond that becomes an error in answer to the same request, so that nobody waits for nothing.
"""

from collections import OrderedDict
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

import anyio
from mcp.client._transport import ReadStream, TransportStreams, WriteStream
from mcp.shared.message import SessionMessage
from mcp_types import PARSE_ERROR, ErrorData, JSONRPCError, JSONRPCNotification, JSONRPCRequest, JSONRPCResponse

from batonmcp.core.plain_text import plain
from batonmcp.downstream.leniency.chatter import LIST_CHANGED, Chatter
from batonmcp.downstream.leniency.hello import mended_hello
from batonmcp.downstream.leniency.notes import Notes
from batonmcp.downstream.leniency.result import mended_result
from batonmcp.downstream.leniency.tools import Sieve

__all__ = ["lenient"]

_MOST_PENDING = 2_000
_QUIET = 0.2
"""How many seconds lie between two notifications of the same change, at least."""

_LONGEST_ERROR = 10_000


@asynccontextmanager
async def lenient(
    transport: AbstractAsyncContextManager[TransportStreams], notes: Notes
) -> AsyncGenerator[TransportStreams]:
    """Yield the streams of a transport, with what comes in put right; what was done about it is noted."""
    async with transport as (incoming, outgoing):
        pending: OrderedDict[object, _Asked] = OrderedDict()
        yield _Incoming(incoming, pending, notes), _Outgoing(outgoing, pending)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A request that has no answer yet: its method, and what to call it in a note."""

    method: str
    name: str
    first_page: bool


class _Stream:
    """What both directions have in common: they are left as they were entered."""

    async def aclose(self) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: TracebackType | None
    ) -> None:
        await self.aclose()


class _Outgoing(_Stream):
    """The outgoing stream; remembers what is asked for."""

    def __init__(self, stream: WriteStream[SessionMessage], pending: OrderedDict[object, _Asked]) -> None:
        self._stream = stream
        self._pending = pending

    async def send(self, item: SessionMessage) -> None:
        """Send a message."""
        message = item.message
        if isinstance(message, JSONRPCRequest):
            params = message.params or {}
            self._pending[message.id] = _Asked(message.method, str(params.get("name", "")), "cursor" not in params)
            while len(self._pending) > _MOST_PENDING:
                self._pending.popitem(last=False)
        await self._stream.send(item)

    async def aclose(self) -> None:
        """Close the stream below."""
        await self._stream.aclose()


class _Incoming(_Stream):
    """The incoming stream, put right."""

    def __init__(
        self,
        stream: ReadStream[SessionMessage | Exception],
        pending: OrderedDict[object, _Asked],
        notes: Notes,
    ) -> None:
        self._stream = stream
        self._pending = pending
        self._notes = notes
        self._sieve = Sieve(notes)
        self._chatter = Chatter(notes, anyio.current_time, pending)
        self._change: SessionMessage | None = None
        self._quiet_until = 0.0

    @property
    def last_context(self) -> object:
        """The context in which the last message was sent, where the stream below knows it."""
        return getattr(self._stream, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        """Return the next message that is worth one."""
        while True:
            item = await self._next()
            if not isinstance(item, SessionMessage):
                return item
            match item.message:
                case JSONRPCNotification() as notification:
                    if self._chatter.passes(notification):
                        return item
                case JSONRPCResponse() as response:
                    return replace(item, message=await self._mended(response))
                case JSONRPCError() as refusal:
                    self._asked(refusal.id)
                    return replace(item, message=_plain_error(refusal))
                case JSONRPCRequest():
                    return item

    async def aclose(self) -> None:
        """Close the stream below."""
        await self._stream.aclose()

    def __aiter__(self) -> ReadStream[SessionMessage | Exception]:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    async def _next(self) -> SessionMessage | Exception:
        """Return the next message; of changes that follow each other at once, the last one after a while."""
        while True:
            if self._change is None:
                item = await self._stream.receive()
            else:
                item = await self._next_or_change(self._change)
            if not isinstance(item, SessionMessage) or not _is_change(item):
                return item
            if self._change is None and anyio.current_time() >= self._quiet_until:
                self._quiet_until = anyio.current_time() + _QUIET
                return item
            if self._change is not None:
                self._notes.drop("Notifications of a changed list came too fast; some were dropped.")
            self._change = item

    async def _next_or_change(self, change: SessionMessage) -> SessionMessage | Exception:
        """Return what comes before a change that was held back has waited long enough, else that change."""
        if anyio.current_time() < self._quiet_until:
            with anyio.CancelScope(deadline=self._quiet_until):
                return await self._stream.receive()
        self._change = None
        self._quiet_until = 0.0
        return change

    def _asked(self, request: object) -> _Asked | None:
        """Return what an answer is an answer to, by its id; servers may write the number as a text."""
        key = int(request) if isinstance(request, str) and request.isdecimal() else request
        asked = self._pending.pop(request, None) or self._pending.pop(key, None)
        if asked is None:
            self._notes.drop("An answer to nothing that was asked came in.")
        return asked

    async def _mended(self, response: JSONRPCResponse) -> JSONRPCResponse | JSONRPCError:
        asked = self._asked(response.id)
        result: dict[str, Any] = dict(response.result)
        match asked and asked.method:
            case "tools/call":
                return self._mended_call(response, asked.name if asked else "")
            case "tools/list":
                if asked and asked.first_page:
                    self._sieve.begin()
                self._sieve.mend_page(result)
                await self._sieve.sieve(result)
            case "initialize" | "server/discover":
                result, notes = mended_hello(result)
                for note in notes:
                    self._notes.repair(f"Of what the server says of itself, {note}.")
            case _:
                await self._sieve.sieve(result)
        return response.model_copy(update={"result": result})

    def _mended_call(self, response: JSONRPCResponse, name: str) -> JSONRPCResponse | JSONRPCError:
        mended = mended_result(response.result)
        if mended is None:
            self._notes.drop(f"A result of {name!r} was beyond repair.")
            error = ErrorData(code=PARSE_ERROR, message="unreadable, since it is no result of a tool")
            return JSONRPCError(jsonrpc="2.0", id=response.id, error=error)
        result, notes = mended
        for note in notes:
            self._notes.repair(f"A result of {name!r} {note}.")
        return response.model_copy(update={"result": result})


def _is_change(item: SessionMessage) -> bool:
    return isinstance(item.message, JSONRPCNotification) and item.message.method == LIST_CHANGED


def _plain_error(refusal: JSONRPCError) -> JSONRPCError:
    message = plain(refusal.error.message[:_LONGEST_ERROR])
    if message == refusal.error.message:
        return refusal
    return refusal.model_copy(update={"error": refusal.error.model_copy(update={"message": message})})
