"""A server that runs as a process and speaks over its standard streams.

Beside what the SDK's own transport does, this one keeps the process's last words for error messages, takes bytes that
are not UTF-8, bounds a line, knows when the process has gone, and leaves no process of the server's group behind.
"""

import os
import signal
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
from batonmcp.downstream.environment import child_environment, find_command
from batonmcp.downstream.kin import kin_gone

__all__ = ["MAX_LINE", "ServerProcess", "stdio_transport"]

MAX_LINE = 8_000_000
"""Longest message a server may send, in bytes; past it the server is stopped."""

_TAIL_LINES = 20
_TAIL_LINE = 400
_GONE = (anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError, OSError)
_POLL = 0.01  # process exit has no event that does not also wait for inherited pipes

_EOF_GRACE = 0.5
_TERM_GRACE = 0.3
_KILL_GRACE = 0.5


class ServerProcess:
    """What is known of a server's process: whether it lives, and its last words.

    Attributes:
        pid: Its id; None before it started.
        closed: Set when its output has ended, unless we were stopping it.
        stopping: Whether we are.
        exit_code: Once it has ended.
        junk: How many lines of its output were no message.
        overlong: Whether it sent a message past `MAX_LINE`.
    """

    def __init__(self) -> None:
        self.pid: int | None = None
        self.closed = anyio.Event()
        self.stopping = False
        self.exit_code: int | None = None
        self.junk = 0
        self.overlong = False
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)

    @property
    def last_words(self) -> str:
        """The last lines of its standard error."""
        return "\n".join(self._tail)

    def hear(self, line: bytes) -> None:
        """Keep a line of its standard error, without control characters."""
        text = line.decode("utf-8", "replace").strip()
        if text:
            self._tail.append("".join(char if char.isprintable() else " " for char in text)[:_TAIL_LINE])


@asynccontextmanager
async def stdio_transport(server: StdioServer, about: ServerProcess) -> AsyncGenerator[TransportStreams]:
    """Start a server and yield the streams of its messages; on leaving, its whole process group is gone.

    Raises:
        OSError: It cannot be started.
    """
    environment = child_environment(server.env)
    command = find_command(server.command, environment)
    process = await anyio.open_process(
        [command, *server.args], env=environment, cwd=server.cwd, start_new_session=sys.platform != "win32"
    )
    about.pid = process.pid
    inbox, messages = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    outbox, queued = anyio.create_memory_object_stream[SessionMessage](0)
    async with anyio.create_task_group() as pumps:
        pumps.start_soon(_read, process, inbox, about)
        pumps.start_soon(_write, process, queued, inbox)
        pumps.start_soon(_listen, process, about)
        try:
            yield messages, outbox
        finally:
            about.stopping = True
            with anyio.CancelScope(shield=True):
                messages.close()
                await outbox.aclose()
                with kin_gone(process.pid):
                    await _stop(process)
                about.exit_code = process.returncode
            pumps.cancel_scope.cancel()
    for stream in (inbox, queued):
        stream.close()


async def _read(
    process: Process, inbox: MemoryObjectSendStream[SessionMessage | Exception], about: ServerProcess
) -> None:
    """Hand up each line of output that is a message, and count those that are not."""
    output = process.stdout
    assert output is not None  # noqa: S101 - opened as a pipe
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
    if not about.stopping:
        about.closed.set()
    with suppress(*_GONE):  # keep an ending server from blocking on a full pipe
        while True:
            await output.receive()


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
) -> None:
    assert process.stdin is not None  # noqa: S101 - opened as a pipe
    try:
        async for message in queued:
            text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
            await process.stdin.send(text.encode("utf-8", "replace") + b"\n")
    except _GONE:
        await inbox.aclose()  # it reads no more: let whoever waits for its answers know


async def _listen(process: Process, about: ServerProcess) -> None:
    """Drain standard error, so that the server never blocks on it, and keep its end."""
    assert process.stderr is not None  # noqa: S101 - opened as a pipe
    rest = b""
    with suppress(*_GONE):
        while True:
            *lines, rest = (rest + await process.stderr.receive())[-_TAIL_LINES * _TAIL_LINE :].split(b"\n")
            for line in lines:
                about.hear(line)
    about.hear(rest)


async def _stop(process: Process) -> None:
    """End a server and everything in its process group: close its input, then ask, then force."""
    if process.stdin is not None:
        with suppress(*_GONE):
            await process.stdin.aclose()
    if not await _exits(process, _EOF_GRACE):
        _signal_group(process, signal.SIGTERM)
        await _exits(process, _TERM_GRACE)
    _signal_group(process, getattr(signal, "SIGKILL", signal.SIGTERM))
    await _exits(process, _KILL_GRACE)
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            with suppress(*_GONE):
                await stream.aclose()


def _signal_group(process: Process, number: signal.Signals) -> None:
    """Signal the server's group, which may outlive the server itself."""
    with suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.send_signal(number)
        else:
            os.killpg(process.pid, number)


async def _exits(process: Process, within: float) -> bool:
    with anyio.move_on_after(within):
        while process.returncode is None:  # noqa: ASYNC110 - see _POLL
            await anyio.sleep(_POLL)
    return process.returncode is not None
