"""The shelf of what endpoints of language models have shown that they take."""

from hashlib import sha256
from typing import Final

from pydantic import JsonValue

from batonmcp.store.port import Store

__all__ = ["KeptDialects"]

_SHELF: Final = "dialect"


class KeptDialects:
    """Remembers dialects by endpoint and model. An address may hold a password: its digest is the key."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, base_url: str, model: str) -> JsonValue:
        """Return what was put there last, null if nothing."""
        return await self._store.get(_SHELF, _key(base_url, model))

    async def put(self, base_url: str, model: str, document: JsonValue) -> None:
        """Keep a dialect in place of the one before."""
        await self._store.put(_SHELF, _key(base_url, model), document)


def _key(base_url: str, model: str) -> str:
    return sha256(f"{len(base_url)}:{base_url}{model}".encode("utf-8", "surrogatepass")).hexdigest()[:32]
