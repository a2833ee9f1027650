"""The stream of events in a response, bounded, for the SDK to read."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace
from typing import Protocol

import anyio.lowlevel
import anyio.to_thread
import httpx2

from batonmcp.downstream.http.body import decoded
from batonmcp.downstream.http.failure import HttpFailed, HttpFailure, unreached
from batonmcp.downstream.http.sse import Event, EventSplitter, EventTooLong, parse_event

__all__ = ["LARGE", "Defuse", "EventReader", "EventStream"]

LARGE = 256_000
"""A message larger than this, in bytes, is not read where the event loop runs."""

_AT_A_TIME = 32

Defuse = Callable[[bytes], Awaitable[bytes]]


class EventReader(Protocol):
    """Looks at each event of a stream before the SDK does, and says what a broken stream means."""

    def read(self, event: Event) -> Event:
        """Return an event as the SDK may have it, or raise `HttpFailed`."""
        ...

    def broken(self, failure: HttpFailure, *, resumable: bool) -> Event | None:
        """Return a last event for a stream that ends like this; None to let it just end. May raise `HttpFailed`.

        Args:
            failure: How it ended.
            resumable: Whether it said from where it can be taken up again.
        """
        ...


class EventStream(httpx2.AsyncByteStream):
    """The events of a response. Whoever gives up on it from outside calls `give_up`."""

    def __init__(
        self,
        response: httpx2.Response,
        reader: EventReader,
        *,
        limit: int,
        defuse: Defuse,
        on_close: Callable[[], None],
    ) -> None:
        self._response = response
        self._reader = reader
        self._limit = limit
        self._defuse = defuse
        self._on_close = on_close
        self._waiting = anyio.CancelScope()
        self._given_up = False
        self._resumable = False

    async def __aiter__(self) -> AsyncGenerator[bytes]:
        """Yield the bytes of one event after the other."""
        try:
            async with aclosing(self._events()) as events:
                async for event in events:
                    yield event.written
            failure = HttpFailure(kind="broken", said="the stream ended")
        except EventTooLong:
            failure = HttpFailure(kind="oversize", said=f"an event of more than {self._limit:,} bytes")
        except HttpFailed as error:
            failure = error.failure
        except httpx2.TransportError as error:
            failure = replace(unreached(error), kind="broken")
        if last := self._reader.broken(failure, resumable=self._resumable and not self._given_up):
            yield last.written

    async def aclose(self) -> None:
        """Close the response."""
        self._on_close()
        await self._response.aclose()

    def give_up(self) -> None:
        """Let the stream end, wherever it waits."""
        self._given_up = True
        self._waiting.cancel()

    async def _events(self) -> AsyncGenerator[Event]:
        splitter = EventSplitter(self._limit)
        count = 0
        async with aclosing(decoded(self._response)) as pieces:
            while (piece := await self._next(pieces)) is not None:
                for text in splitter.feed(piece):
                    count += 1
                    if count % _AT_A_TIME == 0:
                        await anyio.lowlevel.checkpoint()
                    yield self._reader.read(await self._harmless(text))

    async def _next(self, pieces: AsyncGenerator[bytes]) -> bytes | None:
        if self._given_up:
            return None
        with anyio.CancelScope() as self._waiting:
            return await anext(pieces, None)
        return None

    async def _harmless(self, text: bytes) -> Event:
        """Read an event; a large one in a thread, since it may have millions of lines, and what is in it elsewhere."""
        if len(text) <= LARGE:
            event = parse_event(text)
        else:
            event = await anyio.to_thread.run_sync(parse_event, text)
        self._resumable = self._resumable or bool(event.id)
        return replace(event, data=await self._defuse(event.data)) if event.data else event
