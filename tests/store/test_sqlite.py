"""The store in a file: several processes, sudden deaths, damage, full disks."""

import random
import shutil
import sqlite3
import subprocess
import threading
from collections import Counter
from contextlib import closing
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.discretion import Discretion
from batonmcp.store.sqlite import SqliteStore
from doubles.store_process import DOCUMENT, SHELF, argv, race

pytestmark = pytest.mark.anyio

TIME_S = 120.0


def process(*arguments: str) -> list[str]:
    """Run a process that uses a store, and return the lines it printed."""
    done = subprocess.run(argv(*arguments), capture_output=True, text=True, timeout=TIME_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


async def kept(path: Path) -> set[str]:
    """Return the keys of what is in a file, each of which can be read."""
    store = SqliteStore(path)
    keys = {entry.key for entry in await store.newest(SHELF)}
    for key in keys:
        assert await store.get(SHELF, key) == DOCUMENT
    await store.aclose()
    assert store.warnings == ()
    return keys


def written(folder: Path) -> bytes:
    """Return what is in all files of a folder."""
    return b"".join(file.read_bytes() for file in folder.iterdir())


def integrity(path: Path) -> str:
    """Return what SQLite finds wrong with a file."""
    with closing(sqlite3.connect(path)) as connection:
        (found,) = connection.execute("PRAGMA integrity_check").fetchone()
        counted = connection.execute("SELECT sum(count), sum(size) FROM total").fetchone()
        assert counted == connection.execute("SELECT count(*), sum(size) FROM document").fetchone()
    return found


async def test_several_processes_write(path: Path) -> None:
    """Four processes that begin on no file at all and write 200 documents each lose none, and warn of nothing."""
    lines: list[str] = []

    async def write(prefix: str) -> None:
        lines.extend(await anyio.to_thread.run_sync(process, "write", str(path), prefix, "200"))

    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            for prefix in "abcd":
                tasks.start_soon(write, prefix)
        assert sorted(lines) == sorted(f"{prefix}{number}" for prefix in "abcd" for number in range(200))
        assert await kept(path) == set(lines)
    assert integrity(path) == "ok"


async def test_several_processes_find_it_damaged(path: Path) -> None:
    """One of them sets the file aside and says so; what all of them write then is in the new one."""
    lines: list[str] = []

    async def write(prefix: str) -> None:
        lines.extend(await anyio.to_thread.run_sync(process, "write", str(path), prefix, "20"))

    with anyio.fail_after(TIME_S):
        path.parent.mkdir()
        await anyio.Path(path).write_bytes(b"nonsense" * 1_000)
        async with anyio.create_task_group() as tasks:
            for prefix in "abcd":
                tasks.start_soon(write, prefix)
        (warning,) = [line for line in lines if line.startswith("warning")]
        assert "the store was damaged" in warning
        lines.remove(warning)
        assert len(lines) == 80
        assert await kept(path) == set(lines)
    assert len(list(path.parent.glob("*.damaged-*"))) == 1


async def test_one_of_several_processes_takes(path: Path) -> None:
    """Of a thousand takers in four processes one gets the document."""
    store = SqliteStore(path)
    with anyio.fail_after(TIME_S):
        await store.put(SHELF, "approval", "yes")
        assert await anyio.to_thread.run_sync(race, "take", path, "approval") == b"taken\n"
        assert await store.get(SHELF, "approval") is None
        await store.aclose()


@pytest.mark.parametrize("rounds", [12, pytest.param(150, marks=[pytest.mark.slow, pytest.mark.no_cover])])
async def test_it_survives_sudden_deaths(rounds: int, path: Path) -> None:
    """A writer is killed at random moments, the making of the file included: what it was told is kept is there."""
    with anyio.fail_after(TIME_S):
        path.parent.mkdir()
        acknowledged = process("killed", str(path), str(rounds), "7")
        assert len(acknowledged) > rounds
        assert set(acknowledged) <= await kept(path)
    assert integrity(path) == "ok"


@pytest.mark.slow
async def test_a_flipped_bit_never_makes_another_value(path: Path, tmp_path: Path) -> None:
    """Wherever a byte of the file changes: each value is what was put or null, and what is set aside is said."""
    chance = random.Random(3)  # noqa: S311 - where to change a byte is no secret
    values: dict[str, JsonValue] = {f"k{number}": {"n": number, "text": "x" * number * 40} for number in range(40)}
    with anyio.fail_after(TIME_S):
        store = SqliteStore(path)
        for key, value in values.items():
            await store.put(SHELF, key, value)
        await store.aclose()
        data = await anyio.Path(path).read_bytes()
        found: Counter[str] = Counter()
        header = list(range(100))
        for turn, place in enumerate([*header, *(chance.randrange(len(data)) for _ in range(100))]):
            changed = bytearray(data)
            changed[place] ^= 1 << chance.randrange(8)
            folder = tmp_path / f"turn{turn}"
            folder.mkdir()
            (folder / path.name).write_bytes(changed)
            store = SqliteStore(folder / path.name)
            for key, value in values.items():
                assert await store.get(SHELF, key) in (value, None)
            await store.put(SHELF, "new", "value")
            assert await store.get(SHELF, "new") == "value"
            await store.aclose()
            aside = list(folder.glob("*.damaged-*"))
            said = [warning for warning in store.warnings if "the store was damaged" in warning]
            assert len(aside) == len(said)
            assert all(str(path) in "".join(said) for path in aside)
            found["aside" if aside else "warned" if store.warnings else "unharmed"] += 1
            shutil.rmtree(folder)
        assert found["aside"] > 10
        assert found["warned"] > 0
        assert found["unharmed"] > 10


def overwrite(path: Path) -> None:
    """Write nonsense over all of a file but its header."""
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * (path.stat().st_size - 4096))


