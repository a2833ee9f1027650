"""The statements of a store."""

import sqlite3
from collections.abc import Iterator

import pytest

from batonmcp.store.database import Damaged, Database
from batonmcp.store.schema import migrate
from batonmcp.store.shelves import Shelf

RULES = Shelf(days=1, count=100, size=1_000_000)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A new database of ours."""
    opened = sqlite3.connect(":memory:", isolation_level=None)
    migrate(opened)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "change",
    [
        "data = x'3232'",
        "data = '1'",
        "at = at + 1",
        "at = 'noon'",
        "digest = digest + 1",
        "digest = NULL",
        "shelf = 't'",
        "key = 'other'",
    ],
)
def test_a_document_that_changed(change: str, connection: sqlite3.Connection) -> None:
    """What is not as it was written is never given out: it is damage, or under that key there is nothing."""
    database = Database(connection)
    database.put("s", "k", b"1", at=5.0, rules=RULES)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    try:
        connection.execute(f"UPDATE document SET {change}")  # noqa: S608 - of this test
    except sqlite3.IntegrityError:
        return
    for place in (("s", "k"), ("t", "k"), ("s", "other")):
        try:
            assert database.get(*place, since=0.0) is None
        except Damaged:
            continue


@pytest.mark.parametrize("total", ["DELETE FROM total", "UPDATE total SET count = 'x'", "UPDATE total SET count = 999"])
def test_a_count_that_changed(total: str, connection: sqlite3.Connection) -> None:
    """A wrong count is damage, not an endless search for something to remove."""
    database = Database(connection)
    database.put("s", "k", b"1", at=5.0, rules=RULES)
    connection.execute("DROP TRIGGER document_added")
    connection.execute(total)
    with pytest.raises(Damaged):
        database.put("s", "l", b"1", at=5.0, rules=RULES)
    assert not connection.in_transaction


def test_a_write_that_fails_changes_nothing(connection: sqlite3.Connection) -> None:
    """What stood there stays if its successor cannot be written."""
    database = Database(connection)
    database.put("s", "k", b"1", at=5.0, rules=RULES)
    connection.execute("CREATE TRIGGER full BEFORE INSERT ON document BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(sqlite3.IntegrityError):
        database.put("s", "k", b"2", at=6.0, rules=RULES)
    assert database.get("s", "k", since=0.0) == b"1"


def test_removing_by_age_reads_no_table(connection: sqlite3.Connection) -> None:
    """Each statement of a write finds what it needs by an index: none reads a whole shelf."""
    statements = (
        "DELETE FROM document WHERE shelf = 's' AND at < 1",
        "SELECT id, size FROM document WHERE shelf = 's' ORDER BY at, id LIMIT 1",
        "DELETE FROM document WHERE shelf = 's' AND key = 'k'",
        "SELECT key, at FROM document WHERE shelf = 's' AND at >= 1 ORDER BY at DESC, id DESC LIMIT 5",
        "SELECT count, size FROM total WHERE shelf = 's'",
    )
    for statement in statements:
        plan = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}"))
        assert "SEARCH" in plan
        assert "SCAN" not in plan
        assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(("durable", "level"), [(True, 2), (False, 1)])
def test_a_durable_shelf_is_synchronized(durable: bool, level: int, connection: sqlite3.Connection) -> None:  # noqa: FBT001 - a parameter
    """A change of a durable shelf waits for the disk, others do not; also one after the other."""
    database = Database(connection)
    database.put("s", "k", b"1", at=5.0, rules=Shelf(days=1, count=9, size=99, durable=not durable))
    database.take("s", "k", since=0.0, rules=Shelf(days=1, count=9, size=99, durable=durable))
    assert connection.execute("PRAGMA synchronous").fetchone() == (level,)
