"""A store that other processes could see, without any file or thread: for what is told by a clock that jumps."""

from collections.abc import Sequence

import anyio.lowlevel
from pydantic import JsonValue

from batonmcp.store.port import Entry, Store

__all__ = ["Board"]


class Board(Store):
    """Documents by shelf and key.

    Args:
        shared: Whether others see it.

    Attributes:
        broken: Whether nobody else sees what is put here, which turns out at the first use, as with a file.
        taken: How often something was to be taken.
    """

    def __init__(self, *, shared: bool = True, broken: bool = False) -> None:
        self.broken = broken
        self.taken = 0
        self._shared = shared
        self._documents: dict[tuple[str, str], JsonValue] = {}

    @property
    def warnings(self) -> Sequence[str]:
        """Nothing goes wrong here."""
        return ()

    @property
    def shared(self) -> bool:
        """Whether others see it."""
        return self._shared

    async def get(self, shelf: str, key: str) -> JsonValue:
        """Return a value."""
        await anyio.lowlevel.checkpoint()
        return self._documents.get((shelf, key))

    async def put(self, shelf: str, key: str, value: JsonValue) -> None:
        """Keep a value."""
        await anyio.lowlevel.checkpoint()
        self._shared = self._shared and not self.broken
        self._documents[shelf, key] = value

    async def take(self, shelf: str, key: str) -> JsonValue:
        """Remove a value and return it; only then is there a pause, in which whoever took it may be cancelled."""
        self.taken += 1
        value = self._documents.pop((shelf, key), None)
        await anyio.lowlevel.checkpoint()
        return value

    async def delete(self, shelf: str, key: str) -> None:
        """Remove a value."""
        await anyio.lowlevel.checkpoint()
        self._documents.pop((shelf, key), None)

    async def newest(self, shelf: str, *, limit: int | None = None) -> list[Entry]:
        """Return what is on a shelf."""
        await anyio.lowlevel.checkpoint()
        return [Entry(key=key, at=0.0) for place, key in reversed(self._documents) if place == shelf][:limit]

    async def aclose(self) -> None:
        """Do nothing."""
        await anyio.lowlevel.checkpoint()