async def test_damage_while_it_is_open(path: Path) -> None:
    """A file that is overwritten under a running process is set aside at first use, and the work goes on."""
    told: list[str] = []
    store = SqliteStore(path, tell=told.append)
    with anyio.fail_after(TIME_S):
        for number in range(2_000):
            await store.put(SHELF, f"k{number}", "x" * 2_000)
        overwrite(path)
        for number in range(2_000):
            assert await store.get(SHELF, f"k{number}") in ("x" * 2_000, None)
        await store.put(SHELF, "k", 1)
        assert await store.get(SHELF, "k") == 1
        await store.aclose()
    assert told == list(store.warnings)
    assert len(list(path.parent.glob("store.sqlite3.damaged-*[0-9Z]"))) == 1


async def test_a_full_disk(path: Path) -> None:
    """While no file may grow everything is kept in memory and that is said once; then it is kept in the file again."""
    with anyio.fail_after(TIME_S):
        lines = await anyio.to_thread.run_sync(process, "small", str(path), "100000")
        *warnings, got, listed = lines
        assert (got, listed) == ("kept 200", "listed 201")
        (warning,) = warnings
        assert warning.startswith(f"warning {path}: the store cannot be used, ")
        assert {"before", "after"} <= await kept(path)
    assert integrity(path) == "ok"


@pytest.mark.parametrize("what", ["folder", "home"])
async def test_where_nothing_can_be_written(what: str, path: Path) -> None:
    """In a folder that may only be read, and where none can be made, everything is kept in memory; said once."""
    with anyio.fail_after(TIME_S):
        if what == "folder":
            store = SqliteStore(path)
            await store.put(SHELF, "theirs", DOCUMENT)
            await store.aclose()
        else:
            path.parent.mkdir()
        path.parent.chmod(0o555)
        place = path if what == "folder" else path.parent / "home" / path.name
        warning, *rest = await anyio.to_thread.run_sync(process, "locked_out", str(place))
        path.parent.chmod(0o755)
        assert rest == ["got True", "listed ['mine']", "taken True None"]
        assert warning.startswith(f"warning {place}: the store cannot be used, ")


