"""A heartbeat of the event loop: how long it was ever blocked."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter, thread_time

import anyio
import anyio.lowlevel

__all__ = ["Lag", "heartbeat"]

_BEAT = 0.005


@dataclass(slots=True)
class Lag:
    """The longest time between two beats, in seconds.

    Attributes:
        worst: By the clock, less the beat itself; on a busy machine that includes the work of others.
        worked: By the work of the event loop's own thread.
    """

    worst: float = 0.0
    worked: float = 0.0


@asynccontextmanager
async def heartbeat() -> AsyncGenerator[Lag]:
    """Measure while inside."""
    lag = Lag()

    async def beat() -> None:
        while True:
            since, before = perf_counter(), thread_time()
            await anyio.sleep(_BEAT)
            lag.worst = max(lag.worst, perf_counter() - since - _BEAT)
            lag.worked = max(lag.worked, thread_time() - before)

    async with anyio.create_task_group() as beating:
        beating.start_soon(beat)
        await anyio.lowlevel.checkpoint()
        yield lag
        beating.cancel_scope.cancel()
