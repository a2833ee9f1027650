"""The end of a process that serves: at a signal, soon, and whether or not everything has been closed by then."""

import os
import signal
import sys
from contextlib import suppress
from typing import NoReturn

import anyio
from anyio.abc import TaskGroup

from batonmcp.host.server import Front

__all__ = ["REAPED", "end", "end_at_signal"]

REAPED = sys.platform != "win32"
"""Whether servers that are still being stopped as we end are left to the reaper."""


async def end_at_signal(front: Front, tasks: TaskGroup, *, leave: float) -> None:
    """End the process at a signal.

    At the first one the backend is closed, for which it has so many seconds; at the second one, or if it is being
    closed already, the process ends at once.
    """
    numbers = [signal.SIGINT] if sys.platform == "win32" else [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
    with anyio.open_signal_receiver(*numbers) as signals:
        async for number in signals:
            if front.stopping.is_set():
                end(128 + number)
            front.stop()
            tasks.start_soon(_end_when_stopped, front, 128 + number, leave)


async def _end_when_stopped(front: Front, code: int, leave: float) -> None:
    with anyio.move_on_after(leave):
        await front.stopped.wait()
    end(code)


def end(code: int) -> NoReturn:
    """End the process, whatever it is doing."""
    with suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)