async def test_what_the_file_did_not_take_counts(path: Path) -> None:
    """While another process holds the file, what is put replaces what the file holds, and what is deleted is gone."""
    store = SqliteStore(path, patience=0.05)
    with anyio.fail_after(TIME_S):
        for key in ("replaced", "deleted", "taken", "kept"):
            await store.put(SHELF, key, "old")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            await store.put(SHELF, "replaced", "new")
            await store.delete(SHELF, "deleted")
            assert await store.take(SHELF, "kept") is None, "what is not gone for everybody is not given out"
            other.execute("ROLLBACK")
        assert await store.get(SHELF, "replaced") == "new"
        assert await store.get(SHELF, "deleted") is None
        assert await store.take(SHELF, "kept") == "old"
        assert [entry.key for entry in await store.newest(SHELF, limit=2)] == ["replaced", "taken"]
        assert await store.take(SHELF, "replaced") == "new"
        assert await store.take(SHELF, "replaced") is None
        for key in ("replaced", "deleted"):
            await store.put(SHELF, key, "newer")
            assert await store.get(SHELF, key) == "newer"
        await store.aclose()
    (warning,) = store.warnings
    assert "another process holds it" in warning


async def test_who_is_cancelled_knows_what_became_of_it(path: Path) -> None:
    """A taker that is cancelled while the file is at work still gets what was removed; the store works on."""
    at_work = threading.Event()

    def clock() -> float:
        at_work.set()
        return 1.0

    store = SqliteStore(path, clock=clock)
    got: list[JsonValue] = []
    with anyio.fail_after(TIME_S):
        await store.put(SHELF, "k", "value")
        at_work.clear()
        async with anyio.create_task_group() as tasks:

            async def take() -> None:
                got.append(await store.take(SHELF, "k"))

            with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
                other.execute("BEGIN IMMEDIATE")
                tasks.start_soon(take)
                await anyio.to_thread.run_sync(at_work.wait, TIME_S)
                tasks.cancel_scope.cancel()
                other.execute("ROLLBACK")
        assert got == ["value"]
        assert await store.get(SHELF, "k") is None
        await store.aclose()


async def test_the_loop_goes_on_meanwhile(path: Path) -> None:
    """While a large document is written, others run."""
    store = SqliteStore(path)
    document: JsonValue = [{"n": number} for number in range(100_000)]
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await anyio.lowlevel.checkpoint()
            turns += 1

    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(count)
            await store.put("catalogue", "k", document)
            assert await store.get("catalogue", "k") == document
            tasks.cancel_scope.cancel()
        await store.aclose()
    assert turns > 10


async def test_it_does_not_open_before_it_is_needed(path: Path) -> None:
    """A store that nobody asks for anything makes no file."""
    store = SqliteStore(path)
    with anyio.fail_after(TIME_S):
        await store.aclose()
    assert not path.parent.exists()


async def test_what_has_expired_is_gone_from_the_file(path: Path) -> None:
    """The bytes of a document that was removed are not in the file any more."""
    store = SqliteStore(path)
    with anyio.fail_after(TIME_S):
        await store.put(SHELF, "k", "needle-in-the-file" * 1_000)
        await store.put(SHELF, "l", "other")
        assert await store.take(SHELF, "k")
        await store.aclose()
    assert b"needle-in-the-file" not in written(path.parent)


WORDS = st.text("0123456789éXYZ-", min_size=6, max_size=10)
"""None of them is a word of the schema."""


@settings(deadline=None, max_examples=30)
@given(st.lists(WORDS, min_size=1, max_size=3), st.lists(st.text(max_size=5), min_size=1, max_size=5))
async def test_no_secret_is_in_any_byte(
    tmp_path_factory: pytest.TempPathFactory, secrets: list[str], around: list[str]
) -> None:
    """No byte of any file holds a secret that was in a value, in a key of it or in the document's own key."""
    path = tmp_path_factory.mktemp("secrets") / "store.sqlite3"
    store = SqliteStore(path, discretion=Discretion(secrets))
    text = "".join(f"{piece}{secret}" for secret in secrets for piece in around)
    document: JsonValue = {text: [text, {"inner": text}], **{secret: secret for secret in secrets}}
    with anyio.fail_after(TIME_S):
        await store.put(SHELF, text, document)
        for _ in range(2):  # once with the log, once without
            found = written(path.parent)
            for secret in secrets:
                assert secret.encode() not in found
            await store.aclose()
