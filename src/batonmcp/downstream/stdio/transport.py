"""A server that runs as a process and speaks over its standard streams.

Beside what the SDK's own transport does, this one keeps the process's last words for error messages, takes bytes that
are not UTF-8, bounds a line, knows when the process has gone, and leaves nothing behind that the server has started,
however we end ourselves.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage

from batonmcp.config.settings import StdioServer
from batonmcp.downstream.stdio.environment import child_environment, find_command
from batonmcp.downstream.stdio.lines import Overlong, line_of, lines_of, message_of
from batonmcp.downstream.stdio.pipes import WriteEnd
from batonmcp.downstream.stdio.process import ServerProcess
from batonmcp.downstream.stdio.spawn import Child, spawn

__all__ = ["stdio_transport"]

_GONE = (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError, OSError)
_LAST_WORDS_GRACE = 0.2
_LAST_ANSWERS_GRACE = 0.5

_Inbox = MemoryObjectSendStream[SessionMessage | Exception]


@asynccontextmanager
async def stdio_transport(server: StdioServer, about: ServerProcess) -> AsyncGenerator[TransportStreams]:
    """Start a server and yield the streams of its messages; on leaving, it and what it has started is gone.

    Raises:
        OSError: It cannot be started.
        ValueError: Something in its entry cannot be told to the system.
    """
    environment = child_environment(server.env)
    command = find_command(server.command, environment, cwd=server.cwd)
    child = await spawn([command, *server.args], environment, server.cwd)
    about.began(child)
    inbox, messages = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outbox, queued = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as pumps:
        running: list[anyio.CancelScope] = []
        for pump in (
            partial(_read, child.stdout, inbox, about),
            partial(_write, child.stdin, queued, inbox, about),
            partial(_listen, child.stderr, about),
            partial(_heed, child.stdin, about),
            child.watch,
        ):
            pumps.start_soon(_run, pump, running)
        try:
            yield messages, outbox
        finally:
            about.stopping = True
            with anyio.CancelScope(shield=True):
                messages.close()
                await outbox.aclose()
                await _stop(child, about)
            for scope in running:
                scope.cancel()
    for stream in (inbox, queued):
        stream.close()


async def _run(pump: Callable[[], Awaitable[None]], running: list[anyio.CancelScope]) -> None:
    """Run a pump until its own scope is cancelled: the server is still heard while it ends."""
    with anyio.CancelScope(shield=True) as scope:
        running.append(scope)
        await pump()


async def _stop(child: Child, about: ServerProcess) -> None:
    """End a server, hear what it still had to say, and let go of its pipes."""
    about.forced = not await child.end()
    about.unguarded = child.unguarded
    with anyio.move_on_after(_LAST_WORDS_GRACE):
        await about.unheard.wait()
        await about.unread.wait()
    await child.aclose()


async def _read(output: ByteReceiveStream, inbox: _Inbox, about: ServerProcess) -> None:
    """Hand up each line of output that is a message, and count those that are not."""
    try:
        async with inbox:
            with suppress(*_GONE):
                await _hand_up(output, inbox, about)
            about.ended()
        await _drain(output)  # keep an ending server from blocking on a full pipe
    finally:
        about.unread.set()


async def _hand_up(output: ByteReceiveStream, inbox: _Inbox, about: ServerProcess) -> None:
    try:
        async for line in lines_of(output, about.max_bytes):
            message = await message_of(line)
            if message is not None:
                about.made_sense()
                await inbox.send(SessionMessage(message))
            elif line.strip():
                about.made_none()
                if about.babbling:
                    return
    except Overlong:
        about.overlong = True
        about.cut_off()


async def _drain(stream: ByteReceiveStream) -> None:
    with suppress(*_GONE):
        while True:
            await stream.receive()


async def _write(
    stdin: ByteSendStream, queued: MemoryObjectReceiveStream[SessionMessage], inbox: _Inbox, about: ServerProcess
) -> None:
    try:
        async with queued:
            async for message in queued:
                line = line_of(message.message)
                about.writing_since = anyio.current_time()
                await stdin.send(line)
                about.writing_since = None
    except _GONE:
        about.ended()
        await inbox.aclose()  # it reads no more: let whoever waits for its answers know


async def _heed(stdin: ByteSendStream, about: ServerProcess) -> None:
    """Notice when nobody reads what we send, even if there is nothing to send."""
    if isinstance(stdin, WriteEnd):
        with suppress(*_GONE):
            await stdin.unread()
        with anyio.move_on_after(_LAST_ANSWERS_GRACE):
            await about.unread.wait()
        about.ended()


async def _listen(stderr: ByteReceiveStream, about: ServerProcess) -> None:
    """Drain standard error, so that the server never blocks on it, and keep its end."""
    try:
        with suppress(*_GONE):
            while True:
                about.hear(await stderr.receive())
    finally:
        about.unheard.set()
