"""The tools nearest to a run's query by the vectors of both, where there is an embedder and they are ready in time."""

from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

import anyio
from anyio.abc import TaskGroup

from batonmcp.core.errors import BatonError, LlmError
from batonmcp.core.events import Emit, Noted
from batonmcp.core.registry import Registry
from batonmcp.llm.definitions import Definitions
from batonmcp.llm.embedder import Embedder, Vector
from batonmcp.stages.fitting import sendable

__all__ = ["Nearest", "nearest"]

_PART: Final = 0.025
"""The part of a run's time that its planning waits for vectors."""

_AT_A_TIME: Final = 8
_LONGEST_QUERY: Final = 2_000
_RANKED: Final = 2_000


@asynccontextmanager
async def nearest(
    embedder: Embedder | None, definitions: Definitions | None, *, seconds: float, emit: Emit
) -> AsyncGenerator["Nearest | None"]:
    """Yield what ranks the tools of one run by vectors; None where there is no embedder.

    What it has begun goes on while the run does, for the next one, and ends with it.
    """
    if embedder is None or definitions is None:
        yield None
        return
    failure: BatonError | None = None
    async with anyio.create_task_group() as tasks:
        try:
            yield Nearest(embedder, definitions, tasks, seconds=seconds * _PART, emit=emit)
        except BatonError as error:  # which the task group would wrap
            failure = error
        finally:
            tasks.cancel_scope.cancel()
    if failure:
        raise failure


class Nearest:
    """Ranks the tools of one run.

    Args:
        embedder: Embeds on behalf of the run.
        definitions: What has been embedded of tools, by any run.
        tasks: Where embedding goes on.
        seconds: For how long it is waited for.
        emit: Gets a note where there is no ranking.
    """

    def __init__(
        self, embedder: Embedder, definitions: Definitions, tasks: TaskGroup, *, seconds: float, emit: Emit
    ) -> None:
        self._embedder = embedder
        self._definitions = definitions
        self._tasks = tasks
        self._seconds = seconds
        self._emit = emit
        self._names: Sequence[str] | None = None
        self._query: Vector | None = None
        self._failure: LlmError | None = None
        self._missing = 0
        self._settled = anyio.Event()

    async def names(self, registry: Registry, query: str) -> Sequence[str]:
        """Return tools by full name, the nearest first; none, with a note, where vectors are not to be had in time.

        However often it is asked in a run, nothing is embedded twice.
        """
        if self._names is None:
            self._names = await self._found(registry, sendable(query.strip()[:_LONGEST_QUERY]))
        return self._names

    async def _found(self, registry: Registry, query: str) -> Sequence[str]:
        if not query:
            return ()
        self._tasks.start_soon(self._embed, registry, query)
        with anyio.move_on_after(self._seconds):
            await self._settled.wait()
        if self._settled.is_set() and self._failure is None and self._query is not None:
            return await self._definitions.nearest(registry, self._query, _RANKED)
        self._emit(Noted(text=f"The tools were ranked by their words alone. {self._cause(len(registry))}"))
        return ()

    def _cause(self, tools: int) -> str:
        if self._failure:
            return str(self._failure)
        if self._missing:
            return f"Of {tools:,} definitions {self._missing:,} are not embedded yet; that goes on while runs do."
        return "The endpoint of embeddings did not answer in time."

    async def _embed(self, registry: Registry, query: str) -> None:
        """Embed what there is no vector of: first the query, which tells whether anything can be embedded."""
        try:
            self._query = (await self._embedder.embed([query])).vectors[0]
        except LlmError as error:
            self._fail(error)
            return
        if await self._lacking(registry, self._query):
            async with self._definitions.turn:
                rest = iter(await self._lacking(registry, self._query))
                async with anyio.create_task_group() as workers:
                    for _ in range(_AT_A_TIME):
                        workers.start_soon(self._work, registry, rest)
        self._settled.set()

    async def _lacking(self, registry: Registry, query: Vector) -> Sequence[Sequence[str]]:
        """Count and return the definitions that are not embedded yet, by request."""
        batches = await self._definitions.missing(registry, len(query))
        self._missing = sum(map(len, batches))
        return batches

    async def _work(self, registry: Registry, batches: Iterator[Sequence[str]]) -> None:
        for batch in batches:
            try:
                await self._definitions.embed(self._embedder, registry, batch)
            except LlmError as error:
                self._fail(error)
            if self._failure:
                return
            self._missing -= len(batch)

    def _fail(self, error: LlmError) -> None:
        self._failure = self._failure or error
        self._settled.set()
