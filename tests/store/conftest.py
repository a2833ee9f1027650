"""Fixtures for the tests of the store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from batonmcp.store.memory import MemoryStore
from batonmcp.store.port import Store
from batonmcp.store.sqlite import SqliteStore

__all__: list[str] = []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test has its file; the folder is yet to be made."""
    return tmp_path / "data" / "store.sqlite3"


@pytest.fixture(params=["memory", "sqlite"])
def make(request: pytest.FixtureRequest, path: Path) -> Callable[..., Store]:
    """Make a store of either kind; two of one test are two of the same place only in a file."""
    kind: Literal["memory", "sqlite"] = request.param

    def store(**settings: Any) -> Store:  # noqa: ANN401 - what both kinds take
        return MemoryStore(**settings) if kind == "memory" else SqliteStore(path, **settings)

    return store
