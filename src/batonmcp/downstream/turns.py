"""The turns of servers that start: a few at a time, so that hundreds do not take the machine from each other."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

import anyio

__all__ = ["Turns"]


class Turns:
    """Lets so many start at the same time."""

    def __init__(self, most: int) -> None:
        self._places = anyio.Semaphore(most, max_value=most)

    @asynccontextmanager
    async def taken(self) -> AsyncGenerator[Callable[[], None]]:
        """Wait for a place and yield what gives it back; leaving gives it back if that was not done before."""
        await self._places.acquire()
        held = True

        def give_back() -> None:
            nonlocal held
            if held:
                held = False
                self._places.release()

        try:
            yield give_back
        finally:
            give_back()
