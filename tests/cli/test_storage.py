"""The store of a process, and the keeping of its runs."""

import sqlite3
from contextlib import closing
from pathlib import Path

import anyio
import pytest

from batonmcp.cli.storage import RunKeeper, open_store
from batonmcp.config.settings import Settings, StoreSettings
from batonmcp.core.discretion import Discretion
from batonmcp.core.record import RunRecord
from batonmcp.store.memory import MemoryStore
from batonmcp.store.runs import Runs
from batonmcp.store.sqlite import SqliteStore

pytestmark = pytest.mark.anyio

TIME_S = 20.0
RUN = RunRecord(run_id="r1", query="q", planner="host", status="ok")


def settings(store: StoreSettings) -> Settings:
    """Return settings with a store and a secret."""
    return Settings(source=Path("servers.json"), servers=(), store=store)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_it_leaves_out_secrets(kind: str, tmp_path: Path) -> None:
    """Either kind is given the secrets of the configuration."""
    path = tmp_path / "store.sqlite3" if kind == "sqlite" else None
    with anyio.fail_after(TIME_S):
        async with open_store(settings(StoreSettings(path=path)), Discretion({"s3cret-canary"})) as store:
            assert isinstance(store, SqliteStore if path else MemoryStore)
            await store.put("run", "k", "the s3cret-canary sings")
            assert await store.get("run", "k") == "the *** sings"


async def test_its_warnings_go_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is wrong with the store is one line, said once."""
    path = tmp_path / "store.sqlite3"
    path.write_bytes(b"nonsense" * 100)
    with anyio.fail_after(TIME_S):
        async with open_store(settings(StoreSettings(path=path)), Discretion({"s3cret-canary"})) as store:
            for _ in range(2):
                assert await store.get("run", "k") is None
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"batonmcp: {path}: the store was damaged (")
    assert shown.err.count("\n") == 1


async def test_a_run_is_kept_when_its_keeper_returns() -> None:
    """Who has the answer finds the run."""
    runs = Runs(MemoryStore())
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            await RunKeeper(runs, tasks)(RUN)
            assert await runs.get("r1") == RUN.as_json()


async def test_a_cancelled_run_is_kept() -> None:
    """The end of the caller, and of everything, leaves time for the record."""
    runs = Runs(MemoryStore())
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            keeper = RunKeeper(runs, tasks)
            tasks.cancel_scope.cancel()
            with anyio.CancelScope() as caller:
                caller.cancel()
                await keeper(RUN)
        assert await runs.get("r1") == RUN.as_json()


async def test_nobody_waits_long(tmp_path: Path) -> None:
    """While another process holds the file the answer goes out; the record is kept when the file is free."""
    path = tmp_path / "store.sqlite3"
    store = SqliteStore(path)
    with anyio.fail_after(TIME_S):
        await store.put("era", "k", 1)
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            async with anyio.create_task_group() as tasks:
                other.execute("BEGIN IMMEDIATE")
                await RunKeeper(Runs(store), tasks)(RUN)
                other.execute("ROLLBACK")
        assert await Runs(store).get("r1") == RUN.as_json()
        await store.aclose()
    assert store.warnings == ()


async def test_after_the_end_nothing_is_kept() -> None:
    """A run that outlives the store's tasks ends without its record, and without an error."""
    runs = Runs(MemoryStore())
    with anyio.fail_after(TIME_S):
        tasks = anyio.create_task_group()
        keeper = RunKeeper(runs, tasks)
        async with tasks:
            keeper.stop()
        await keeper(RUN)
        assert await runs.get("r1") is None
