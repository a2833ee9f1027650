"""What is remembered of servers from one process to the next: a port, which the store fulfils.

Above it is the fleet, which remembers the era that a server speaks and what it last offered; below it a database, or
nothing at all. What it gives back may be of an older version of ours, so it is read like anything from outside.
"""

from typing import Protocol

import anyio.lowlevel
from pydantic import JsonValue

__all__ = ["Forgetful", "Memory"]


class Memory(Protocol):
    """Values by shelf and key. Nothing is ever raised: a memory in trouble forgets."""

    async def get(self, shelf: str, key: str) -> JsonValue:
        """Return what was put there last, null if nothing."""
        ...

    async def put(self, shelf: str, key: str, value: JsonValue) -> None:
        """Keep a value in place of the one before."""
        ...


class Forgetful(Memory):
    """Remembers nothing."""

    async def get(self, shelf: str, key: str) -> JsonValue:
        """Return null."""
        del shelf, key
        await anyio.lowlevel.checkpoint()

    async def put(self, shelf: str, key: str, value: JsonValue) -> None:
        """Forget the value."""
        del shelf, key, value
        await anyio.lowlevel.checkpoint()
