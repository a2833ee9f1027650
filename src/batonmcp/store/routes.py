"""The shelf of plans that a model made and that ran well."""

from typing import Final

from pydantic import JsonValue

from batonmcp.store.port import Store

__all__ = ["Routes"]

_SHELF: Final = "route"


class Routes:
    """Remembers plans by their keys."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, key: str, *, today: str) -> JsonValue:
        """Return the plan under a key; null if there is none, or it was for another day."""
        match await self._store.get(_SHELF, key):
            case {"plan": dict(plan), "day": None}:
                return plan
            case {"plan": dict(plan), "day": str(day)} if day == today:
                return plan
            case _:
                return None

    async def put(self, key: str, plan: JsonValue, *, day: str | None) -> None:
        """Remember a plan: for good, or for one day."""
        await self._store.put(_SHELF, key, {"plan": plan, "day": day})

    async def drop(self, key: str) -> None:
        """Forget a plan that did not do."""
        await self._store.delete(_SHELF, key)
