"""Serving a host over standard input and output."""

from functools import partial

import anyio
from mcp.server.stdio import stdio_server

from batonmcp.host.ending import REAPED, end, end_at_signal
from batonmcp.host.salvage import Salvage
from batonmcp.host.server import Front

__all__ = ["serve_stdio"]

_LONGEST_LEAVE = 0.05 if REAPED else 1.4
"""Seconds from a signal to the end. Hosts may kill 0.12 s after SIGINT; what our servers still need is not our wait."""

_LONGEST_CLOSE = 0.8 if REAPED else 1.5
"""Seconds from the end of input to ours."""


async def serve_stdio(front: Front) -> None:
    """Serve until standard input ends or a signal arrives.

    A signal ends the process from here: the thread that reads standard input cannot be interrupted while a host keeps
    it open. Servers that are still being stopped are left to the reaper.
    """
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(partial(end_at_signal, front, tasks, leave=_LONGEST_LEAVE))
        tasks.start_soon(_end_after_input, front)
        async with stdio_server() as (read_stream, write_stream):
            incoming = Salvage(read_stream, write_stream)
            await front.server.run(incoming, write_stream, front.server.create_initialization_options())
        tasks.cancel_scope.cancel()


async def _end_after_input(front: Front) -> None:
    await front.stopping.wait()
    await anyio.sleep(_LONGEST_CLOSE)
    end(0)
