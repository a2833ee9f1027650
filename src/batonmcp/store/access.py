"""Access to the SQLite file from one thread: opened when needed, begun anew when damaged, done without if need be."""

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from batonmcp.store.damage import is_damage, trouble
from batonmcp.store.database import Database
from batonmcp.store.file import PATIENCE, DatabaseFile
from batonmcp.store.schema import NotOurs, TooNew

__all__ = ["Access", "Done"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The file did what was asked."""

    value: T


class Access:
    """Does work on the file, or says why not.

    A file that cannot be opened is given up for good. One that is full or held by another process is tried again with
    the next piece of work: that passes.

    Attributes:
        warnings: What went wrong, as sentences; each stands there once.
        given_up: Whether the file is left alone from now on.
    """

    def __init__(self, path: Path, *, patience: float = PATIENCE) -> None:
        self.warnings: list[str] = []
        self.given_up = False
        self._file = DatabaseFile(path, patience=patience)
        self._database: Database | None = None

    def do(self, work: Callable[[Database], T]) -> Done[T] | None:
        """Do a piece of work, once more on a new file if it finds the file damaged. None: it was not done."""
        for _ in range(2):
            if self.given_up:
                return None
            try:
                return Done(work(self._open()))
            except NotOurs:
                self._give_up("is a database of another program, which is left alone")
            except TooNew:
                self._give_up("is a store of a newer version of batonmcp, which is left alone")
            except OSError as error:
                self.given_up = self._database is None
                self.warn(trouble(self._file.path, error))
            except sqlite3.Error as error:
                if is_damage(error):
                    self._begin_anew(error)
                    continue
                self.given_up = self._database is None
                self.warn(trouble(self._file.path, error))
            return None
        self._give_up("is damaged again as soon as it is begun anew")
        return None

    def warn(self, sentence: str) -> None:
        """Add a warning, unless it stands there."""
        if sentence not in self.warnings:
            self.warnings.append(sentence)

    def close(self) -> None:
        """Let go of the file for good."""
        self.given_up = True
        self._let_go()

    def _open(self) -> Database:
        if self._database and not self._file.is_in_place():
            self._let_go()
        if self._database is None:
            try:
                self._database = Database(self._file.open())
            finally:
                while self._file.events:
                    self.warn(self._file.events.pop(0))
        return self._database

    def _begin_anew(self, error: sqlite3.Error) -> None:
        self._let_go()
        try:
            self._file.set_aside(str(error))
        except (OSError, sqlite3.Error) as failure:
            self.given_up = True
            self.warn(trouble(self._file.path, failure))

    def _let_go(self) -> None:
        database, self._database = self._database, None
        if database:
            database.close()

    def _give_up(self, reason: str) -> None:
        self.given_up = True
        self.warn(
            f"{self._file.path} {reason}; what would be kept ends with this process. "
            "Name another file with BATONMCP_STORE."
        )
