"""How many runs are at work at a time, and how many wait for their turn."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio

__all__ = ["Capacity", "Place"]


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

    def reserve(self) -> "Place":
        """Count one more run from now on, until its place has been entered and left."""
        return Place(self)

    def count(self, by: int) -> None:
        """Count runs that have a place, or wait for one."""
        self._taken += by

    async def acquire(self) -> None:
        """Wait for a free place."""
        await self._free.acquire()

    def release(self) -> None:
        """Let the next one in."""
        self._free.release()


class Place:
    """The place of one run, counted from the start: a thousand that come at once must not all find room.

    Args:
        capacity: What it is a part of.
    """

    def __init__(self, capacity: Capacity) -> None:
        self._capacity = capacity
        self._held = False
        self._over = False
        self._lenders = 0
        capacity.count(1)

    @asynccontextmanager
    async def held(self) -> AsyncGenerator[None]:
        """Hold the place, once it is free; after that it is gone."""
        try:
            await self._take()
            yield
        finally:
            self._over = True
            self._give()
            if not self._lenders:
                self._capacity.count(-1)

    @asynccontextmanager
    async def lent(self) -> AsyncGenerator[None]:
        """Give the place to others meanwhile: a run that waits for a person does no work.

        Whoever lends it may do so twice at a time, and be another task than the run's, which may end first.
        """
        self._lenders += 1
        if self._lenders == 1 and not self._over:
            self._give()
            self._capacity.count(-1)
        try:
            yield
        finally:
            self._lenders -= 1
            if not self._lenders and not self._over:
                self._capacity.count(1)
                await self._take()

    def _give(self) -> None:
        if self._held:
            self._held = False
            self._capacity.release()

    async def _take(self) -> None:
        await self._capacity.acquire()
        if self._held or self._lenders or self._over:  # it is needed no more, or another task was faster
            self._capacity.release()
        else:
            self._held = True
