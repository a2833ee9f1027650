"""Resources as servers send them, in results and when they read one; and the images and sound of results."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from mcp_types import (
    Annotations,
    AudioContent,
    BlobResourceContents,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextResourceContents,
)
from pydantic import JsonValue

from batonmcp.core.attachment import Attachment, Contents
from batonmcp.core.printable import printable
from batonmcp.downstream.media import media_of

__all__ = ["attachment_of", "attachments", "contents_of"]

_MOST = 100
_LONGEST_URI = 2_000
_LONGEST_NAME = 200
_LONGEST_DESCRIPTION = 500


def attachments(found: Iterable[Attachment | None], *, in_value: bool) -> tuple[Attachment, ...]:
    """Return what blocks of a result bring along, each address once.

    Args:
        found: The attachment of each block, where it has one.
        in_value: Whether the texts among the blocks make up the step's value.
    """
    kept: list[Attachment] = []
    known: set[str] = set()
    for attachment in found:
        if attachment is None or len(attachment.uri) > _LONGEST_URI or attachment.uri in known:
            continue
        is_text = attachment.contents is not None and attachment.contents.text is not None
        kept.append(replace(attachment, in_value=True) if in_value and is_text else attachment)
        known |= {attachment.uri} - {""}
        if len(kept) == _MOST:
            break
    return tuple(kept)


def attachment_of(block: ContentBlock) -> Attachment | None:
    """Return what a block brings along; None for a text, and for an image or a sound without usable data."""
    match block:
        case ResourceLink():
            return _linked(block)
        case EmbeddedResource(resource=resource):
            return _embedded(contents_of(resource), block.annotations)
        case ImageContent() | AudioContent():
            return media_of(block.type, block.data, mime=_mime(block.mime_type), annotations=_noted(block.annotations))
        case _:
            return None


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
        annotations=_noted(link.annotations),
    )


def _embedded(contents: Contents, annotations: Annotations | None) -> Attachment:
    return Attachment(
        uri=contents.uri,
        name=printable(_last(contents.uri.split("/")), _LONGEST_NAME) or "resource",
        mime=contents.mime,
        contents=contents,
        annotations=_noted(annotations),
    )


def _noted(annotations: Annotations | None) -> dict[str, JsonValue] | None:
    """Return annotations as JSON, of which only the protocol's own are passed on."""
    if annotations is None:
        return None
    told: dict[str, JsonValue] = {}
    if annotations.audience is not None:
        told["audience"] = list(annotations.audience[:2])
    if annotations.priority is not None:
        told["priority"] = annotations.priority
    if annotations.last_modified is not None:
        told["lastModified"] = printable(annotations.last_modified, _LONGEST_NAME)
    return told or None


def _mime(mime: str | None) -> str | None:
    return printable(mime, _LONGEST_NAME) if mime else None


def _last(parts: Sequence[str]) -> str:
    """Return the last part of an address that is not empty."""
    return next((part for part in reversed(parts) if part), "")
