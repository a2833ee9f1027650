"""The versions of the file."""

import sqlite3
from collections.abc import Iterator

import pytest

from batonmcp.store.schema import APPLICATION_ID, MIGRATIONS, NotOurs, TooNew, migrate, version_of

MORE = (*MIGRATIONS, ("ALTER TABLE document ADD COLUMN note TEXT", "UPDATE document SET note = key"))


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A new database."""
    opened = sqlite3.connect(":memory:", isolation_level=None)
    yield opened
    opened.close()


def tables(connection: sqlite3.Connection) -> set[str]:
    """Return the names of tables."""
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_a_new_file(connection: sqlite3.Connection) -> None:
    """A new file gets the tables, the last version and our mark; no copy of it is kept."""
    migrate(connection, keep_copy=lambda version: pytest.fail(f"a copy of version {version}"))
    assert tables(connection) == {"document", "total"}
    assert version_of(connection) == len(MIGRATIONS)
    assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_an_older_file(connection: sqlite3.Connection) -> None:
    """An older file is brought to the last version after a copy was made, and keeps what it holds."""
    migrate(connection)
    connection.execute("INSERT INTO document VALUES (1, 's', 'k', 0, 1, 2, x'31')")
    copied: list[int] = []
    migrate(connection, MORE, keep_copy=copied.append)
    migrate(connection, MORE, keep_copy=copied.append)
    assert copied == [1]
    assert version_of(connection) == 2
    assert connection.execute("SELECT note FROM document").fetchall() == [("k",)]


@pytest.mark.parametrize("fails", ["statement", "copy"])
def test_a_migration_that_fails(fails: str, connection: sqlite3.Connection) -> None:
    """Nothing has changed when a migration fails half way, or the copy could not be made."""
    migrate(connection)

    def no_copy(_version: int) -> None:
        if fails == "copy":
            message = "the disk is full"
            raise OSError(message)

    with pytest.raises((sqlite3.OperationalError, OSError)):
        migrate(connection, (*MORE, ("CREATE TABLE half (a)", "nonsense")), keep_copy=no_copy)
    assert not connection.in_transaction
    assert version_of(connection) == 1
    assert tables(connection) == {"document", "total"}


def test_a_newer_file(connection: sqlite3.Connection) -> None:
    """A file of a newer version is refused and stays as it is."""
    migrate(connection, MORE)
    with pytest.raises(TooNew):
        migrate(connection)
    assert not connection.in_transaction
    assert version_of(connection) == 2


@pytest.mark.parametrize("mark", [0, 77])
def test_a_file_of_another_program(mark: int, connection: sqlite3.Connection) -> None:
    """A database with another mark, or with tables and none, is not ours."""
    connection.execute("CREATE TABLE theirs (a)")
    connection.execute(f"PRAGMA application_id = {mark}")
    with pytest.raises(NotOurs):
        migrate(connection)
    assert tables(connection) == {"theirs"}


def test_the_totals_are_right(connection: sqlite3.Connection) -> None:
    """What a shelf holds is counted whatever is added and removed, and however."""
    migrate(connection)
    for number in range(20):
        connection.execute(
            "INSERT INTO document VALUES (?, ?, ?, 0, ?, 0, x'')", (number, f"s{number % 3}", f"k{number}", number)
        )
    connection.execute("DELETE FROM document WHERE size % 4 = 1")
    added = "SELECT shelf, count(*), sum(size) FROM document GROUP BY shelf ORDER BY shelf"
    counted = "SELECT shelf, count, size FROM total ORDER BY shelf"
    assert connection.execute(counted).fetchall() == connection.execute(added).fetchall()
