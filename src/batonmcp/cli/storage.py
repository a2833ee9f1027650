"""The store of a process, and the keeping of its runs."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

import anyio
from anyio.abc import TaskGroup

from batonmcp.config.settings import Settings
from batonmcp.core.discretion import Discretion
from batonmcp.core.record import RunRecord
from batonmcp.store.memory import MemoryStore
from batonmcp.store.port import Store
from batonmcp.store.runs import Runs
from batonmcp.store.shelves import shelves
from batonmcp.store.sqlite import SqliteStore

__all__ = ["RunKeeper", "open_store"]

_LONGEST_WAIT_S: Final = 1.0


@asynccontextmanager
async def open_store(settings: Settings, discretion: Discretion) -> AsyncGenerator[Store]:
    """Yield the store. Its file is opened when something is first asked of it; its warnings go to standard error."""

    def tell(warning: str) -> None:
        sys.stderr.write(f"batonmcp: {discretion.text(warning)}\n")

    rules = shelves(run_days=settings.store.days)
    if settings.store.path is None:
        yield MemoryStore(discretion=discretion, shelves=rules)
        return
    store = SqliteStore(settings.store.path, discretion=discretion, shelves=rules, tell=tell)
    try:
        yield store
    finally:
        await store.aclose()


class RunKeeper:
    """Keeps each record in a task of its own: no answer waits long for a slow disk, and no cancelled run is lost."""

    def __init__(self, runs: Runs, tasks: TaskGroup) -> None:
        self._runs = runs
        self._tasks = tasks
        self._stopped = False

    async def __call__(self, record: RunRecord) -> None:
        """Keep the record of a run that has ended. What ends after everything has closed is not kept."""
        if self._stopped:
            return
        kept = anyio.Event()
        self._tasks.start_soon(self._keep, record, kept)
        with anyio.move_on_after(_LONGEST_WAIT_S):
            await kept.wait()

    def stop(self) -> None:
        """Take nothing more."""
        self._stopped = True

    async def _keep(self, record: RunRecord, kept: anyio.Event) -> None:
        with anyio.CancelScope(shield=True):
            await self._runs.keep(record)
        kept.set()
