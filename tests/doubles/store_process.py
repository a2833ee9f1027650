"""A process that uses a store: for tests of several at once, and of their deaths.

python store_process.py write PATH PREFIX COUNT   puts PREFIX0, PREFIX1 ... and prints each when it is acknowledged
python store_process.py take PATH KEY TAKERS      waits for a line, then takes KEY that many times at once
python store_process.py killed PATH ROUNDS SEED   forks writers and kills them at random; prints what was acknowledged
python store_process.py small PATH BYTES          puts until no file may be larger, and goes on
python store_process.py locked_out PATH           puts and gets as a user who may not write there
"""

import os
import random
import resource
import select
import signal
import sys
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread
from pydantic import JsonValue

from batonmcp.store.sqlite import SqliteStore

__all__ = ["DOCUMENT", "SHELF", "argv"]

SHELF = "shape"
DOCUMENT: JsonValue = {"text": "x" * 3_000}
NOBODY = 65_534


def argv(*arguments: str) -> list[str]:
    """Return the command that starts this program."""
    return [sys.executable, __file__, *arguments]


def say(line: str) -> None:
    """Print a line at once: what is acknowledged must not wait in a buffer."""
    os.write(1, f"{line}\n".encode())


async def write(path: Path, prefix: str, count: int) -> None:
    """Put documents, one after the other."""
    store = SqliteStore(path, tell=lambda warning: say(f"warning {warning}"))
    for number in range(count):
        await store.put(SHELF, f"{prefix}{number}", DOCUMENT)
        say(f"{prefix}{number}")
    await store.aclose()


async def take(path: Path, key: str, takers: int) -> None:
    """Take one document many times at once, and print what each got if it got something."""
    store = SqliteStore(path, tell=lambda warning: say(f"warning {warning}"))
    await store.get(SHELF, key)
    say("ready")
    sys.stdin.readline()

    async def one() -> None:
        if await store.take(SHELF, key) is not None:
            say("taken")

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
    store = SqliteStore(path, tell=lambda warning: say(f"warning {warning}"))
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
    store = SqliteStore(path, tell=lambda warning: say(f"warning {warning}"))
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
            case ["killed", path, rounds, seed]:
                killed(Path(path), int(rounds), int(seed))
            case ["small", path, size]:
                anyio.run(small, Path(path), int(size))
            case ["locked_out", path]:
                anyio.run(locked_out, Path(path))
            case _:
                sys.exit(__doc__)
