"""The store in an SQLite file."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

import anyio
import anyio.to_thread
from pydantic import JsonValue

from batonmcp.core.discretion import Discretion
from batonmcp.store.access import Access, Done
from batonmcp.store.database import Database
from batonmcp.store.file import PATIENCE
from batonmcp.store.form import Form, Unwritable
from batonmcp.store.memory import MemoryStore
from batonmcp.store.port import Entry, Store
from batonmcp.store.shelves import OTHER, SHELVES, Shelf

__all__ = ["SqliteStore"]

T = TypeVar("T")

_Place: TypeAlias = tuple[str, str]


def _ignore(_warning: str) -> None:
    """Leave a warning to those who look at `warnings`."""


class SqliteStore(Store):
    """Documents in a file, which is opened by the first who asks for something.

    What the file does not take, because the disk is full for example, stays in memory and is what counts from then on.
    Everything that waits for the disk does so in a thread, one piece of work at a time; who is cancelled meanwhile
    leaves when his piece is done, so that he knows what became of it.
    """

    def __init__(  # noqa: PLR0913 - one parameter a setting
        self,
        path: Path,
        *,
        discretion: Discretion | None = None,
        shelves: Mapping[str, Shelf] = SHELVES,
        clock: Callable[[], float] = time.time,
        tell: Callable[[str], None] = _ignore,
        patience: float = PATIENCE,
    ) -> None:
        """Name the file, who is told each warning, and how long to wait for another process that holds it."""
        self._access = Access(path, patience=patience)
        self._turn = anyio.CapacityLimiter(1)
        self._form = Form(discretion)
        self._shelves = shelves
        self._clock = clock
        self._tell = tell
        self._told = 0
        self._memory = MemoryStore(discretion=discretion, shelves=shelves, clock=clock)
        self._superseded: set[_Place] = set()  # where the file holds something else than it should

    @property
    def warnings(self) -> Sequence[str]:
        """What went wrong so far."""
        return tuple(self._access.warnings)

    @property
    def shared(self) -> bool:
        """Whether it is the file that counts: known once something has been asked of it."""
        return not self._access.given_up

    async def get(self, shelf: str, key: str) -> JsonValue:
        """Return what was put there last."""
        place = (shelf, self._form.key(key))
        if place in self._superseded:
            return await self._memory.get(shelf, key)
        done = await self._do(lambda database: self._read(database.get(*place, since=self._since(shelf))))
        return done.value if done else None

    async def put(self, shelf: str, key: str, value: JsonValue) -> None:
        """Keep a value."""
        place = (shelf, self._form.key(key))
        done = await self._do(lambda database: self._put(database, place, value))
        if not done:
            self._superseded.add(place)
            await self._memory.put(shelf, key, value)
        elif place in self._superseded:
            self._superseded.discard(place)
            await self._memory.delete(shelf, key)

    async def take(self, shelf: str, key: str) -> JsonValue:
        """Remove a value and return it. One that the file does not let go of is not returned."""
        place = (shelf, self._form.key(key))
        if place in self._superseded:
            return await self._memory.take(shelf, key)
        done = await self._do(lambda database: self._read(self._take(database, place)))
        return done.value if done else None

    async def delete(self, shelf: str, key: str) -> None:
        """Remove a value."""
        place = (shelf, self._form.key(key))
        if await self._do(lambda database: self._take(database, place)):
            self._superseded.discard(place)
        else:
            self._superseded.add(place)
        await self._memory.delete(shelf, key)

    async def newest(self, shelf: str, *, limit: int | None = None) -> list[Entry]:
        """Return what is on a shelf."""
        enough = None if limit is None else limit + len(self._superseded)
        done = await self._do(lambda database: database.newest(shelf, since=self._since(shelf), limit=enough))
        filed = (
            [Entry(key=key, at=at) for key, at in done.value if (shelf, key) not in self._superseded] if done else []
        )
        ours = await self._memory.newest(shelf)
        return sorted([*ours, *filed], key=lambda entry: entry.at, reverse=True)[:limit]

    async def aclose(self) -> None:
        """Let go of the file."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._access.close, limiter=self._turn)

    async def _do(self, work: Callable[[Database], T]) -> Done[T] | None:
        """Have a piece of work done on the file, and tell what went wrong with it."""
        done = await anyio.to_thread.run_sync(self._access.do, work, limiter=self._turn)
        news = self.warnings[self._told :]
        self._told += len(news)
        for warning in news:
            self._tell(warning)
        return done

    def _read(self, data: bytes | None) -> JsonValue:
        return None if data is None else self._form.read(data)

    def _put(self, database: Database, place: _Place, value: JsonValue) -> None:
        shelf = self._rules(place[0])
        try:
            data = self._form.write(value)
            too_much = f"has {len(data):,} bytes, the shelf holds {shelf.size:,}" if len(data) > shelf.size else ""
        except Unwritable as reason:
            data, too_much = b"", str(reason)
        if not too_much:
            return database.put(*place, data, at=self._clock(), rules=shelf)
        self._access.warn(f"A document for the store's shelf {place[0]!r} was not kept: it {too_much}.")
        self._take(database, place)
        return None

    def _take(self, database: Database, place: _Place) -> bytes | None:
        return database.take(*place, since=self._since(place[0]), rules=self._rules(place[0]))

    def _since(self, shelf: str) -> float:
        return self._rules(shelf).horizon(self._clock())

    def _rules(self, shelf: str) -> Shelf:
        return self._shelves.get(shelf, OTHER)
