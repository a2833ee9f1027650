"""The file: made, migrated, set aside."""

import random
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from batonmcp.store.file import DatabaseFile
from batonmcp.store.schema import MIGRATIONS, NotOurs, TooNew, version_of

MORE = (*MIGRATIONS, ("ALTER TABLE document ADD COLUMN note TEXT", "UPDATE document SET note = key"))
INSERT = "INSERT INTO document (shelf, key, at, size, digest, data) VALUES ('s', ?, 0, 0, 0, x'')"


def modes(folder: Path) -> dict[str, int]:
    """Return the permissions of all files in a folder."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_only_we_may_read_it(path: Path) -> None:
    """The folder is 0700, every file in it 0600, the log included."""
    with closing(DatabaseFile(path).open()) as connection:
        connection.execute(INSERT, ("k",))
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert modes(path.parent) == dict.fromkeys(
            ["store.sqlite3", "store.sqlite3-wal", "store.sqlite3-shm", "store.sqlite3.lock"], 0o600
        )


def test_what_others_may_read_is_made_private(path: Path) -> None:
    """A file that came with other permissions loses them."""
    DatabaseFile(path).open().close()
    path.chmod(0o644)
    with closing(DatabaseFile(path).open()) as connection:
        connection.execute(INSERT, ("k",))
        assert set(modes(path.parent).values()) == {0o600}


def test_it_is_a_log_that_is_written_ahead(path: Path) -> None:
    """The file is in WAL mode, and what is removed is overwritten."""
    with closing(DatabaseFile(path).open()) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)


def test_an_older_file_is_migrated_after_a_copy(path: Path) -> None:
    """The copy is the file as it was, and only we may read it; a person is told where it is."""
    with closing(DatabaseFile(path).open()) as connection:
        connection.execute(INSERT, ("k",))
    file = DatabaseFile(path, MORE)
    with closing(file.open()) as connection:
        assert connection.execute("SELECT note FROM document").fetchall() == [("k",)]
    copy = Path(f"{path}.version-1")
    assert file.events == [f"{path}: the store was brought to a newer version; a copy of the old one is {copy}."]
    assert set(modes(path.parent).values()) == {0o600}
    with closing(sqlite3.connect(copy)) as connection:
        assert version_of(connection) == 1
        assert connection.execute("SELECT key FROM document").fetchall() == [("k",)]
    again = DatabaseFile(path, MORE)
    again.open().close()
    assert again.events == []


def test_two_open_an_older_file(path: Path) -> None:
    """Who comes second finds it migrated."""
    DatabaseFile(path).open().close()
    first, second = DatabaseFile(path, MORE), DatabaseFile(path, MORE)
    with closing(first.open()), closing(second.open()) as connection:
        assert version_of(connection) == 2
        assert (len(first.events), second.events) == (1, [])


def test_a_newer_file_is_left_alone(path: Path) -> None:
    """A newer file is refused, byte for byte as it was."""
    DatabaseFile(path, MORE).open().close()
    before = path.read_bytes()
    with pytest.raises(TooNew):
        DatabaseFile(path).open()
    assert path.read_bytes() == before


def test_a_database_of_another_program_is_left_alone(path: Path) -> None:
    """A sound database that is not ours is refused."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    with pytest.raises(NotOurs):
        DatabaseFile(path).open()
    assert path.exists()


def damaged(path: Path) -> list[Path]:
    """Return the files that were set aside."""
    return sorted(path.parent.glob("store.sqlite3.damaged-*"))


@pytest.mark.parametrize("how", ["empty", "short", "random", "no database", "truncated", "hole"])
def test_a_damaged_file_is_set_aside(how: str, path: Path) -> None:
    """Whatever became of the file, it is kept under a name with the time, a new one is begun, and this is said."""
    with closing(DatabaseFile(path).open()) as connection:
        for number in range(2_000):
            connection.execute(INSERT, (f"k{number}",))
    data = path.read_bytes()
    content = {
        "empty": b"",
        "short": data[:50],
        "random": random.Random(1).randbytes(len(data)),  # noqa: S311 - any bytes do
        "no database": b"These are my notes.\n" * 500,
        "truncated": data[: len(data) // 2 // 4096 * 4096],
        "hole": data[:4096] + bytes(8192) + data[4096 + 8192 :],
    }[how]
    path.write_bytes(content)
    file = DatabaseFile(path)
    with closing(file.open()) as connection:
        assert connection.execute("SELECT count(*) FROM document").fetchone() == (0,)
    (aside,) = damaged(path)
    assert aside.read_bytes() == content
    (event,) = file.events
    assert event.startswith(f"{path}: the store was damaged (")
    assert event.endswith(f"It is now {aside}, and a new one was begun.")


def test_two_files_are_set_aside_in_one_second(path: Path) -> None:
    """The second gets another name; neither is lost."""
    for _ in range(2):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"nonsense" * 100)
        DatabaseFile(path).open().close()
    assert len(damaged(path)) == 2


def test_only_what_was_opened_is_set_aside(path: Path) -> None:
    """Who still has the damaged file open does not set aside the one that another began in its place."""
    late, early = DatabaseFile(path), DatabaseFile(path)
    with closing(late.open()), closing(early.open()):
        pass
    early.set_aside("as a test")
    assert not late.is_in_place()
    with closing(early.open()) as connection:
        connection.execute(INSERT, ("k",))
        late.set_aside("as a test")
        assert late.events == []
        assert early.is_in_place()
        assert connection.execute("SELECT key FROM document").fetchall() == [("k",)]
    assert len(damaged(path)) == 1


def test_a_log_without_its_file_is_not_replayed(path: Path) -> None:
    """Where the file was removed but not its log, the log does not become part of the next one."""
    connection = DatabaseFile(path).open()
    connection.execute(INSERT, ("k",))
    path.unlink()
    log = Path(f"{path}-wal")
    assert log.stat().st_size
    with closing(DatabaseFile(path).open()) as new:
        assert new.execute("SELECT count(*) FROM document").fetchone() == (0,)
        connection.close()  # who had the old one open does no harm to the new one's log
        new.execute(INSERT, ("l",))
    with closing(DatabaseFile(path).open()) as new:
        assert new.execute("SELECT key FROM document").fetchall() == [("l",)]


def test_what_was_half_made_is_made_again(path: Path) -> None:
    """A process that died while it made the file leaves nothing that counts."""
    path.parent.mkdir()
    Path(f"{path}.new").write_bytes(b"half")
    Path(f"{path}.new-wal").write_bytes(b"half")
    file = DatabaseFile(path)
    file.open().close()
    assert file.events == []
    assert set(modes(path.parent)) == {"store.sqlite3", "store.sqlite3.lock"}
