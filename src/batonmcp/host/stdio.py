"""Serving a host over standard input and output."""

import os
import signal
import sys
from contextlib import suppress

import anyio
from mcp.server.lowlevel import NotificationOptions
from mcp.server.stdio import stdio_server

from batonmcp.host.server import Front

__all__ = ["serve_stdio"]

_LONGEST_STOP = 1.5


async def serve_stdio(front: Front) -> None:
    """Serve until standard input ends or a signal arrives.

    A signal ends the process from here: the thread that reads standard input cannot be interrupted while a host keeps
    it open.
    """
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_exit_on_signal, front)
        async with stdio_server() as (read_stream, write_stream):
            options = front.server.create_initialization_options(NotificationOptions(tools_changed=False))
            await front.server.run(read_stream, write_stream, options)
        tasks.cancel_scope.cancel()


async def _exit_on_signal(front: Front) -> None:
    numbers = [signal.SIGINT] if sys.platform == "win32" else [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    with anyio.open_signal_receiver(*numbers) as signals:
        async for number in signals:
            front.stop()
            with anyio.move_on_after(_LONGEST_STOP):
                await front.stopped.wait()
            with suppress(OSError, ValueError):
                sys.stderr.flush()
            os._exit(128 + number)
