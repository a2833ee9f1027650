"""The ends of pipes."""

import os
from collections.abc import Generator
from contextlib import suppress

import anyio
import pytest
from anyio.lowlevel import checkpoint

from batonmcp.downstream.stdio.pipes import ReadEnd, WriteEnd

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])]

TIME_S = 10.0


@pytest.fixture
def ends() -> Generator[tuple[ReadEnd, WriteEnd]]:
    """Both ends of a pipe."""
    reading, writing = os.pipe()
    ends = ReadEnd(reading), WriteEnd(writing)
    yield ends
    anyio.run(close, ends)


async def close(ends: tuple[ReadEnd, WriteEnd]) -> None:
    """Close both, again if they are closed."""
    for end in ends:
        await end.aclose()


async def test_what_is_sent_is_received(ends: tuple[ReadEnd, WriteEnd]) -> None:
    """More than a pipe holds goes through in pieces, and then its end."""
    reading, writing = ends
    data = os.urandom(2**20)

    async def send() -> None:
        await writing.send(data)
        await writing.send(b"")
        writing.close()

    received = b""
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send)
            while len(received) < len(data):
                received += await reading.receive()
        with pytest.raises(anyio.EndOfStream):
            await reading.receive()
    assert received == data


async def test_small_helpings_are_possible(ends: tuple[ReadEnd, WriteEnd]) -> None:
    """No more is received than asked for."""
    reading, writing = ends
    with anyio.fail_after(TIME_S):
        await writing.send(b"abc")
        assert [await reading.receive(2), await reading.receive(2)] == [b"ab", b"c"]


async def test_a_pipe_that_nobody_reads_is_broken(ends: tuple[ReadEnd, WriteEnd]) -> None:
    """A write that cannot arrive is told, and so is the state, without any write."""
    reading, writing = ends
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writing.unread)
            await checkpoint()
            reading.close()
        with pytest.raises(anyio.BrokenResourceError):
            await writing.send(b"x")


async def test_a_reader_keeps_a_pipe_whole(ends: tuple[ReadEnd, WriteEnd]) -> None:
    """As long as somebody could read it, nothing is told."""
    _, writing = ends
    with anyio.move_on_after(0.05) as waiting:
        await writing.unread()
    assert waiting.cancelled_caught


async def test_who_waits_is_told_of_our_closing(ends: tuple[ReadEnd, WriteEnd]) -> None:
    """Closing an end ends the waits for it, and later uses."""
    reading, writing = ends
    closed: list[str] = []

    async def receive() -> None:
        with pytest.raises(anyio.ClosedResourceError):
            await reading.receive()
        closed.append("read")

    async def send() -> None:
        with pytest.raises(anyio.ClosedResourceError):
            await writing.send(b"x" * 2**20)
        closed.append("write")

    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(send)
            await checkpoint()
            await anyio.wait_readable(reading._descriptor)  # pyright: ignore[reportPrivateUsage] # noqa: SLF001
            writing.close()
            writing.close()
        with suppress(anyio.EndOfStream):
            while True:
                await reading.receive()
        reading.close()
        await receive()
        await send()
    assert closed == ["write", "read", "write"]


async def test_a_writer_that_never_pauses_leaves_others_their_turn() -> None:
    """From a source that can always be read, others get a turn at every quarter of a megabyte, or 64 pieces."""
    for piece in (65_536, 1):
        source = ReadEnd(os.open("/dev/zero", os.O_RDONLY))
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await checkpoint()

        with anyio.fail_after(TIME_S):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(count)
                for _ in range(640):
                    await source.receive(piece)
                tasks.cancel_scope.cancel()
        assert turns >= (100 if piece > 1 else 5)
        source.close()
