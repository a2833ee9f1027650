"""Resources as servers send them, in results and when they read one."""

from collections.abc import Iterable, Sequence

from mcp_types import BlobResourceContents, ContentBlock, EmbeddedResource, ResourceLink, TextResourceContents

from batonmcp.core.attachment import Attachment, Contents
from batonmcp.core.printable import printable

__all__ = ["attachments", "contents_of"]

_MOST = 100
_LONGEST_URI = 2_000
_LONGEST_NAME = 200
_LONGEST_DESCRIPTION = 500


def attachments(content: Iterable[ContentBlock], *, in_value: bool) -> tuple[Attachment, ...]:
    """Return the resources among the blocks of a result, each address once.

    Args:
        content: The blocks.
        in_value: Whether the texts among them make up the step's value.
    """
    found: dict[str, Attachment] = {}
    for block in content:
        match block:
            case ResourceLink():
                attachment = _linked(block)
            case EmbeddedResource(resource=resource):
                attachment = _embedded(contents_of(resource), in_value=in_value)
            case _:
                continue
        if len(attachment.uri) <= _LONGEST_URI and len(found) < _MOST:
            found.setdefault(attachment.uri, attachment)
    return tuple(found.values())


def contents_of(resource: TextResourceContents | BlobResourceContents) -> Contents:
    """Return what a resource holds."""
    uri, mime = str(resource.uri), _mime(resource.mime_type)
    if isinstance(resource, TextResourceContents):
        return Contents(uri=uri, mime=mime, text=resource.text)
    return Contents(uri=uri, mime=mime, blob=resource.blob)


def _linked(link: ResourceLink) -> Attachment:
    return Attachment(
        uri=str(link.uri),
        name=printable(link.title or link.name, _LONGEST_NAME) or "resource",
        description=printable(link.description or "", _LONGEST_DESCRIPTION),
        mime=_mime(link.mime_type),
        size=link.size,
    )


def _embedded(contents: Contents, *, in_value: bool) -> Attachment:
    return Attachment(
        uri=contents.uri,
        name=printable(_last(contents.uri.split("/")), _LONGEST_NAME) or "resource",
        mime=contents.mime,
        contents=contents,
        in_value=in_value and contents.text is not None,
    )


def _mime(mime: str | None) -> str | None:
    return printable(mime, _LONGEST_NAME) if mime else None


def _last(parts: Sequence[str]) -> str:
    """Return the last part of an address that is not empty."""
    return next((part for part in reversed(parts) if part), "")
