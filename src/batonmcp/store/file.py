"""The SQLite file: made, opened, brought to the last version, set aside when it is damaged.

Several processes do this at once, so each of these happens under a lock, a file beside the store's. A new file is made
under another name and moved into place: an empty file is never one of ours half made.
"""

import os
import sqlite3
import time
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote

from batonmcp.store.damage import is_damage
from batonmcp.store.database import Damaged
from batonmcp.store.schema import MIGRATIONS, Migration, migrate

__all__ = ["PATIENCE", "DatabaseFile"]

PATIENCE: Final = 5.0
"""How long to wait for another process that holds the file, in seconds."""

_LOCK_S: Final = 20.0
_BESIDE: Final = ("-wal", "-shm", "-journal")
_SETTINGS: Final = (
    "synchronous = NORMAL",
    "secure_delete = ON",  # what has expired is gone from the file
    "trusted_schema = OFF",
    "cell_size_check = ON",
)
_OTHERS: Final = 0o077
_REPAIRS: Final = 2


class DatabaseFile:
    """A file of ours at a path.

    Attributes:
        path: Where it is.
        events: What was done to it that a person should know, as sentences.
    """

    def __init__(self, path: Path, migrations: Sequence[Migration] = MIGRATIONS, *, patience: float = PATIENCE) -> None:
        self.path = path
        self.events: list[str] = []
        self._migrations = migrations
        self._patience = patience
        self._identity: tuple[int, int] | None = None

    def open(self) -> sqlite3.Connection:
        """Connect to the file, made or put right if need be.

        Raises:
            sqlite3.Error: It cannot be used as things stand.
            OSError: As above.
            NotOurs: It is a database of another program.
            TooNew: It is of a newer version of ours.
        """
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for _ in range(_REPAIRS):
            try:
                return self._open_sound()
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
                self.set_aside(str(error))
        return self._open_sound()

    def is_in_place(self) -> bool:
        """Whether what was opened is still what the path names: somebody may have set it aside or removed it."""
        return _identity(self.path) == self._identity

    def set_aside(self, reason: str) -> None:
        """Move the damaged file away, unless another process has done so; the connection to it must be closed."""
        with self._locked():
            if self._identity is None or not self.is_in_place():
                return
            aside = _free(self.path, f"damaged-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}")
            for end in (*_BESIDE, ""):  # the log first: it must never be taken for that of the next file
                with suppress(FileNotFoundError):
                    Path(f"{self.path}{end}").replace(f"{aside}{end}")
        self.events.append(
            f"{self.path}: the store was damaged ({reason}). It is now {aside}, and a new one was begun."
        )

    def _open_sound(self) -> sqlite3.Connection:
        with self._locked():
            self._identity = _identity(self.path)
            if self._identity is None:
                self._create()
                self._identity = _identity(self.path)
            elif not self.path.stat().st_size:
                message = "it is empty"
                raise Damaged(message)
            _make_private(self.path)
            connection = _connect(self.path, patience=self._patience)
            try:
                migrate(connection, self._migrations, keep_copy=self._keep_copy)
            except BaseException:
                connection.close()
                raise
        try:
            _check(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _create(self) -> None:
        new = Path(f"{self.path}.new")
        for left in (*(f"{new}{end}" for end in ("", *_BESIDE)), *(f"{self.path}{end}" for end in _BESIDE)):
            Path(left).unlink(missing_ok=True)
        _touch(new)
        with closing(_connect(new)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            migrate(connection, self._migrations)
        new.replace(self.path)

    def _keep_copy(self, version: int) -> None:
        """Copy the file before it is migrated."""
        copy = Path(f"{self.path}.version-{version}")
        copy.unlink(missing_ok=True)
        _touch(copy)
        with closing(_connect(self.path)) as source, closing(_connect(copy)) as target:
            source.backup(target)
        self.events.append(f"{self.path}: the store was brought to a newer version; a copy of the old one is {copy}.")

    @contextmanager
    def _locked(self) -> Generator[None]:
        """Let one process at a time make, migrate or move the file, by SQLite's own lock, which works everywhere."""
        lock = Path(f"{self.path}.lock")
        _touch(lock)
        with closing(_connect(lock, patience=_LOCK_S)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield


def _connect(path: Path, *, patience: float = PATIENCE) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode=rw",
        uri=True,
        timeout=patience,
        isolation_level=None,
        check_same_thread=False,  # one thread at a time, but not always the same
    )
    try:
        for setting in _SETTINGS:
            connection.execute(f"PRAGMA {setting}")
    except BaseException:
        connection.close()
        raise
    return connection


def _check(connection: sqlite3.Connection) -> None:
    """Raise if the file is not sound."""
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise Damaged(" ".join(str(found).split()))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _touch(path: Path) -> None:
    """Make a file that only we may read, unless it is there. SQLite gives its log the same permissions.

    A file that is there is not opened: closing it would drop every lock that this process holds on it.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _make_private(path: Path) -> None:
    if path.stat().st_mode & _OTHERS:
        path.chmod(0o600)


def _free(path: Path, end: str) -> Path:
    """Return a name beside a path that is not taken."""
    names = (Path(f"{path}.{end}{number}") for number in ("", *(f"-{count}" for count in range(2, 1_000))))
    return next(name for name in names if not name.exists())
