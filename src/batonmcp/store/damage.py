"""What an error of SQLite tells: that the file is damaged, or that it cannot be used as things stand."""

import sqlite3
from pathlib import Path
from typing import Final

__all__ = ["is_damage", "trouble"]

_CIRCUMSTANCES: Final = {
    sqlite3.SQLITE_PERM: "access is not permitted",
    sqlite3.SQLITE_BUSY: "another process holds it",
    sqlite3.SQLITE_LOCKED: "another process holds it",
    sqlite3.SQLITE_NOMEM: "there is not enough memory",
    sqlite3.SQLITE_READONLY: "it cannot be written",
    sqlite3.SQLITE_INTERRUPT: "it was interrupted",
    sqlite3.SQLITE_IOERR: "reading or writing it failed",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_PROTOCOL: "it cannot be locked",
    sqlite3.SQLITE_TOOBIG: "a value is too large for it",
    sqlite3.SQLITE_NOLFS: "it is too large for this system",
    sqlite3.SQLITE_AUTH: "access is not permitted",
}
"""By the low byte of the error's code: what has nothing to do with what is written in the file."""

_CURE: Final = "Look at the disk and the permissions of file and folder, or name another file with BATONMCP_STORE."


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the error shows that the file holds something else than was written.

    Everything counts that is no circumstance: over a sound file none of our statements fails.
    """
    return _code(error) not in _CIRCUMSTANCES


def trouble(path: Path, error: sqlite3.Error | OSError) -> str:
    """Return a sentence for an error that is no damage."""
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
    else:
        reason = f"{_CIRCUMSTANCES.get(_code(error), 'it cannot be used')} ({error})"
    return f"{path}: the store cannot be used, {reason}; what would be kept there ends with this process. {_CURE}"


def _code(error: sqlite3.Error) -> int:
    """Return the code without its details; errors that the driver finds itself have none."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    return (code or 0) & 0xFF
