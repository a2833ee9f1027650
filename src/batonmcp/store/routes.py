"""The shelf of plans that a model made and that ran well."""

import json
from typing import Final

from pydantic import JsonValue

from batonmcp.core.redaction import REDACTED
from batonmcp.store.port import Store

__all__ = ["Routes"]

_SHELF: Final = "route"


class Routes:
    """Remembers plans by their keys. One that held a configured secret was kept without it, and is none any more."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, key: str, *, today: str, wording: str) -> JsonValue:
        """Return the plan under a key; null if there is none, or it was for another day or other words.

        Args:
            key: Of what is asked.
            today: The day.
            wording: The digest of the query as it is written.
        """
        match await self._store.get(_SHELF, key):
            case {"plan": dict(plan), "day": None | str() as day, "wording": None | str() as only}:
                fits = day in {None, today} and only in {None, wording} and REDACTED not in json.dumps(plan)
                return plan if fits else None
            case _:
                return None

    async def put(self, key: str, plan: JsonValue, *, day: str | None, wording: str | None) -> None:
        """Remember a plan: for good or for one day, for a query and those like it or for its words alone."""
        await self._store.put(_SHELF, key, {"plan": plan, "day": day, "wording": wording})

    async def drop(self, key: str) -> None:
        """Forget a plan that did not do."""
        await self._store.delete(_SHELF, key)
