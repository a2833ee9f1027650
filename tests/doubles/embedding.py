"""An embedder in this process: the vectors of words, held back or refused where a test says so."""

from collections.abc import Sequence

import anyio
import anyio.lowlevel

from batonmcp.core.errors import LlmError
from batonmcp.llm.embedder import Embedded, Embedder, Vector
from batonmcp.llm.vectors import vector_of
from doubles.fake_llm import WordVectors

__all__ = ["InProcessEmbedder"]


class InProcessEmbedder(Embedder):
    """Embeds texts as `WordVectors` does.

    Args:
        words: Makes the vectors.
        fails: By number of the request, from one: what is raised.

    Attributes:
        asked: The texts of each request.
        gates: By number of the request: what it waits for.
    """

    def __init__(self, words: WordVectors | None = None, *, fails: dict[int, LlmError] | None = None) -> None:
        self.asked: list[Sequence[str]] = []
        self.gates: dict[int, anyio.Event] = {}
        self._words = words or WordVectors()
        self._fails = fails or {}
        self._came = anyio.Event()

    @property
    def space(self) -> str:
        """One for all."""
        return "words"

    @property
    def texts(self) -> list[str]:
        """All texts so far."""
        return [text for texts in self.asked for text in texts]

    async def asked_for(self, requests: int) -> None:
        """Wait until there have been so many requests."""
        while len(self.asked) < requests:
            await self._came.wait()

    async def embed(self, texts: Sequence[str], *, within: float | None = None) -> Embedded:
        """Return the vectors of texts."""
        del within
        self.asked.append(list(texts))
        number = len(self.asked)
        came, self._came = self._came, anyio.Event()
        came.set()
        await anyio.lowlevel.checkpoint()
        if number in self.gates:
            await self.gates[number].wait()
        if number in self._fails:
            raise self._fails[number]
        return Embedded(vectors=tuple(map(self._vector, texts)), tokens=10 * len(texts))

    def _vector(self, text: str) -> Vector:
        vector = vector_of(self._words.of(text))
        assert vector is not None
        return vector
