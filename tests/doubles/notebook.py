"""A memory of servers in a dictionary, open to look into."""

import anyio.lowlevel
from pydantic import JsonValue

from batonmcp.downstream.memory import Memory

__all__ = ["Notebook"]


class Notebook(Memory):
    """Remembers in a dictionary."""

    def __init__(self) -> None:
        self.pages: dict[tuple[str, str], JsonValue] = {}

    async def get(self, shelf: str, key: str) -> JsonValue:
        """Look it up."""
        await anyio.lowlevel.checkpoint()
        return self.pages.get((shelf, key))

    async def put(self, shelf: str, key: str, value: JsonValue) -> None:
        """Write it down."""
        await anyio.lowlevel.checkpoint()
        self.pages[shelf, key] = value
