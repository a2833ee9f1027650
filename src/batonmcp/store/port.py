"""The store port: documents on shelves, kept from one process to the next.

Above it are the memory of servers, run records, approvals and whatever else is remembered; below it an SQLite file, or
the memory of this process. A document is a JSON value under a key, and a shelf says how long it stays. Nothing here
raises: a store in trouble forgets, and says so in its `warnings`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

__all__ = ["Entry", "Store"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """That there is a document.

    Attributes:
        key: Its key, as it is kept.
        at: When it was put there, in seconds since 1970.
    """

    key: str
    at: float


class Store(Protocol):
    """Documents by shelf and key. What is configured as secret is taken out of them before they are kept."""

    @property
    def warnings(self) -> Sequence[str]:
        """What went wrong so far, as sentences; each is told once."""
        ...

    @property
    def shared(self) -> bool:
        """Whether other processes see what is put here: a file that cannot be used has become a memory."""
        ...

    async def get(self, shelf: str, key: str) -> JsonValue:
        """Return what was put there last, null if nothing or if it has expired."""
        ...

    async def put(self, shelf: str, key: str, value: JsonValue) -> None:
        """Keep a value in place of the one before. When this returns, other processes see it."""
        ...

    async def take(self, shelf: str, key: str) -> JsonValue:
        """Remove a value and return it: of all who try to take it, in all processes, one gets it."""
        ...

    async def delete(self, shelf: str, key: str) -> None:
        """Remove a value."""
        ...

    async def newest(self, shelf: str, *, limit: int | None = None) -> list[Entry]:
        """Return what is on a shelf, the newest first, at most so many."""
        ...

    async def aclose(self) -> None:
        """Let go of the file. Whatever is put later is forgotten with the process."""
        ...
