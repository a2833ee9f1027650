"""The end of a process that serves over HTTP, at a signal. How it is over standard input, `test_stdio.py` shows."""

import signal
import sys

import anyio
import pytest
from anyio.abc import Process

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

TIME_S = 30.0
SERVER = """
import sys
from contextlib import asynccontextmanager
import anyio
from batonmcp.core.limits import Limits
from batonmcp.host.http import serve_http
from batonmcp.host.server import Front

class Nothing:
    async def agents(self, *, other_than=None):
        await anyio.sleep_forever()

@asynccontextmanager
async def open_backend():
    print("opened", file=sys.stderr, flush=True)
    try:
        yield Nothing()
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.sleep(float(sys.argv[1]))
        print("closed", file=sys.stderr)

async def main():
    front = Front(open_backend, agents=[], limits=Limits(), shared=True)
    await serve_http(front, host="127.0.0.1", port=0)

anyio.run(main)
"""


async def heard(process: Process, word: bytes) -> bytes:
    """Read standard error until a word stands in it, or to its end."""
    assert process.stderr is not None
    text = b""
    try:
        while word not in text:
            text += await process.stderr.receive()
    except anyio.EndOfStream:
        pass
    return text


@pytest.mark.parametrize(
    ("number", "closing_takes", "closed"),
    [
        (signal.SIGTERM, "0", True),
        (signal.SIGINT, "0.1", True),
        (signal.SIGHUP, "60", False),
    ],
    ids=["closes at once", "closes soon", "never closes"],
)
async def test_a_signal_ends_it(number: signal.Signals, closing_takes: str, closed: bool) -> None:  # noqa: FBT001
    """The backend has a moment to close, with a client connected; then the process ends, and says by which signal."""
    with anyio.fail_after(TIME_S):
        async with await anyio.open_process([sys.executable, "-c", SERVER, closing_takes]) as process:
            said = (await heard(process, b"opened\n")).decode()
            port = int(said.partition("127.0.0.1:")[2].partition("/mcp")[0])
            async with await anyio.connect_tcp("127.0.0.1", port):
                process.send_signal(number)
                assert await process.wait() == 128 + number
            assert (b"closed" in await heard(process, b"closed")) is closed


async def test_a_second_signal_is_not_waited_for() -> None:
    """Two signals: the process ends at once though its backend never closes."""
    with anyio.fail_after(TIME_S):
        async with await anyio.open_process([sys.executable, "-c", SERVER, "60"]) as process:
            await heard(process, b"opened\n")
            process.send_signal(signal.SIGTERM)
            process.send_signal(signal.SIGINT)
            assert await process.wait() in {128 + signal.SIGTERM, 128 + signal.SIGINT}
