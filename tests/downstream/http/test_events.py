"""The stream of events in a response."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import anyio.lowlevel
import httpx2
import pytest

from batonmcp.downstream.http.events import LARGE, EventStream
from batonmcp.downstream.http.failure import HttpFailure
from batonmcp.downstream.http.sse import Event

pytestmark = pytest.mark.anyio


class Body(httpx2.AsyncByteStream):
    """Pieces, then what comes after them."""

    def __init__(self, *pieces: bytes, then: str = "end") -> None:
        self.pieces = pieces
        self.then = then
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces."""
        for piece in self.pieces:
            yield piece
        if self.then == "break":
            message = "reset"
            raise httpx2.ReadError(message)
        if self.then == "wait":
            await anyio.sleep_forever()

    async def aclose(self) -> None:
        """Take note."""
        self.closed = True


@dataclass
class Reader:
    """Takes note of how a stream ended."""

    ends: list[tuple[str, str, bool]] = field(default_factory=list[tuple[str, str, bool]])

    def read(self, event: Event) -> Event:
        """Let it pass."""
        return event

    def broken(self, failure: HttpFailure, *, resumable: bool) -> Event:
        """Take note."""
        self.ends.append((failure.kind, failure.said, resumable))
        return Event(data=b"last")


async def defuse(data: bytes) -> bytes:
    """Shorten what is large."""
    await anyio.lowlevel.checkpoint()
    return data if len(data) <= LARGE else b"short"


def stream(body: Body, reader: Reader, *, limit: int = 8_000_000) -> EventStream:
    """Return the stream of a body."""
    return EventStream(httpx2.Response(200, stream=body), reader, limit=limit, defuse=defuse, on_close=lambda: None)


@pytest.mark.parametrize(
    ("body", "end"),
    [
        (Body(b"data: 1\n\n"), ("broken", "the stream ended", False)),
        (Body(b"data: 1\n\nid: 3\n\n"), ("broken", "the stream ended", True)),
        (Body(b"data: 1\n\n", then="break"), ("broken", "reset", False)),
        (Body(b"data: 1\n\ndata:", b"x" * 100), ("oversize", "an event of more than 100 bytes", False)),
    ],
)
async def test_stream_ends_with_an_event(body: Body, end: tuple[str, str, bool]) -> None:
    """However it ends, what came before is passed on, and the reader says what comes last."""
    reader = Reader()
    found = [text async for text in stream(body, reader, limit=100)]
    assert (found[0], found[-1]) == (b"data: 1\n\n", b"data: last\n\n")
    assert reader.ends == [end]


async def test_large_event_is_defused() -> None:
    """A large event, however many lines it has, is passed on as what is cheap to read."""
    body = Body(b"data: x\n" + b"data:\n" * LARGE + b"\n", b"data: " + b"x" * LARGE + b"\n\n")
    assert [text async for text in stream(body, Reader())][:2] == [
        b"data: short\n\n",
        b"data: " + b"x" * LARGE + b"\n\n",
    ]


async def test_stream_that_is_given_up_ends() -> None:
    """Wherever it waits, it ends; closed, it closes the response."""
    reader, body = Reader(), Body(b"id: 1\n\n", then="wait")
    given_up = stream(body, reader)
    found: list[bytes] = []

    async def read() -> None:
        async for text in given_up:
            found.append(text)  # noqa: PERF401 - what has come is looked at meanwhile

    with anyio.fail_after(5):
        async with anyio.create_task_group() as reading:
            reading.start_soon(read)
            await anyio.wait_all_tasks_blocked()
            assert found == [b"id: 1\n\n"]
            given_up.give_up()
        assert reader.ends == [("broken", "the stream ended", False)]
        await given_up.aclose()
    assert body.closed
