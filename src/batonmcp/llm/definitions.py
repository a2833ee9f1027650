"""The definitions of tools as vectors: each text is embedded once, by this process or one before it.

Above it stands the ranking of a run's tools; below it an embedder and, where it is given, a store. No result of a tool
ever comes here.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from hashlib import sha256
from typing import Final, Protocol, TypeVar

import anyio
import anyio.to_thread

from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool
from batonmcp.llm.embedder import Embedder, Vector
from batonmcp.llm.lanes import Lanes
from batonmcp.llm.ranking import LONGEST_DESCRIPTION, parameters_of

__all__ = ["AT_ONCE", "Definitions", "KeptVectors"]

AT_ONCE: Final = 32
"""Texts of one request: what the endpoint that takes the fewest does by default."""

_LONGEST_TEXT: Final = 1_200
_MANY: Final = 1_000
_MOST_IN_MEMORY: Final = 50_000

_Made = TypeVar("_Made")


class KeptVectors(Protocol):
    """Vectors that outlive the process. It never raises: what cannot be kept is embedded again."""

    async def get(self, space: str) -> Mapping[str, Vector]:
        """Return all of a space, by the digests of what was embedded."""
        ...

    async def add(self, space: str, vectors: Mapping[str, Vector]) -> None:
        """Keep these beside the others."""
        ...


class Definitions:
    """The vectors of one space.

    Args:
        space: Where they can be compared.
        kept: Those of other processes.

    Attributes:
        turn: Held by the one run that has definitions embedded: what it did, the next one need not.
    """

    def __init__(self, space: str, kept: KeptVectors | None = None) -> None:
        self.turn = anyio.Lock()
        self._space = space
        self._kept = kept
        self._vectors: dict[str, Vector] = {}
        self._is_read = kept is None
        self._reading = anyio.Lock()
        self._lanes: tuple[Sequence[str], Lanes] | None = None

    async def missing(self, registry: Registry, dimensions: int) -> Sequence[Sequence[str]]:
        """Return what has no vector of so many dimensions, as digests for one request after another."""
        await self._read()
        texts = await _done(partial(_texts_of, registry), len(registry))
        lacking = [digest for digest in texts.by_digest if len(self._vectors.get(digest, b"")) != dimensions]
        return [lacking[at : at + AT_ONCE] for at in range(0, len(lacking), AT_ONCE)]

    async def embed(self, embedder: Embedder, registry: Registry, digests: Sequence[str]) -> None:
        """Have some of what a registry lacks embedded, and keep it.

        Raises:
            LlmError: The embedder says so.
        """
        texts = _texts_of(registry).by_digest
        embedded = await embedder.embed([texts[digest] for digest in digests])
        vectors = dict(zip(digests, embedded.vectors, strict=True))
        if len(self._vectors) + len(vectors) > _MOST_IN_MEMORY:
            self._vectors = {digest: vector for digest, vector in self._vectors.items() if digest in texts}
        self._vectors |= vectors
        if self._kept:
            await self._kept.add(self._space, vectors)

    async def nearest(self, registry: Registry, query: Vector, most: int) -> Sequence[str]:
        """Return at most so many tools, by full name, whose definitions are nearest to a query; none may be missing."""
        return await _done(partial(self._nearest, registry, query, most), len(registry))

    def _nearest(self, registry: Registry, query: Vector, most: int) -> Sequence[str]:
        texts = _texts_of(registry)
        digests = list(texts.by_name.values())
        if self._lanes is None or self._lanes[0] != digests or self._lanes[1].dimensions != len(query):
            self._lanes = (digests, Lanes([self._vectors[digest] for digest in digests]))
        names = list(texts.by_name)
        return [names[place] for place in self._lanes[1].nearest(query, most)]

    async def _read(self) -> None:
        async with self._reading:
            if not self._is_read and self._kept:
                self._vectors = {**await self._kept.get(self._space), **self._vectors}
                self._is_read = True


async def _done(work: Callable[[], _Made], tools: int) -> _Made:
    """Return what a piece of work makes, which takes a while where there are many tools: then in a thread."""
    return work() if tools <= _MANY else await anyio.to_thread.run_sync(work)


class _Texts:
    """What is embedded of a registry's tools."""

    def __init__(self, registry: Registry) -> None:
        self.by_name: dict[str, str] = {}
        self.by_digest: dict[str, str] = {}
        for tool in registry:
            text = _text(tool)
            digest = sha256(text.encode()).hexdigest()[:32]
            self.by_name[tool.qualified] = digest
            self.by_digest[digest] = text


def _texts_of(registry: Registry) -> _Texts:
    return registry.once(_Texts)


def _text(tool: Tool) -> str:
    """Return the parts of a definition that tell what a tool is for, as the ranking by words has them."""
    names = parameters_of(tool)
    parts = [f"{tool.name} ({tool.agent})", tool.description[:LONGEST_DESCRIPTION], f"Parameters: {', '.join(names)}"]
    text = "\n".join(parts if names else parts[:2])[:_LONGEST_TEXT]
    return text.encode("utf-8", "replace").decode()
