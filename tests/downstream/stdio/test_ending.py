"""A server's process without a reaper."""

import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.streams.buffered import BufferedByteReceiveStream

from batonmcp.downstream.stdio.ending import Unkept
from doubles.processes import TOKEN_VARIABLE, kill, marked, wait_unmarked

pytestmark = pytest.mark.anyio

TIME_S = 10.0
READY = "print('ready', flush=True)"
POLITE = f"import sys; {READY}; sys.stdin.read()"
SLEEPY = f"import time; {READY}; time.sleep(60)"
STUBBORN = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); {READY}; time.sleep(60)"


@asynccontextmanager
async def started(program: str, token: str) -> AsyncGenerator[Unkept]:
    """Start a program, wait until it says that it is ready, and bound everything."""
    environment = {**os.environ, TOKEN_VARIABLE: token}
    with anyio.fail_after(TIME_S):
        child = await Unkept.start([sys.executable, "-c", program], environment, None)
        try:
            await child.watch()
            assert await BufferedByteReceiveStream(child.stdout).receive_until(b"\n", 100) == b"ready"
            yield child
        finally:
            kill(marked(token))
            await child.aclose()


@pytest.mark.parametrize(
    ("program", "unasked", "exit_code"),
    [(POLITE, True, 0), (SLEEPY, False, -signal.SIGTERM), (STUBBORN, False, -signal.SIGKILL)],
    ids=["polite", "sleepy", "stubborn"],
)
async def test_no_process_is_left(program: str, unasked: bool, exit_code: int, token: str) -> None:  # noqa: FBT001
    """A server gets the chance to end by itself, then is asked, then forced."""
    async with started(program, token) as child:
        assert child.pid in marked(token)
        assert await child.end() is unasked
        assert (child.returncode, child.unguarded) == (exit_code, False)
        await wait_unmarked(token, within=1)


async def test_ended_process_is_no_error(token: str) -> None:
    """One that has been killed ends at once, and again."""
    async with started(SLEEPY, token) as child:
        child.kill()
        assert await child.end()
        child.kill()
        assert await child.end()
        assert child.returncode == -signal.SIGKILL
