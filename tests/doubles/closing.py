"""A program that serves a host, and whose backend takes its time to close: so many seconds as its argument says.

On standard error it says `opened` when the backend is there, and `closed` when it has gone.
"""

import sys

import anyio
from anyio.abc import Process

__all__ = ["closing", "heard"]

_PROGRAM = """
import sys
from contextlib import asynccontextmanager
import anyio
from batonmcp.core.limits import Limits
from batonmcp.host.http import serve_http
from batonmcp.host.server import Front
from batonmcp.host.stdio import serve_stdio

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
            await anyio.sleep(float(sys.argv[2]))
        print("closed", file=sys.stderr)

async def main():
    front = Front(open_backend, agents=[], limits=Limits(), shared=sys.argv[1] == "http")
    if sys.argv[1] == "http":
        await serve_http(front, host="127.0.0.1", port=0)
    else:
        await serve_stdio(front)

anyio.run(main)
"""


def closing(transport: str, seconds: float) -> list[str]:
    """Return the command line of a program that serves over `stdio` or `http`."""
    return [sys.executable, "-c", _PROGRAM, transport, str(seconds)]


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
