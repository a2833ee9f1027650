"""The shelf of vectors that were made of tool definitions."""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final

from pydantic import JsonValue

from batonmcp.store.port import Store

__all__ = ["Vectors"]

_SHELF: Final = "vector"


class Vectors:
    """Remembers vectors by space and by the digest of what was embedded; a document holds those of one request."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def get(self, space: str) -> Mapping[str, bytes]:
        """Return all of a space; of two with one digest, the newer."""
        found: dict[str, bytes] = {}
        for entry in reversed(await self._store.newest(_SHELF)):
            if entry.key.startswith(f"{space}/"):
                found.update(_read(await self._store.get(_SHELF, entry.key)))
        return found

    async def add(self, space: str, vectors: Mapping[str, bytes]) -> None:
        """Keep these beside the others."""
        written: dict[str, JsonValue] = {digest: b64encode(vector).decode() for digest, vector in vectors.items()}
        name = sha256("".join(sorted(vectors)).encode("ascii", "replace")).hexdigest()[:32]
        await self._store.put(_SHELF, f"{space}/{name}", written)


def _read(document: JsonValue) -> Iterator[tuple[str, bytes]]:
    for digest, text in document.items() if isinstance(document, dict) else ():
        try:
            yield digest, b64decode(str(text), validate=True)
        except ValueError:  # it is as if it had never been kept
            continue
