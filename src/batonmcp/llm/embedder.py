"""The embedder port: texts become vectors, of which only counts where they point.

Above it stands the ranking of tools, which knows what to embed. Below it stands a client that knows the wire format.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

__all__ = ["Embedded", "Embedder", "Vector"]

Vector: TypeAlias = bytes
"""A signed byte for each dimension, the largest of them 127 or -127: the length of the vector is lost, which nobody
asks for, and of where it points so little that cosines stay the same to about 0.003."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What has become of texts.

    Attributes:
        vectors: One a text, in their order, all with as many dimensions.
        tokens: As the endpoint counted them; zero where it does not say.
        requests: How many it took.
    """

    vectors: tuple[Vector, ...]
    tokens: int = 0
    requests: int = 1


class Embedder(Protocol):
    """Something that embeds."""

    @property
    def space(self) -> str:
        """A digest that differs wherever vectors cannot be compared: by address, model and parameters."""
        ...

    async def embed(self, texts: Sequence[str], *, within: float | None = None) -> Embedded:
        """Return the vectors of texts, of which none is empty.

        Args:
            texts: At least one, and few enough for a request.
            within: Longest all of it may take, in seconds; None: as long as is configured.

        Raises:
            LlmError: The endpoint cannot be reached, refuses, or answers something unusable.
        """
        ...
