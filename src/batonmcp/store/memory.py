"""The store in the memory of this process."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import anyio.lowlevel
import anyio.to_thread
from pydantic import JsonValue

from batonmcp.core.discretion import Discretion
from batonmcp.store.form import Form, Unwritable
from batonmcp.store.port import Entry, Store
from batonmcp.store.shelves import OTHER, SHELVES, Shelf

__all__ = ["MemoryStore"]


@dataclass(slots=True)
class _Documents:
    """One shelf, the oldest document first."""

    kept: dict[str, tuple[float, bytes]] = field(default_factory=dict[str, tuple[float, bytes]])
    size: int = 0

    def remove(self, key: str) -> bytes | None:
        found = self.kept.pop(key, None)
        if found is None:
            return None
        self.size -= len(found[1])
        return found[1]

    def add(self, key: str, at: float, data: bytes) -> None:
        self.remove(key)
        self.kept[key] = (at, data)
        self.size += len(data)

    def expire(self, shelf: Shelf, now: float) -> None:
        while self.kept:
            oldest = next(iter(self.kept))
            if self.size <= shelf.size and len(self.kept) <= shelf.count and self.kept[oldest][0] >= shelf.horizon(now):
                return
            self.remove(oldest)


class MemoryStore(Store):
    """Documents that end with the process."""

    def __init__(
        self,
        *,
        discretion: Discretion | None = None,
        shelves: Mapping[str, Shelf] = SHELVES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._form = Form(discretion)
        self._shelves = shelves
        self._clock = clock
        self._documents: dict[str, _Documents] = {}

    @property
    def warnings(self) -> Sequence[str]:
        """Nothing goes wrong here."""
        return ()

    @property
    def shared(self) -> bool:
        """Nobody else sees it."""
        return False

    async def get(self, shelf: str, key: str) -> JsonValue:
        """Return what was put there last."""
        await anyio.lowlevel.checkpoint()
        found = self._on(shelf).kept.get(self._form.key(key))
        return None if found is None else self._form.read(found[1])

    async def put(self, shelf: str, key: str, value: JsonValue) -> None:
        """Keep a value."""
        try:
            data = await anyio.to_thread.run_sync(self._form.write, value)  # a large one takes its time
        except Unwritable:
            data = None
        documents = self._on(shelf)
        if data is None or len(data) > self._rules(shelf).size:
            documents.remove(self._form.key(key))
            return
        documents.add(self._form.key(key), self._clock(), data)
        documents.expire(self._rules(shelf), self._clock())

    async def take(self, shelf: str, key: str) -> JsonValue:
        """Remove a value and return it."""
        await anyio.lowlevel.checkpoint()
        data = self._on(shelf).remove(self._form.key(key))
        return None if data is None else self._form.read(data)

    async def delete(self, shelf: str, key: str) -> None:
        """Remove a value."""
        await self.take(shelf, key)

    async def newest(self, shelf: str, *, limit: int | None = None) -> list[Entry]:
        """Return what is on a shelf."""
        await anyio.lowlevel.checkpoint()
        entries = [Entry(key=key, at=at) for key, (at, _) in reversed(self._on(shelf).kept.items())]
        return sorted(entries, key=lambda entry: entry.at, reverse=True)[:limit]

    async def aclose(self) -> None:
        """Do nothing: there is no file to let go of."""
        await anyio.lowlevel.checkpoint()

    def _on(self, shelf: str) -> _Documents:
        documents = self._documents.setdefault(shelf, _Documents())
        documents.expire(self._rules(shelf), self._clock())
        return documents

    def _rules(self, shelf: str) -> Shelf:
        return self._shelves.get(shelf, OTHER)
