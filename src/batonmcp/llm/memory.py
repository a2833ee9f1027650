"""What has been learned about endpoints: the dialect of each one and model, kept while the process runs and longer.

Above the port sits the client; below it, where it is given, a store that outlives the process.
"""

from dataclasses import dataclass
from typing import Protocol

from pydantic import JsonValue

from batonmcp.config.settings import LlmEndpoint
from batonmcp.llm.dialect import Dialect

__all__ = ["Dialects", "Kept", "Learned"]

_STUMBLES = 2


class Kept(Protocol):
    """Dialects, as JSON, that outlive the process. It never raises: what cannot be kept is learned again."""

    async def get(self, base_url: str, model: str) -> JsonValue:
        """Return what was put there last, null if nothing."""
        ...

    async def put(self, base_url: str, model: str, document: JsonValue) -> None:
        """Keep a dialect in place of the one before."""
        ...


@dataclass(slots=True)
class Learned:
    """What is known of one endpoint and model.

    Attributes:
        dialect: What it takes.
        stumbles: How often in a row its reply was of no use until it was asked in a simpler form.
    """

    dialect: Dialect
    stumbles: int = 0


class Dialects:
    """The dialects of this process, and of those before it where they are kept."""

    def __init__(self, kept: Kept | None = None) -> None:
        self._kept = kept
        self._known: dict[tuple[str, str], Learned] = {}

    async def of(self, endpoint: LlmEndpoint) -> Dialect:
        """Return the dialect of an endpoint and model: the standard, until it has shown otherwise."""
        key = (endpoint.base_url, endpoint.model)
        if key not in self._known:
            kept = await self._kept.get(*key) if self._kept else None
            self._known.setdefault(key, Learned(Dialect.of(kept)))
        return self._known[key].dialect

    async def learn(self, endpoint: LlmEndpoint, dialect: Dialect, *, stumbled: bool | None) -> None:
        """Take note of a dialect that brought a reply.

        Args:
            endpoint: Where.
            dialect: In which it was asked.
            stumbled: Whether it was simplified for no complaint, but since a reply was of no use. That may have been
                chance: only the second time in a row counts. None: no calls were asked for.
        """
        key = (endpoint.base_url, endpoint.model)
        learned = self._known.setdefault(key, Learned(Dialect()))
        joined = dialect.joined(learned.dialect)
        if stumbled is not None and not (stumbled and joined == learned.dialect):
            learned.stumbles = learned.stumbles + 1 if stumbled else 0
        if joined == learned.dialect or (stumbled and learned.stumbles < _STUMBLES):
            return
        learned.dialect, learned.stumbles = joined, 0
        if self._kept:
            await self._kept.put(*key, joined.document())
