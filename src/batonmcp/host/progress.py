"""The progress of a run, as a host shows it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream

from batonmcp.core.events import Emit, Event
from batonmcp.stages.narrate import Narrator

__all__ = ["HEARTBEAT", "Report", "reporting"]

Report = Callable[[float, float | None, str], Awaitable[None]]
"""Sends one progress notification: how much is done, of how much, and in words."""

HEARTBEAT = 10.0
"""Longest silence, in seconds: the last line is then said again, so that no host thinks the run dead."""

_BACKLOG = 1_000
_LAST_WORDS = 1.0


@asynccontextmanager
async def reporting(report: Report) -> AsyncGenerator[Emit]:
    """Yield a listener whose events become progress notifications."""
    narrator = Narrator()
    lines, queued = anyio.create_memory_object_stream[str](_BACKLOG)

    def listen(event: Event) -> None:
        line = narrator.tell(event)
        if line:
            try:
                lines.send_nowait(line)
            except (anyio.WouldBlock, anyio.BrokenResourceError):
                return  # neither a host that takes no progress nor one that cancelled must hold the run up

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_send, report, narrator, queued)
        with lines:
            yield listen
        tasks.cancel_scope.deadline = anyio.current_time() + _LAST_WORDS


async def _send(report: Report, narrator: Narrator, queued: MemoryObjectReceiveStream[str]) -> None:
    """Send what there is to tell, in numbers that always grow, as the protocol asks."""
    line, sent = "Starting", 0.0
    with queued:
        while True:
            with anyio.move_on_after(HEARTBEAT):
                try:
                    line = await queued.receive()
                except anyio.EndOfStream:
                    return
            sent = max(float(narrator.done), sent + (narrator.done + 1 - sent) / 1_000)  # never the next part
            await report(sent, narrator.total, line)
