"""The shelf of learned shapes: what the results of tools look like, by the tools' definitions."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import anyio.to_thread
from pydantic import JsonValue

from batonmcp.core.learned import Shape, learned, merged
from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool
from batonmcp.store.port import Store

__all__ = ["Shapes"]

_SHELF: Final = "shape"
_MOST_IN_MEMORY: Final = 20_000


class Shapes:
    """Learns from results, and tells registries what it knows.

    A tool whose definition has changed is another tool: what was learned of the old one is not told of the new one.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, Shape | None] = {}
        self._told: tuple[Registry, Registry] | None = None

    async def over(self, registry: Registry) -> Registry:
        """Return the registry with a shape for each tool that declares none and of which one is known."""
        if self._told and self._told[0] is registry:
            return self._told[1]
        silent = [tool for tool in registry if tool.output_schema is None]
        await self._look_up(silent)
        shapes = {tool.qualified: shape for tool in silent if (shape := self._known.get(tool.digest))}
        told = registry
        if shapes:
            tools = (replace(t, learned=shapes[t.qualified]) if t.qualified in shapes else t for t in registry)
            told = Registry.of(registry.agents, tools)
        self._told = (registry, told)
        return told

    async def learn(self, tool: Tool, value: JsonValue) -> None:
        """Learn from a result of a tool that declares no shape."""
        if tool.output_schema is not None:
            return
        await self._look_up([tool])
        before = self._known.get(tool.digest)
        shape = await anyio.to_thread.run_sync(learned, value)  # a large one takes its time
        after = merged(before, shape) if before is not None else shape
        if after == before:
            return
        others = await self._store.get(_SHELF, tool.digest)  # another process may have learned what this one has not
        after = merged(others, after) if isinstance(others, dict) else after
        self._known[tool.digest] = after
        self._told = None
        await self._store.put(_SHELF, tool.digest, dict(after))

    async def _look_up(self, tools: Iterable[Tool]) -> None:
        """Read from the store what was not read before; the store is asked for what it has once."""
        missing = [tool.digest for tool in tools if tool.digest not in self._known]
        if not missing:
            return
        if len(self._known) > _MOST_IN_MEMORY:
            self._known.clear()
        kept = {entry.key for entry in await self._store.newest(_SHELF)} if len(missing) > 1 else set(missing)
        for digest in missing:
            found = await self._store.get(_SHELF, digest) if digest in kept else None
            self._known[digest] = found if isinstance(found, dict) else None
