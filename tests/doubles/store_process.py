"""A process that uses a store: for tests of several at once, and of their deaths.

python store_process.py write PATH PREFIX COUNT   puts PREFIX0, PREFIX1 ... and prints each when it is acknowledged
python store_process.py take PATH KEY TAKERS      waits for a line, then takes KEY that many times at once
python store_process.py ask PATH RUN_ID           asks a person about a run, prints that it did, and waits for a line
python store_process.py decide PATH RUN_ID TAKERS waits for a line, then decides about the run that many times at once
python store_process.py use PATH RUN_ID TAKERS    waits for a line, then asks that many times for the decision
python store_process.py killed PATH ROUNDS SEED   forks writers and kills them at random; prints what was acknowledged
python store_process.py small PATH BYTES          puts until no file may be larger, and goes on
python store_process.py locked_out PATH           puts and gets as a user who may not write there
"""

import os
import random
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from pydantic import JsonValue

from batonmcp.store.approvals import Approvals, Pending
from batonmcp.store.sqlite import SqliteStore

__all__ = ["DIGEST", "DOCUMENT", "SHELF", "argv", "question", "race"]

SHELF = "shape"
DOCUMENT: JsonValue = {"text": "x" * 3_000}
DIGEST = "d" * 64
NOBODY = 65_534
PROCESSES = 4
TIME_S = 120.0


def argv(*arguments: str) -> list[str]:
    """Return the command that starts this program."""
    return [sys.executable, __file__, *arguments]


def race(command: str, path: Path, key: str) -> bytes:
    """Have four processes, who begin together, do something 250 times each; return what they say of it."""
    argv_ = argv(command, str(path), key, "250")
    racers = [subprocess.Popen(argv_, stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(PROCESSES)]
    try:
        assert [racer.stdout.readline() for racer in racers if racer.stdout] == [b"ready\n"] * PROCESSES
        for racer in racers:
            assert racer.stdin
            racer.stdin.write(b"\n")
            racer.stdin.flush()
        return b"".join(racer.communicate(timeout=TIME_S)[0] for racer in racers)
    finally:
        for racer in racers:
            racer.kill()


def say(line: str) -> None:
    """Print a line at once: what is acknowledged must not wait in a buffer."""
    os.write(1, f"{line}\n".encode())


async def write(path: Path, prefix: str, count: int) -> None:
    """Put documents, one after the other."""
    store = _open(path)
    for number in range(count):
        await store.put(SHELF, f"{prefix}{number}", DOCUMENT)
        say(f"{prefix}{number}")
    await store.aclose()


def question(run_id: str, *, digest: str = DIGEST, asked_at: float = 0.0, expires_at: float = 1e12) -> Pending:
    """Return a question about a run, which never expires unless it is said to."""
    return Pending(
        run_id=run_id,
        digest=digest,
        query="store it",
        text="1. a__put: write",
        tools=("a__put",),
        asked_at=asked_at,
        expires_at=expires_at,
    )


async def take(path: Path, key: str, takers: int) -> None:
    """Take one document many times at once, and print what each got if it got something."""
    store = _open(path)

    async def one() -> None:
        if await store.take(SHELF, key) is not None:
            say("taken")

    await _at_once(store, one, takers)


async def ask(path: Path, run_id: str) -> None:
    """Ask a person, and wait: whoever is killed here has asked."""
    store = _open(path)
    await Approvals(store).ask(question(run_id))
    say("asked")
    sys.stdin.readline()
    await store.aclose()


async def decide(path: Path, run_id: str, takers: int) -> None:
    """Decide many times at once, and print each decision that counted."""
    store = _open(path)

    async def one() -> None:
        if await Approvals(store).decide(question(run_id), "once"):
            say("decided")

    await _at_once(store, one, takers)


async def use(path: Path, run_id: str, takers: int) -> None:
    """Ask for a decision many times at once, and print each that was given out."""
    store = _open(path)

    async def one() -> None:
        if verdict := await Approvals(store).decision(run_id, DIGEST):
            say(verdict)

    await _at_once(store, one, takers)


def _open(path: Path) -> SqliteStore:
    return SqliteStore(path, tell=lambda warning: say(f"warning {warning}"))


async def _at_once(store: SqliteStore, one: Callable[[], Coroutine[Any, Any, None]], takers: int) -> None:
    """Do something many times at once when a line says so; the file is open before."""
    await store.newest(SHELF)
    say("ready")
    sys.stdin.readline()
    async with anyio.create_task_group() as tasks:
        for _ in range(takers):
            tasks.start_soon(one)
    await store.aclose()


def killed(path: Path, rounds: int, seed: int) -> None:
    """Kill writers after a random number of acknowledgements, or a little later; the first may not have begun."""
    chance = random.Random(seed)  # noqa: S311 - a moment to kill at is no secret
    for turn in range(rounds):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.dup2(writer, 1)
            os.close(reader)
            os.close(writer)
            anyio.run(write, path, f"{turn}-", 1_000)
            os._exit(0)
        os.close(writer)
        lines = _read(reader, at_least=chance.randrange(12), then=chance.random() * 0.004)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        while chunk := os.read(reader, 65_536):
            lines += chunk
        os.close(reader)
        os.write(1, lines[: lines.rfind(b"\n") + 1])


def _read(reader: int, *, at_least: int, then: float) -> bytes:
    lines = b""
    while lines.count(b"\n") < at_least:
        lines += os.read(reader, 65_536)
    while select.select([reader], [], [], then)[0] and lines.count(b"\n") < at_least + 3:
        lines += os.read(reader, 65_536)
    return lines


async def small(path: Path, size: int) -> None:
    """Fill the disk, as far as this process is concerned; then free it again."""
    store = _open(path)
    await store.put(SHELF, "before", DOCUMENT)
    _, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, most))
    for number in range(200):
        await store.put(SHELF, f"during{number}", DOCUMENT)
    say(f"kept {sum([await store.get(SHELF, f'during{number}') == DOCUMENT for number in range(200)])}")
    say(f"listed {len(await store.newest(SHELF))}")
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    await store.put(SHELF, "after", DOCUMENT)
    await store.aclose()


async def locked_out(path: Path) -> None:
    """Give up all rights, and use the store nevertheless."""
    await anyio.to_thread.run_sync(int)  # whatever is imported late is imported now
    if not os.getuid():
        os.setuid(NOBODY)
    store = _open(path)
    await store.put(SHELF, "mine", DOCUMENT)
    say(f"got {await store.get(SHELF, 'mine') == DOCUMENT}")
    say(f"listed {[entry.key for entry in await store.newest(SHELF)]}")
    say(f"taken {await store.take(SHELF, 'mine') == DOCUMENT} {await store.take(SHELF, 'mine')}")
    await store.aclose()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        match sys.argv[1:]:
            case ["write", path, prefix, count]:
                anyio.run(write, Path(path), prefix, int(count))
            case ["take", path, key, takers]:
                anyio.run(take, Path(path), key, int(takers))
            case ["ask", path, run_id]:
                anyio.run(ask, Path(path), run_id)
            case ["decide", path, run_id, takers]:
                anyio.run(decide, Path(path), run_id, int(takers))
            case ["use", path, run_id, takers]:
                anyio.run(use, Path(path), run_id, int(takers))
            case ["killed", path, rounds, seed]:
                killed(Path(path), int(rounds), int(seed))
            case ["small", path, size]:
                anyio.run(small, Path(path), int(size))
            case ["locked_out", path]:
                anyio.run(locked_out, Path(path))
            case _:
                sys.exit(__doc__)
