"""The end of a server's process."""

import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anyio
import pytest
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from batonmcp.downstream.ending import end
from doubles.processes import TOKEN_VARIABLE, kill, marked, wait_unmarked

pytestmark = pytest.mark.anyio

TIME_S = 10.0
READY = "print('ready', flush=True)"
POLITE = f"import sys; {READY}; sys.stdin.read()"
SLEEPY = f"import time; {READY}; time.sleep(60)"
STUBBORN = f"import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); {READY}; time.sleep(60)"
PARENT = f"import subprocess, sys; subprocess.Popen(['sleep', '60'], process_group=0); {READY}; sys.stdin.read()"
CRASHED_PARENT = f"import subprocess; subprocess.Popen(['sleep', '60'], process_group=0); {READY}"


@asynccontextmanager
async def started(program: str, token: str) -> AsyncGenerator[Process]:
    """Start a program as servers are, wait until it says that it is ready, and bound everything."""
    command = [sys.executable, "-c", program]
    environment = {**os.environ, TOKEN_VARIABLE: token}
    with anyio.fail_after(TIME_S):
        async with await anyio.open_process(command, env=environment, start_new_session=True) as process:
            try:
                assert process.stdout
                assert await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", 100) == b"ready"
                yield process
            finally:
                kill(marked(token))


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
    async with started(program, token) as process:
        assert await end(process) is unasked
        assert process.returncode == exit_code
        await wait_unmarked(token, within=1)


async def test_ended_process_is_no_error(token: str) -> None:
    """One that has been dead for a while ends at once, and again."""
    async with started(SLEEPY, token) as process:
        process.kill()
        await process.wait()
        assert await end(process)
        assert await end(process)
        assert process.returncode == -signal.SIGKILL
