"""What an error tells."""

import errno
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from batonmcp.store.damage import is_damage, trouble
from batonmcp.store.database import Damaged


def raised(path: Path, *statements: str, uri: str = "") -> sqlite3.Error:
    """Return the error of the last of these statements."""
    with closing(sqlite3.connect(f"file:{path}?{uri}", uri=True, isolation_level=None, timeout=0)) as connection:
        for statement in statements[:-1]:
            connection.execute(statement)
        with pytest.raises(sqlite3.Error) as error:
            connection.execute(statements[-1])
    return error.value


def test_damage(tmp_path: Path) -> None:
    """A file that is no database, a table that is gone and our own finding are damage."""
    random = tmp_path / "random"
    random.write_bytes(b"not a database at all" * 100)
    assert is_damage(raised(random, "SELECT * FROM sqlite_master"))
    assert is_damage(raised(tmp_path / "new", "SELECT * FROM document"))
    assert is_damage(Damaged("it is empty"))


def test_circumstances(tmp_path: Path) -> None:
    """A full disk, a lock, a file that cannot be written or opened are no damage, and the sentence names them."""
    path = tmp_path / "file"
    full = raised(path, "CREATE TABLE t (a)", "PRAGMA max_page_count = 2", "INSERT INTO t VALUES (zeroblob(99999))")
    readonly = raised(path, "INSERT INTO t VALUES (1)", uri="mode=ro")
    missing = tmp_path / "missing" / "file"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        locked = raised(path, "BEGIN IMMEDIATE")
    for error, says in ((full, "the disk is full"), (readonly, "cannot be written"), (locked, "another process")):
        assert not is_damage(error)
        sentence = trouble(path, error)
        assert sentence.startswith(f"{path}: the store cannot be used")
        assert says in sentence
        assert sentence.endswith("or name another file with BATONMCP_STORE.")
    with pytest.raises(sqlite3.Error) as error:
        sqlite3.connect(missing)
    assert not is_damage(error.value)
    assert "it cannot be opened" in trouble(missing, error.value)


def test_errors_of_the_system(tmp_path: Path) -> None:
    """An error of the operating system is told in its words."""
    assert os.strerror(errno.EACCES) in trouble(tmp_path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))
    assert "OSError" in trouble(tmp_path, OSError())
