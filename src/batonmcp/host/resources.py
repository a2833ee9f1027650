"""Resources of other servers that came along with results, as a host can read them from us."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from mcp_types import BlobResourceContents, Resource, TextResourceContents

from batonmcp.core.attachment import Attachment, Contents
from batonmcp.stages.telling import sendable

__all__ = ["SCHEME", "Seen", "SeenResources", "Shelf", "address", "readable"]

SCHEME: Final = "batonmcp"

_MOST = 1_000
_MOST_HELD = 16_000_000
"""Bytes of contents that are kept for hosts to read; past them the server is asked again."""


@dataclass(slots=True, eq=False)
class Seen:
    """A resource of a server, with what it holds where a result brought that along."""

    server: str
    attachment: Attachment
    contents: Contents | None
    room: str = ""


class SeenResources:
    """What results have named: the newest thousand, and nothing that no result has."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, Seen] = OrderedDict()
        self._held = 0

    def note(self, server: str, attachment: Attachment, *, room: str = "") -> str:
        """Note a resource and return the address under which we read it: one that nobody can guess if it has a room."""
        uri = address(server, attachment.uri, room=room)
        self._drop(self._seen.pop(uri, None))
        self._seen[uri] = Seen(server, attachment, attachment.contents, room)
        self._held += attachment.contents.size if attachment.contents else 0
        while len(self._seen) > _MOST:
            self._drop(self._seen.popitem(last=False)[1])
        for older in self._seen.values():
            if self._held <= _MOST_HELD:
                break
            self._drop(older)
        return uri

    def find(self, uri: str) -> Seen | None:
        """Return what is known under one of our addresses."""
        return self._seen.get(uri)

    def page(self, after: str | None, size: int) -> Sequence[Resource] | None:
        """Return the next so many of them, newest first; None if `after` is none of our addresses."""
        known = list(reversed(self._seen))
        if after is not None and after not in self._seen:
            return None
        start = known.index(after) + 1 if after is not None else 0
        return [_listed(uri, self._seen[uri].attachment) for uri in known[start : start + size]]

    def _drop(self, seen: Seen | None) -> None:
        """Forget what a resource holds."""
        if seen and seen.contents:
            self._held -= seen.contents.size
            seen.contents = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where one run notes what its results name; if it has a room, under addresses that only its reply tells."""

    seen: SeenResources
    room: str = ""

    def note(self, server: str, attachment: Attachment) -> str:
        """Note a resource and return the address under which we read it."""
        return self.seen.note(server, attachment, room=self.room)


def address(server: str, uri: str, *, room: str = "") -> str:
    """Return the address under which we read a server's resource."""
    place = f"{quote(server, safe='', errors='replace')}/{quote(uri, safe='', errors='replace')}"
    return f"{SCHEME}://{room}/{place}" if room else f"{SCHEME}://{place}"


def readable(contents: Contents, uri: str) -> TextResourceContents | BlobResourceContents:
    """Return contents as the protocol has them, under an address of ours."""
    if contents.text is None:
        return BlobResourceContents(uri=uri, mime_type=contents.mime, blob=contents.blob or "")
    return TextResourceContents(uri=uri, mime_type=contents.mime, text=sendable(contents.text))


def _listed(uri: str, attachment: Attachment) -> Resource:
    return Resource(
        uri=uri,
        name=attachment.name,
        description=attachment.description or None,
        mime_type=attachment.mime,
        size=attachment.size,
    )
