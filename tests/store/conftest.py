"""Fixtures for the tests of the store."""

from pathlib import Path

import pytest

__all__: list[str] = []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a test has its file; the folder is yet to be made."""
    return tmp_path / "data" / "store.sqlite3"
