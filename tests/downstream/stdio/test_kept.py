"""A server with a keeper: how it starts, ends, and what we know of it."""

import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from batonmcp.downstream.stdio.kept import Kept
from batonmcp.downstream.stdio.spawn import spawn
from doubles import stubborn
from doubles.processes import TOKEN_VARIABLE, kill, marked, wait_gone, wait_unmarked

pytestmark = pytest.mark.anyio

TIME_S = 10.0
LEFT_S = 5.0
READY = "print('ready', flush=True)"
POLITE = f"import sys; {READY}; sys.stdin.read()"
SLEEPY = f"import time; {READY}; time.sleep(60)"
STUBBORN = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); {READY}; time.sleep(60)"
PARENT = f"import subprocess, sys; subprocess.Popen(['sleep', '60'], process_group=0); {READY}; sys.stdin.read()"
CRASHED_PARENT = f"import subprocess; subprocess.Popen(['sleep', '60'], process_group=0); {READY}"


@asynccontextmanager
async def started(program: str, token: str) -> AsyncGenerator[Kept]:
    """Start a program as servers are, wait until it says that it is ready, and bound everything."""
    with anyio.fail_after(TIME_S):
        child = await spawn([sys.executable, "-c", program], {**os.environ, TOKEN_VARIABLE: token}, None)
        assert isinstance(child, Kept)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(child.watch)
            try:
                assert await BufferedByteReceiveStream(child.stdout).receive_until(b"\n", 100) == b"ready"
                yield child
            finally:
                kill(marked(token))
                await child.aclose()
                await child.aclose()


def keeper(child: Kept) -> int:
    """Return the id of a server's keeper, which is its parent."""
    return int(Path(f"/proc/{child.pid}/stat").read_bytes().rpartition(b")")[2].split()[1])


@pytest.mark.parametrize(
    ("program", "unasked", "exit_code"),
    [
        (POLITE, True, 0),
        (SLEEPY, False, -signal.SIGTERM),
        (STUBBORN, False, -signal.SIGKILL),
        (PARENT, True, 0),
        (CRASHED_PARENT, True, 0),
    ],
    ids=["polite", "sleepy", "stubborn", "parent", "crashed parent"],
)
async def test_no_process_is_left(program: str, unasked: bool, exit_code: int, token: str) -> None:  # noqa: FBT001
    """A server gets the chance to end by itself, then is asked, then forced; in each case nothing of it remains."""
    async with started(program, token) as child:
        assert await child.end() is unasked
        assert child.returncode == exit_code
        assert not child.unguarded
        assert not marked(token)


async def test_an_exit_is_known_while_something_of_it_lives(token: str) -> None:
    """A server that ends by itself has an exit code at once, although a child of it lives on."""
    async with started(CRASHED_PARENT, token) as child:
        while child.returncode is None:  # noqa: ASYNC110 - tells nobody else
            await anyio.sleep(0.01)
        assert child.returncode == 0
        assert marked(token)


async def test_an_ended_server_is_no_error(token: str) -> None:
    """One that has been dead for a while ends at once, and again."""
    async with started(SLEEPY, token) as child:
        child.kill()
        while child.returncode is None:  # noqa: ASYNC110 - tells nobody else
            await anyio.sleep(0.01)
        assert await child.end()
        assert await child.end()
        child.kill()
        assert child.returncode == -signal.SIGKILL


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
async def test_a_keeper_that_is_out_of_action(number: signal.Signals, token: str) -> None:
    """A server whose keeper has been killed or stopped is killed all the same, and that is known."""
    async with started(PARENT, token) as child:
        guard = keeper(child)
        os.kill(guard, number)
        await child.end()
        await wait_unmarked(token, within=LEFT_S)
        assert child.unguarded is (number == signal.SIGKILL)
        kill([guard])


async def test_without_keeper_and_zygote(token: str) -> None:
    """A server that has killed both is found by its session, and by descent."""
    async with started(PARENT, token) as child:
        guard = keeper(child)
        zygote = int(Path(f"/proc/{guard}/stat").read_bytes().rpartition(b")")[2].split()[1])  # noqa: ASYNC240
        os.kill(zygote, signal.SIGKILL)
        await wait_gone([zygote], within=LEFT_S)
        os.kill(guard, signal.SIGKILL)
        await wait_unmarked(token, within=LEFT_S)
        assert child.unguarded


async def test_to_let_go_is_enough(token: str) -> None:
    """A server that is let go of without a word is ended by its keeper."""
    with anyio.fail_after(TIME_S):
        child = await spawn(stubborn.argv("daemonises"), {TOKEN_VARIABLE: token}, None)
        await child.aclose()
        await wait_unmarked(token, within=LEFT_S)
