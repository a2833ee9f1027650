"""One open SQLite file, as the statements of a store."""

import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from zlib import crc32

from batonmcp.store.shelves import Shelf

__all__ = ["Damaged", "Database"]

_CHANGED = "a document is not what was written"
_MISCOUNTED = "a shelf holds something else than was counted"


class Damaged(sqlite3.DatabaseError):
    """The file holds something else than was written."""


class Database:
    """Reads and writes documents over one connection, for one thread at a time.

    Each document has a digest, so that a bit that flipped within a text is not taken for a value.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._durable = False

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def get(self, shelf: str, key: str, *, since: float) -> bytes | None:
        """Return a document that was put there at this time or later."""
        found = self._connection.execute(
            "SELECT at, digest, data FROM document WHERE shelf = ? AND key = ?", (shelf, key)
        ).fetchone()
        if found is None:
            return None
        at, digest, data = found
        if not isinstance(data, bytes) or digest != _digest(shelf, key, at, data):
            raise Damaged(_CHANGED)
        return data if at >= since else None

    def put(self, shelf: str, key: str, data: bytes, *, at: float, rules: Shelf) -> None:
        """Keep a document, and let go of what is too old or too much."""
        with self._writing(rules):
            self._remove(shelf, key)
            self._connection.execute(
                "INSERT INTO document (shelf, key, at, size, digest, data) VALUES (?, ?, ?, ?, ?, ?)",
                (shelf, key, at, len(data), _digest(shelf, key, at, data), data),
            )
            self._expire(shelf, rules, at)

    def take(self, shelf: str, key: str, *, since: float, rules: Shelf) -> bytes | None:
        """Remove a document and return it: it is returned only once it is gone for everybody."""
        with self._writing(rules):
            data = self.get(shelf, key, since=since)
            self._remove(shelf, key)
        return data

    def newest(self, shelf: str, *, since: float, limit: int | None) -> list[tuple[str, float]]:
        """Return keys and times of what is on a shelf, the newest first."""
        return self._connection.execute(
            "SELECT key, at FROM document WHERE shelf = ? AND at >= ? ORDER BY at DESC, id DESC LIMIT ?",
            (shelf, since, -1 if limit is None else limit),
        ).fetchall()

    @contextmanager
    def _writing(self, rules: Shelf) -> Generator[None]:
        if self._durable != rules.durable:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if rules.durable else 'NORMAL'}")
            self._durable = rules.durable
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _remove(self, shelf: str, key: str) -> None:
        self._connection.execute("DELETE FROM document WHERE shelf = ? AND key = ?", (shelf, key))

    def _expire(self, shelf: str, rules: Shelf, now: float) -> None:
        """Remove what is too old, by the index; then the oldest, one by one, while there is too much."""
        self._connection.execute("DELETE FROM document WHERE shelf = ? AND at < ?", (shelf, rules.horizon(now)))
        count, size = self._counted("SELECT count, size FROM total WHERE shelf = ?", shelf)
        while count > rules.count or size > rules.size:
            oldest, its_size = self._counted(
                "SELECT id, size FROM document WHERE shelf = ? ORDER BY at, id LIMIT 1", shelf
            )
            self._connection.execute("DELETE FROM document WHERE id = ?", (oldest,))
            count, size = count - 1, size - its_size

    def _counted(self, query: str, shelf: str) -> tuple[int, int]:
        """Return two numbers about a shelf that is not empty."""
        match self._connection.execute(query, (shelf,)).fetchone():
            case (int(first), int(second)):
                return first, second
            case _:
                raise Damaged(_MISCOUNTED)


def _digest(shelf: str, key: str, at: float, data: bytes) -> int:
    return crc32(data, crc32(f"{shelf}\0{key}\0{at!r}".encode()))
