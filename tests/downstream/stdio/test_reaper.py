"""The reaper, as a program: what it starts, and that nothing of it is left, however anybody ends."""

import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import pytest
from anyio.abc import Process
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.downstream.stdio.kept import Kept
from batonmcp.downstream.stdio.reaper import unpack
from batonmcp.downstream.stdio.spawn import pack, spawn
from doubles import stubborn
from doubles.processes import TOKEN_VARIABLE, alive, kill, marked, wait_gone, wait_unmarked

pytestmark = pytest.mark.anyio

TIME_S = 20.0
LEFT_S = 5.0
"""What nobody is left to end may take as long as this on a busy machine; in fact it is under a second."""

HUB = """
import os, sys, anyio
from batonmcp.downstream.stdio.spawn import spawn

async def main():
    async with anyio.create_task_group() as tasks:
        children = [await spawn(eval(argv), dict(os.environ), None) for argv in sys.argv[1:]]
        for child in children:
            tasks.start_soon(child.watch)
            await child.stdin.send(b'{"id": 1, "method": "initialize"}\\n')
            await child.stdout.receive()
        os.write(1, b"ready\\n")
        await anyio.sleep_forever()

anyio.run(main)
"""

word = st.binary(max_size=20).map(lambda data: data.replace(b"\0", b""))


def text(data: bytes) -> str:
    """Return bytes as the texts that stand for them in Python."""
    return os.fsdecode(data)


@given(
    argv=st.lists(word, min_size=1),
    env=st.dictionaries(word.map(lambda name: name.replace(b"=", b"") + b"x"), word),
    cwd=word,
)
def test_orders_arrive_as_they_were(argv: list[bytes], env: dict[bytes, bytes], cwd: bytes) -> None:
    """Whatever bytes stand in an order, which need not be UTF-8, the reaper unpacks what we packed."""
    order = pack([text(item) for item in argv], {text(key): text(value) for key, value in env.items()}, text(cwd))
    assert int.from_bytes(order[:4], "big") == len(order) - 4
    assert unpack(order[4:]) == (argv, env, cwd)


@asynccontextmanager
async def hub(token: str, *kinds: str) -> AsyncGenerator[Process]:
    """Run a hub with stubborn servers in another process and yield it when they are up."""
    command = [sys.executable, "-c", HUB, *(repr(stubborn.argv(kind)) for kind in kinds)]
    with anyio.fail_after(TIME_S):
        async with await anyio.open_process(command, env={**os.environ, TOKEN_VARIABLE: token}, stderr=None) as process:
            assert process.stdout
            assert await process.stdout.receive() == b"ready\n"
            try:
                yield process
            finally:
                kill(marked(token))


@asynccontextmanager
async def kept(token: str, *argv: str) -> AsyncGenerator[Kept]:
    """Start a server in this process and yield it; whatever is left of it in the end is killed."""
    with anyio.fail_after(TIME_S):
        child = await spawn(argv, {**os.environ, TOKEN_VARIABLE: token}, None)
        assert isinstance(child, Kept)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child.watch)
            try:
                yield child
            finally:
                kill(marked(token))
                tasks.cancel_scope.cancel()
        child.close()


async def python(token: str, code: str) -> bytes:
    """Return what a server that is a piece of Python writes to its standard output."""
    said = b""
    async with kept(token, sys.executable, "-I", "-S", "-c", code) as child:
        with suppress(anyio.EndOfStream):
            while True:
                said += await child.stdout.receive()
    return said


def parent(pid: int) -> int:
    """Return the parent of a process: of a server, that is its keeper; of a keeper, the zygote."""
    return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])


def children(pid: int) -> set[int]:
    """Return the children of a process, which forks with one thread."""
    return {int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("utf-8").split()}


@pytest.mark.parametrize("kind", stubborn.KINDS)
async def test_nothing_outlives_a_killed_hub(kind: str, token: str) -> None:
    """A hub is killed with SIGKILL: soon its server is gone, with keeper, zygote and all that it started."""
    async with hub(token, kind) as process:
        assert len(marked(token)) >= 4
        process.kill()
        await process.wait()
        await wait_unmarked(token, within=LEFT_S)


async def test_all_kinds_at_once_take_as_long_as_one(token: str) -> None:
    """The servers of one hub are ended side by side."""
    async with hub(token, *stubborn.KINDS, *stubborn.KINDS) as process:
        process.kill()
        await process.wait()
        await wait_unmarked(token, within=LEFT_S)


async def test_signals_that_a_terminal_sends_do_not_stop_the_reaper(token: str) -> None:
    """SIGINT, SIGTERM and SIGHUP end neither keepers nor the zygote before their work is done."""
    async with hub(token, *stubborn.KINDS) as process:
        (zygote,) = children(process.pid)
        for pid in (zygote, *children(zygote)):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                os.kill(pid, number)
        process.kill()
        await process.wait()
        await wait_unmarked(token, within=LEFT_S)


async def test_a_stopped_keeper_does_its_work_in_the_end(token: str) -> None:
    """A keeper that a server has stopped goes on when the hub dies."""
    async with hub(token, "ignores_term") as process:
        (zygote,) = children(process.pid)
        (keeper,) = children(zygote)
        os.kill(keeper, signal.SIGSTOP)
        process.kill()
        await process.wait()
        await wait_unmarked(token, within=LEFT_S)


async def test_servers_of_a_killed_keeper_fall_to_the_zygote(token: str) -> None:
    """A server that kills its keeper is killed with all it has, and the hub's other servers stay."""
    async with (
        kept(f"{token}-other", *stubborn.argv("polite")) as other,
        kept(token, *stubborn.argv("daemonises")) as child,
    ):
        await child.stdin.send(b'{"id": 1, "method": "initialize"}\n')
        await child.stdout.receive()
        os.kill(parent(child.pid), signal.SIGKILL)
        await wait_unmarked(token, within=LEFT_S)
        assert alive(other.pid)


async def test_keepers_outlive_the_zygote(token: str) -> None:
    """Without the zygote, keepers do their work for the servers that there are; the next server gets another zygote."""
    async with hub(token, *stubborn.KINDS) as process:
        (zygote,) = children(process.pid)
        os.kill(zygote, signal.SIGKILL)
        await wait_gone([zygote], within=LEFT_S)
        process.kill()
        await process.wait()
        await wait_unmarked(token, within=LEFT_S)


async def test_a_server_has_three_descriptors(token: str) -> None:
    """Nothing that we, the zygote or a keeper have open is open in a server, not even another server's pipes."""
    async with kept(token, *stubborn.argv("polite")):
        said = await python(token, "import os; print(os.listdir('/proc/self/fd'))")
    assert eval(said) == ["0", "1", "2", "3"]  # noqa: S307 - the fourth is the folder itself


async def test_a_server_leads_a_session_and_hears_all_signals(token: str) -> None:
    """A server is in a session and a group of its own, and no signal is ignored or blocked in it."""
    code = """
import os, signal
assert os.getsid(0) == os.getpgrp() == os.getpid() != os.getppid()
print([line.split()[1] for line in open("/proc/self/status") if line.startswith(("SigBlk", "SigIgn"))])
"""
    said = await python(token, code)
    python_ignores = (1 << signal.SIGPIPE - 1) | (1 << signal.SIGXFSZ - 1)
    blocked, ignored = eval(said)  # noqa: S307 - a list of our own server's
    assert (int(blocked, 16), int(ignored, 16)) == (0, python_ignores)
