"""A file in which servers tell what happens to them, as it happens."""

import os
from pathlib import Path

import anyio

__all__ = ["Fifo"]


class Fifo:
    """A state file of a hostile server that tells what happens, as it happens; several servers may share it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "state"
        os.mkfifo(self.path)
        self._descriptor = os.open(self.path, os.O_RDWR)

    async def line(self) -> str:
        """Return the next line."""
        line = b""
        while not line.endswith(b"\n"):
            await anyio.wait_readable(self._descriptor)
            line += os.read(self._descriptor, 1)
        return line.decode().rstrip()

    async def until(self, start: str) -> str:
        """Return the next line that starts so; those before it are gone."""
        while not (line := await self.line()).startswith(start):
            pass
        return line

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)
