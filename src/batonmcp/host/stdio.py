"""Serving a host over standard input and output."""

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

import anyio
from anyio.abc import TaskGroup
from mcp.server.lowlevel import NotificationOptions
from mcp.server.stdio import stdio_server

from batonmcp.host.server import Front

__all__ = ["serve_stdio"]

_REAPED = sys.platform != "win32"

_LONGEST_LEAVE = 0.05 if _REAPED else 1.4
"""Seconds from a signal to the end. Hosts may kill 0.12 s after SIGINT; what our servers still need is not our wait."""

_LONGEST_CLOSE = 0.8 if _REAPED else 1.5
"""Seconds from the end of input to ours."""


async def serve_stdio(front: Front) -> None:
    """Serve until standard input ends or a signal arrives.

    A signal ends the process from here: the thread that reads standard input cannot be interrupted while a host keeps
    it open. Servers that are still being stopped are left to the reaper.
    """
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_exit_on_signal, front, tasks)
        tasks.start_soon(_exit_after_input, front)
        async with stdio_server() as (read_stream, write_stream):
            options = front.server.create_initialization_options(NotificationOptions(tools_changed=False))
            await front.server.run(read_stream, write_stream, options)
        tasks.cancel_scope.cancel()


async def _exit_on_signal(front: Front, tasks: TaskGroup) -> None:
    """Close at the first signal, and end soon; end at once at the second, or if the input has ended before."""
    numbers = [signal.SIGINT] if sys.platform == "win32" else [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    with anyio.open_signal_receiver(*numbers) as signals:
        async for number in signals:
            if front.stopping.is_set():
                _exit(128 + number)
            front.stop()
            tasks.start_soon(_exit_when_stopped, front, 128 + number)


async def _exit_when_stopped(front: Front, code: int) -> None:
    with anyio.move_on_after(_LONGEST_LEAVE):
        await front.stopped.wait()
    _exit(code)


async def _exit_after_input(front: Front) -> None:
    await front.stopping.wait()
    await anyio.sleep(_LONGEST_CLOSE)
    _exit(0)


def _exit(code: int) -> NoReturn:
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)
