"""Access to the file: what happens when it cannot be used."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from batonmcp.store.access import Access, Done
from batonmcp.store.database import Damaged, Database
from batonmcp.store.file import DatabaseFile
from batonmcp.store.schema import MIGRATIONS
from batonmcp.store.shelves import SHELVES

RULES = SHELVES["era"]


def put(database: Database) -> str:
    """Write something."""
    database.put("era", "k", b"1", at=1.0, rules=RULES)
    return "written"


def get(database: Database) -> bytes | None:
    """Read it."""
    return database.get("era", "k", since=0.0)


def test_nothing_is_there_before_the_first_work(path: Path) -> None:
    """The file is made by the first who needs it."""
    access = Access(path)
    assert not path.parent.exists()
    assert access.do(put) == Done("written")
    assert access.do(get) == Done(b"1")
    assert not access.given_up
    access.close()
    assert path.exists()
    assert access.warnings == []
    assert access.given_up


def test_after_closing_there_is_none(path: Path) -> None:
    """A closed access does nothing, and does not open the file again."""
    access = Access(path)
    access.close()
    assert access.do(put) is None
    assert not path.parent.exists()


def test_damage_met_at_work(path: Path) -> None:
    """Work that meets damage is done again on a new file; the damaged one is set aside and that is said."""
    access = Access(path)
    access.do(put)
    met: list[bytes | None] = []

    def meet(database: Database) -> str:
        met.append(get(database))
        if len(met) == 1:
            message = "as a test"
            raise Damaged(message)
        return "done"

    assert access.do(meet) == Done("done")
    access.close()
    assert met == [b"1", None]
    (warning,) = access.warnings
    assert "the store was damaged (as a test)" in warning
    assert len(list(path.parent.glob("*.damaged-*"))) == 1


def test_damage_without_end(path: Path) -> None:
    """Where a new file is of no help, no heap of them is made: the file is given up, and that is said."""
    access = Access(path)

    def fail(_database: Database) -> None:
        message = "as a test"
        raise Damaged(message)

    for _ in range(5):
        assert access.do(fail) is None
    assert len(list(path.parent.glob("*.damaged-*"))) == 2
    assert "is damaged again as soon as it is begun anew" in access.warnings[-1]


@pytest.mark.parametrize("whose", ["another program", "a newer version"])
def test_files_that_are_left_alone(whose: str, path: Path) -> None:
    """A file of another program or of a newer version stays as it is, nothing is kept, and that is said once."""
    path.parent.mkdir()
    if whose == "a newer version":
        DatabaseFile(path, (*MIGRATIONS, ("CREATE TABLE later (a)",))).open().close()
    else:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()
    access = Access(path)
    assert [access.do(put), access.do(get)] == [None, None]
    assert path.read_bytes() == before
    (warning,) = access.warnings
    assert str(path) in warning
    assert whose in warning
    assert "which is left alone; what would be kept ends with this process." in warning


def test_a_place_where_nothing_can_be(path: Path) -> None:
    """Where a folder cannot be made the reason is said once, in the system's words."""
    path.parent.write_text("a file, not a folder")
    access = Access(path)
    assert [access.do(put), access.do(put)] == [None, None]
    assert access.given_up
    (warning,) = access.warnings
    assert warning.startswith(f"{path}: the store cannot be used, ")


def test_a_file_that_was_removed(path: Path) -> None:
    """Who removes the file, or its whole folder, gets a new one with the next piece of work."""
    access = Access(path)
    access.do(put)
    for gone in path.parent.iterdir():
        gone.unlink()
    path.parent.rmdir()
    assert access.do(get) == Done(None)
    assert access.do(put) == Done("written")
    assert access.warnings == []
    access.close()
    assert path.exists()


def test_what_passes_is_tried_again(path: Path) -> None:
    """A piece of work that the disk has no room for is not done; the next one is, when there is room again."""
    access = Access(path)
    access.do(put)

    def too_much(_database: Database) -> None:
        with closing(sqlite3.connect(":memory:", isolation_level=None)) as full:
            full.execute("CREATE TABLE t (a)")
            full.execute("PRAGMA max_page_count = 2")
            full.execute("INSERT INTO t VALUES (zeroblob(99999))")

    assert [access.do(too_much), access.do(too_much)] == [None, None]
    assert access.do(get) == Done(b"1")
    access.close()
    (warning,) = access.warnings
    assert "the disk is full" in warning
