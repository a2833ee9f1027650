"""The tables of the SQLite file, in every version there has been."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

__all__ = ["APPLICATION_ID", "MIGRATIONS", "Migration", "NotOurs", "TooNew", "migrate", "version_of"]

APPLICATION_ID: Final = 0x4241544F
"""Marks a file as ours: "BATO"."""

Migration: TypeAlias = Sequence[str]
"""Statements that lead from one version to the next."""

MIGRATIONS: Final[Sequence[Migration]] = (
    (
        """
        CREATE TABLE document (
            id INTEGER PRIMARY KEY,
            shelf TEXT NOT NULL,
            key TEXT NOT NULL,
            at REAL NOT NULL,
            size INTEGER NOT NULL,
            digest INTEGER NOT NULL,
            data BLOB NOT NULL,
            UNIQUE (shelf, key)
        )
        """,
        "CREATE INDEX document_by_age ON document (shelf, at, id, size)",
        # what a shelf holds is counted as it changes: adding it up at every write would read the whole shelf
        "CREATE TABLE total (shelf TEXT PRIMARY KEY, count INTEGER NOT NULL, size INTEGER NOT NULL) WITHOUT ROWID",
        """
        CREATE TRIGGER document_added AFTER INSERT ON document BEGIN
            INSERT OR IGNORE INTO total VALUES (new.shelf, 0, 0);
            UPDATE total SET count = count + 1, size = size + new.size WHERE shelf = new.shelf;
        END
        """,
        """
        CREATE TRIGGER document_removed AFTER DELETE ON document BEGIN
            UPDATE total SET count = count - 1, size = size - old.size WHERE shelf = old.shelf;
        END
        """,
    ),
)
"""The first makes version 1. A version that was published is never changed; a new one is added at the end."""


class NotOurs(Exception):
    """A sound database of another program."""


class TooNew(Exception):
    """A file of a newer version of ours."""


def version_of(connection: sqlite3.Connection) -> int:
    """Return the version of a file, 0 for one without tables."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return version


def migrate(
    connection: sqlite3.Connection,
    migrations: Sequence[Migration] = MIGRATIONS,
    *,
    keep_copy: Callable[[int], None] = lambda _version: None,
) -> None:
    """Bring a file to the last version: all of the way or not at all.

    Args:
        connection: To the file, in autocommit mode.
        migrations: All there are.
        keep_copy: Is given the version of a file with tables before anything changes.

    Raises:
        NotOurs: It is of another program.
        TooNew: It is of a newer version.
    """
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application not in {0, APPLICATION_ID} or (application == 0 and _has_tables(connection)):
        raise NotOurs
    if application and version_of(connection) == len(migrations):
        return
    connection.execute("BEGIN IMMEDIATE")  # another process may be about to do the same
    try:
        version = version_of(connection)
        if version > len(migrations):
            raise TooNew
        if version:
            keep_copy(version)
        for statement in (statement for migration in migrations[version:] for statement in migration):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _has_tables(connection: sqlite3.Connection) -> bool:
    return connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
