"""A heartbeat of the event loop: how long it was ever blocked."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import perf_counter

import anyio
import anyio.lowlevel

__all__ = ["Lag", "heartbeat"]

_BEAT = 0.005


@dataclass(slots=True)
class Lag:
    """The longest time between two beats, less the beat itself, in seconds."""

    worst: float = 0.0


@asynccontextmanager
async def heartbeat() -> AsyncGenerator[Lag]:
    """Measure while inside."""
    lag = Lag()

    async def beat() -> None:
        while True:
            since = perf_counter()
            await anyio.sleep(_BEAT)
            lag.worst = max(lag.worst, perf_counter() - since - _BEAT)

    async with anyio.create_task_group() as beating:
        beating.start_soon(beat)
        await anyio.lowlevel.checkpoint()
        yield lag
        beating.cancel_scope.cancel()
