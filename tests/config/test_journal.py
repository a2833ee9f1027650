"""The journal of changes of other people's files."""

from dataclasses import replace
from pathlib import Path

import platformdirs
import pytest

from batonmcp.config.change import Made
from batonmcp.config.journal import Journal, Record

MADE = Made(
    path=Path("/h/host.json"), copy=Path("/h/host.bak"), digest="d", left=((("s", "a"), None), (("s", "b"), "e"))
)
RECORD = Record(what="import", file=Path("/h/host.json"), made=(MADE, replace(MADE, copy=None, left=())))


def test_records_come_back_as_they_were(tmp_path: Path) -> None:
    """Another process reads what one has kept; the file is its owner's alone."""
    path = tmp_path / "data" / "changes.json"
    Journal(path).add(RECORD)
    assert Journal(path).last("import", Path("/h/host.json")) == RECORD
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_newest_record_of_a_command_on_a_file(tmp_path: Path) -> None:
    """Others do not count; once it is taken back, the one before it does."""
    journal = Journal(tmp_path / "changes.json")
    newer = replace(RECORD, made=(MADE,))
    for record in (RECORD, newer, replace(RECORD, what="install"), replace(RECORD, file=Path("/other"))):
        journal.add(record)
    assert journal.last("import", Path("/h/../h/host.json")) == newer
    journal.remove(newer)
    assert journal.last("import", Path("/h/host.json")) == RECORD
    journal.remove(RECORD)
    assert journal.last("import", Path("/h/host.json")) is None
    assert journal.last("install", Path("/h/host.json"))


def test_old_records_are_forgotten(tmp_path: Path) -> None:
    """The journal does not grow without end."""
    journal = Journal(tmp_path / "changes.json")
    for number in range(102):
        journal.add(replace(RECORD, file=Path(f"/{number}")))
    assert [number for number in range(102) if journal.last("import", Path(f"/{number}")) is None] == [0, 1]


@pytest.mark.parametrize("data", [b"", b"{", b'[{"what": "other"}]', b"\xff"])
def test_a_journal_that_cannot_be_read_is_empty(data: bytes, tmp_path: Path) -> None:
    """It is begun anew: the copies are there without it."""
    path = tmp_path / "changes.json"
    path.write_bytes(data)
    assert Journal(path).last("import", Path("/h/host.json")) is None
    Journal(path).add(RECORD)
    assert Journal(path).last("import", Path("/h/host.json")) == RECORD


def test_it_is_in_the_data_folder() -> None:
    """Where nothing else is said, it is beside the store."""
    Journal().add(RECORD)
    assert (platformdirs.user_data_path("batonmcp") / "changes.json").is_file()
