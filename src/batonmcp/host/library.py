"""What a host can list and read here: the resources that results have named."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from hashlib import blake2b
from typing import Any, TypeAlias

from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    BlobResourceContents,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    TextResourceContents,
)

from batonmcp.core.attachment import Attachment, Contents
from batonmcp.core.errors import BatonError
from batonmcp.core.outcome import Failed
from batonmcp.core.printable import printable
from batonmcp.host.resources import SCHEME, Seen, SeenResources, Shelf, readable

__all__ = ["Library", "ReadBehind"]

ReadBehind: TypeAlias = Callable[[str, str], Awaitable[Sequence[Contents] | Failed]]
"""Has a server read one of its resources; what went wrong otherwise is a `BatonError`."""

_PAGE = 100
_LONGEST_URI = 200


class Library:
    """Answers what hosts ask about resources. Nothing is fetched but by the server whose resource it is.

    Attributes:
        seen: What results have named.

    Args:
        read_behind: Has a server read.
        shared: Whether several hosts are served who must not see what belongs to another: then nothing is listed, and
            what a run has named is found by whoever has its reply.
    """

    def __init__(self, read_behind: ReadBehind, *, shared: bool = False) -> None:
        self.seen = SeenResources()
        self._shared = shared
        self._key = secrets.token_bytes(32)
        self._read_behind = read_behind

    def of_run(self, run_id: str) -> Shelf:
        """Return where to note what the results of a run name; the id cannot be told from its addresses."""
        room = blake2b(run_id.encode(), key=self._key, digest_size=16).hexdigest() if self._shared else ""
        return Shelf(self.seen, room)

    async def list(
        self, _context: ServerRequestContext[Any], params: PaginatedRequestParams | None
    ) -> ListResourcesResult:
        """List what results have named, newest first."""
        if self._shared:
            return ListResourcesResult(resources=[], ttl_ms=0, cache_scope="private")
        page = self.seen.page(params.cursor if params else None, _PAGE)
        if page is None:
            raise MCPError(code=INVALID_PARAMS, message="The cursor is none of ours. List from the beginning.")
        return ListResourcesResult(
            resources=[*page], next_cursor=page[-1].uri if len(page) == _PAGE else None, ttl_ms=0, cache_scope="private"
        )

    async def templates(
        self, _context: ServerRequestContext[Any], _params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        """List no templates: what can be read is known only once a result has named it. Hosts ask all the same."""
        return ListResourceTemplatesResult(resource_templates=[], ttl_ms=0, cache_scope="private")

    async def read(self, _context: ServerRequestContext[Any], params: ReadResourceRequestParams) -> ReadResourceResult:
        """Read a resource: what its result held, else what its server says now."""
        seen = self.seen.find(params.uri)
        if seen is None:
            raise MCPError(code=INVALID_PARAMS, message=_unknown(params.uri), data={"uri": params.uri})
        held = [seen.contents] if seen.contents else await self._fetched(seen)
        contents = [self._readable(seen, params.uri, part) for part in held]
        return ReadResourceResult(contents=contents, ttl_ms=0, cache_scope="private")

    async def _fetched(self, seen: Seen) -> Sequence[Contents]:
        try:
            found = await self._read_behind(seen.server, seen.attachment.uri)
        except BatonError as error:
            raise MCPError(code=INTERNAL_ERROR, message=str(error)) from None
        if isinstance(found, Failed):
            raise MCPError(code=INTERNAL_ERROR, message=str(found.error))
        return found

    def _readable(self, seen: Seen, uri: str, part: Contents) -> TextResourceContents | BlobResourceContents:
        """Return contents under an address of ours; a part that has an address of its own can be read by it, too."""
        if part.uri != seen.attachment.uri:
            named = Attachment(uri=part.uri, name=seen.attachment.name, mime=part.mime)
            uri = self.seen.note(seen.server, named, room=seen.room)
        return readable(part, uri)


def _unknown(uri: str) -> str:
    return (
        f"No result has named the resource {printable(uri, _LONGEST_URI)!r} since batonmcp started. "
        f"What can be read has an address that begins with {SCHEME}:// and comes with a result of orchestrate."
    )
