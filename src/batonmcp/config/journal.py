"""The journal of changes of other people's files, so that they can be taken back later."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

import platformdirs
from pydantic import TypeAdapter, ValidationError

from batonmcp.config.change import Made
from batonmcp.config.rewrite import rewrite

__all__ = ["Journal", "Record", "What"]

What: TypeAlias = Literal["install", "import"]

_NAME: Final = "changes.json"
_MOST: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What one command has changed.

    Attributes:
        what: The command.
        file: The host's file.
        made: The changes, in their order.
    """

    what: What
    file: Path
    made: tuple[Made, ...]


_RECORDS: Final = TypeAdapter(tuple[Record, ...])


class Journal:
    """Keeps the last records in a file of the person's data folder. It names files and digests, and nothing secret.

    A journal that cannot be read is empty: it is a convenience, and the copies beside the files are there without it.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path or platformdirs.user_data_path("batonmcp") / _NAME

    def last(self, what: What, file: Path) -> Record | None:
        """Return the newest record of a command on a host's file that has not been taken back."""
        found = (record for record in reversed(self._records()) if record.what == what and _same(record.file, file))
        return next(found, None)

    def add(self, record: Record) -> None:
        """Keep a record.

        Raises:
            ConfigError: The journal cannot be written.
        """
        self._write([*self._records(), record][-_MOST:])

    def remove(self, record: Record) -> None:
        """Forget a record that has been taken back.

        Raises:
            ConfigError: The journal cannot be written.
        """
        self._write([kept for kept in self._records() if kept != record])

    def _records(self) -> Sequence[Record]:
        try:
            return _RECORDS.validate_json(self._path.read_bytes())
        except (OSError, ValidationError):
            return ()

    def _write(self, records: Sequence[Record]) -> None:
        rewrite(self._path, _RECORDS.dump_json(tuple(records), indent=1).decode(), keep=False)


def _same(one: Path, other: Path) -> bool:
    return os.path.abspath(one) == os.path.abspath(other)  # noqa: PTH100 - links stay as they are named
