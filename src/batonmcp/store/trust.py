"""The shelf of tools that a person agreed to for good, each bound to its definition."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from batonmcp.core.tool import Tool
from batonmcp.store.port import Store

__all__ = ["Trust", "Trusted"]

_SHELF: Final = "trust"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """That a person agreed to a tool.

    Attributes:
        tool: Its qualified name.
        digest: The definition they agreed to.
        at: When, in seconds since 1970.
    """

    tool: str
    digest: str
    at: float


class Trust:
    """Knows which tools run without a question because a person said "always".

    A tool whose definition has changed since is another tool: it is not trusted until somebody agrees to it again.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def add(self, tools: Iterable[Tool]) -> None:
        """Trust these tools as they are defined now."""
        for tool in tools:
            await self._store.put(_SHELF, tool.qualified, {"tool": tool.qualified, "digest": tool.digest})

    async def of(self, tools: Iterable[Tool]) -> frozenset[str]:
        """Return the qualified names of those that are trusted as they are defined now."""
        names = {entry.key for entry in await self._store.newest(_SHELF)}
        known = [tool for tool in tools if tool.qualified in names]
        agreed = {tool.qualified: await self._get(tool.qualified) for tool in known}
        return frozenset(tool.qualified for tool in known if agreed[tool.qualified] == (tool.qualified, tool.digest))

    async def all(self) -> list[Trusted]:
        """Return what was agreed to, the newest first."""
        entries = await self._store.newest(_SHELF)
        found = [(entry.at, await self._get(entry.key)) for entry in entries]
        return [Trusted(tool=read[0], digest=read[1], at=at) for at, read in found if read]

    async def remove(self, qualified: str) -> bool:
        """Trust a tool no longer; False if it was not trusted."""
        return await self._store.take(_SHELF, qualified) is not None

    async def _get(self, qualified: str) -> tuple[str, str] | None:
        """Return the name and the digest that were agreed to, None if it is of another version of ours."""
        match await self._store.get(_SHELF, qualified):
            case {"tool": str(tool), "digest": str(digest)}:
                return tool, digest
            case _:
                return None
