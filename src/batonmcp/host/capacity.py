"""How many runs are at work at a time, and how many wait for their turn."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

__all__ = ["Capacity"]


class Capacity:
    """Places for runs.

    Args:
        places: Runs at work at a time.
        queue: Runs that may wait for a place.
    """

    def __init__(self, *, places: int, queue: int) -> None:
        self.places = places
        self.queue = queue
        self._free = anyio.Semaphore(places)
        self._taken = 0

    @property
    def is_full(self) -> bool:
        """Whether one more run would be too many."""
        return self._taken >= self.places + self.queue

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """Hold a place, once there is one."""
        self._taken += 1
        try:
            async with self._free:
                yield
        finally:
            self._taken -= 1

    @asynccontextmanager
    async def lent(self) -> AsyncGenerator[None]:
        """Give the place that is held to others meanwhile: who waits for a person does no work."""
        self._free.release()
        self._taken -= 1
        try:
            yield
        finally:
            self._taken += 1
            with anyio.CancelScope(shield=True):  # the place is given back by whoever holds it
                await self._free.acquire()
