"""`batonmcp serve --transport http` as a process of its own."""

import os
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from anyio.streams.buffered import BufferedByteReceiveStream

from doubles.processes import TOKEN_VARIABLE

__all__ = ["http_hub"]

_START_S = 30.0
_LONGEST_LINE = 65_536


@asynccontextmanager
async def http_hub(config: Path, token: str) -> AsyncGenerator[str]:
    """Serve on a free port of this machine, and yield the address of the MCP endpoint; end it in the end."""
    command = [sys.executable, "-m", "batonmcp", "serve", "--config", str(config), "--transport", "http", "--port", "0"]
    environment = {**os.environ, TOKEN_VARIABLE: token}
    null = subprocess.DEVNULL
    async with await anyio.open_process(command, env=environment, stdin=null, stdout=null) as process:
        assert process.stderr
        said = BufferedByteReceiveStream(process.stderr)
        async with anyio.create_task_group() as tasks:
            try:
                with anyio.fail_after(_START_S):
                    address = await _address(said)
                tasks.start_soon(_listen, said)
                yield address
            finally:
                process.terminate()
                tasks.cancel_scope.cancel()


async def _address(said: BufferedByteReceiveStream) -> str:
    """Return the address, which a line of standard error tells."""
    while True:
        line = (await said.receive_until(b"\n", _LONGEST_LINE)).decode()
        if "://" in line and line.rstrip().endswith("/mcp"):
            return line.split()[-1]


async def _listen(said: BufferedByteReceiveStream) -> None:
    """Take what is said further, so that it never waits for us."""
    async for _ in said:
        pass
