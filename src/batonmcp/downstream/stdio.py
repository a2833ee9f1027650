"""A server that runs as a process and speaks over its standard streams.

Beside what the SDK's own transport does, this one keeps the process's last words for error messages, takes bytes that
are not UTF-8, bounds a line, knows when the process has gone, and leaves nothing behind that the server has started.
"""

import sys
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio
from anyio.abc import ByteReceiveStream, Process
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from batonmcp.config.settings import StdioServer
from batonmcp.downstream.ending import end
from batonmcp.downstream.environment import child_environment, find_command

__all__ = ["MAX_LINE", "ServerProcess", "stdio_transport"]

MAX_LINE = 8_000_000
"""Longest message a server may send, in bytes; past it the server is stopped."""

_TAIL_LINES = 20
_TAIL_LINE = 400
_GONE = (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError, OSError)
_LAST_WORDS_GRACE = 0.2


class ServerProcess:
    """What is known of a server's process: whether it lives, and its last words.

    Attributes:
        closed: Set when it has closed its output or its input, unless we were stopping it.
        stopping: Whether we are.
        forced: Whether it had to be made to end.
        deaf: Whether it was given up because it no longer read its input.
        junk: How many lines of its output were no message.
        overlong: Whether it sent a message past `MAX_LINE`.
        writing_since: Since when a message has been waiting for it to read; None if none is.
        unread: Set when its output has ended, or nobody reads it any more.
        unheard: The same of its standard error.
    """

    def __init__(self) -> None:
        self.closed = anyio.Event()
        self.stopping = False
        self.forced = False
        self.deaf = False
        self.junk = 0
        self.overlong = False
        self.writing_since: float | None = None
        self.unread = anyio.Event()
        self.unheard = anyio.Event()
        self._process: Process | None = None
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)

    def began(self, process: Process) -> None:
        """Take note that it has been started."""
        self._process = process

    @property
    def pid(self) -> int | None:
        """Its id; None before it started."""
        return self._process and self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Once it has ended."""
        return self._process and self._process.returncode

    def ended(self) -> None:
        """Take note that it has closed its output or its input."""
        if not self.stopping:
            self.closed.set()

    def give_up(self, patience: float) -> None:
        """End it if no answer can come any more.

        It may have ended while something that it started holds its output open, or not have read for `patience`
        seconds.
        """
        if self._process is None:
            return
        self.deaf = self.writing_since is not None and anyio.current_time() - self.writing_since >= patience
        if self.deaf:
            with suppress(ProcessLookupError):
                self._process.kill()  # at once: the write that it does not take would hold everything up
        if self.deaf or self.exit_code is not None:
            self.ended()

    @property
    def last_words(self) -> str:
        """The last lines of its standard error."""
        return "\n".join(self._tail)

    def hear(self, line: bytes) -> None:
        """Keep a line of its standard error, without control characters."""
        text = line.decode("utf-8", "replace").strip()[:_TAIL_LINE]
        if text:
            self._tail.append("".join(char if char.isprintable() else " " for char in text))


@asynccontextmanager
async def stdio_transport(server: StdioServer, about: ServerProcess) -> AsyncGenerator[TransportStreams]:
    """Start a server and yield the streams of its messages; on leaving, it and what it has started is gone.

    Raises:
        OSError: It cannot be started.
    """
    environment = child_environment(server.env)
    command = find_command(server.command, environment, cwd=server.cwd)
    process = await anyio.open_process(
        [command, *server.args], env=environment, cwd=server.cwd, start_new_session=sys.platform != "win32"
    )
    about.began(process)
    inbox, messages = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outbox, queued = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as pumps:
        pumps.start_soon(_read, process, inbox, about)
        pumps.start_soon(_write, process, queued, inbox, about)
        pumps.start_soon(_listen, process, about)
        try:
            yield messages, outbox
        finally:
            about.stopping = True
            with anyio.CancelScope(shield=True):
                messages.close()
                await outbox.aclose()
                await _stop(process, about)
            pumps.cancel_scope.cancel()
    for stream in (inbox, queued):
        stream.close()


async def _stop(process: Process, about: ServerProcess) -> None:
    """End a server, hear what it still had to say, and let go of its pipes."""
    about.forced = not await end(process)
    with anyio.move_on_after(_LAST_WORDS_GRACE):
        await about.unheard.wait()
        await about.unread.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                await _drain(stream)  # asyncio closes a pipe only when its end has been read
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            with suppress(*_GONE):
                await stream.aclose()


async def _drain(stream: ByteReceiveStream) -> None:
    with suppress(*_GONE):
        while True:
            await stream.receive()


async def _read(
    process: Process, inbox: MemoryObjectSendStream[SessionMessage | Exception], about: ServerProcess
) -> None:
    """Hand up each line of output that is a message, and count those that are not."""
    output = process.stdout
    assert output is not None  # noqa: S101 - opened as a pipe
    try:
        async with inbox:
            async for line in _lines(output, about):
                try:
                    message = jsonrpc_message_adapter.validate_json(line, by_name=False)
                except ValueError:
                    about.junk += bool(line.strip())
                    continue
                try:
                    await inbox.send(SessionMessage(message))
                except _GONE:
                    break
            about.ended()
        await _drain(output)  # keep an ending server from blocking on a full pipe
    finally:
        about.unread.set()


async def _lines(output: ByteReceiveStream, about: ServerProcess) -> AsyncIterator[bytes]:
    """Split the output into lines, without copying a long line more than once."""
    parts: list[bytes] = []
    size = 0
    with suppress(*_GONE):
        while True:
            head, *rest = (await output.receive()).split(b"\n")
            parts.append(head)
            size += len(head)
            if size > MAX_LINE:
                about.overlong = True
                return
            for line in rest:
                yield b"".join(parts)
                parts, size = [line], len(line)


async def _write(
    process: Process,
    queued: MemoryObjectReceiveStream[SessionMessage],
    inbox: MemoryObjectSendStream[SessionMessage | Exception],
    about: ServerProcess,
) -> None:
    assert process.stdin is not None  # noqa: S101 - opened as a pipe
    try:
        async with queued:
            async for message in queued:
                text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                about.writing_since = anyio.current_time()
                await process.stdin.send(text.encode("utf-8", "replace") + b"\n")
                about.writing_since = None
    except _GONE:
        about.ended()
        await inbox.aclose()  # it reads no more: let whoever waits for its answers know


async def _listen(process: Process, about: ServerProcess) -> None:
    """Drain standard error, so that the server never blocks on it, and keep its end."""
    assert process.stderr is not None  # noqa: S101 - opened as a pipe
    rest = b""
    try:
        with suppress(*_GONE):
            while True:
                *lines, rest = (rest + await process.stderr.receive())[-_TAIL_LINES * _TAIL_LINE :].split(b"\n")
                for line in lines:
                    about.hear(line)
    finally:
        about.hear(rest)
        about.unheard.set()
