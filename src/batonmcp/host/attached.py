"""What came along with a run's results, as blocks of the reply: resources, images and sound."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from mcp_types import (
    Annotations,
    AudioContent,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
)

from batonmcp.core.attachment import Attachment, Contents
from batonmcp.core.printable import printable
from batonmcp.core.record import RunRecord, StepRecord
from batonmcp.host.resources import Shelf, readable
from batonmcp.stages.telling import sendable

__all__ = ["attached"]

_MOST: Final = 50
_MOST_LINES: Final = 12
_LONGEST_LABEL: Final = 200
_LARGEST: Final = 100_000
_LARGEST_TOGETHER: Final = 560_000
"""Bytes of all that is sent along: hosts take a megabyte, text and record included."""

_BESIDE: Final = 3_000
"""Bytes that a block has beside what it holds, at the most."""


def attached(record: RunRecord, seen: Shelf) -> list[ContentBlock]:
    """Return blocks for what came along with a run's steps, and note all resources, so that they can be read from us.

    Images and sound come along as long as there is room. What a resource held comes along unless it is in the answer
    already, or large; the rest are links. Lines of text name the images and sounds, which have no names of their own,
    and what does not come along.
    """
    blocks: list[ContentBlock] = []
    lines: list[str] = []
    left = _LARGEST_TOGETHER
    missing = 0
    for step, attachment, uri in _noted(record, seen):
        size = _size(attachment)
        fits = size is not None and size + _BESIDE <= left
        if len(blocks) == _MOST:
            missing += 1
            continue
        if attachment.media:
            lines.append(_line(step, attachment, sent=fits))
        if attachment.contents and fits:
            made = _media if attachment.media else _embedded
            blocks.append(made(step, attachment, attachment.contents, uri))
            left -= (size or 0) + _BESIDE
        elif not attachment.media:
            blocks.append(_link(step, attachment, uri))
            left -= len(uri) + _BESIDE
    return [*map(_text, _told(lines, missing)), *blocks]


def _noted(record: RunRecord, seen: Shelf) -> Iterator[tuple[StepRecord, Attachment, str]]:
    for step in record.steps:
        for attachment in step.attachments:
            yield step, attachment, "" if attachment.media else seen.note(step.server, attachment)


def _size(attachment: Attachment) -> int | None:
    """Return how many bytes it takes to send what an attachment holds; None if it is not to be sent."""
    contents = attachment.contents
    if contents is None or attachment.in_value or (contents.size > _LARGEST and not attachment.media):
        return None
    return len(json.dumps(sendable(contents.text or ""), ensure_ascii=False).encode()) + len(contents.blob or "")


def _line(step: StepRecord, attachment: Attachment, *, sent: bool) -> str:
    place = f"step `{step.id}`, {step.tool}"
    label = printable(attachment.label, _LONGEST_LABEL)
    return f"Attached: {label}, from {place}." if sent else f"Not attached, as it is too large: {label}, from {place}."


def _told(lines: list[str], missing: int) -> Iterator[str]:
    yield from lines[:_MOST_LINES]
    if len(lines) > _MOST_LINES:
        yield f"And {len(lines) - _MOST_LINES} more images or sounds."
    if missing:
        yield f"{missing} more attachments are not sent along; resources among them can be listed and read from here."


def _text(line: str) -> TextContent:
    return TextContent(text=line)


def _media(step: StepRecord, attachment: Attachment, contents: Contents, _uri: str) -> ContentBlock:
    made = ImageContent if attachment.media == "image" else AudioContent
    mime = attachment.mime or f"{attachment.media}/*"
    data, annotations = contents.blob or "", _annotations(attachment.annotations)
    return made(data=data, mime_type=mime, annotations=annotations, _meta=_meta(step))


def _embedded(step: StepRecord, attachment: Attachment, contents: Contents, uri: str) -> ContentBlock:
    annotations = _annotations(attachment.annotations)
    return EmbeddedResource(resource=readable(contents, uri), annotations=annotations, _meta=_meta(step))


def _link(step: StepRecord, attachment: Attachment, uri: str) -> ResourceLink:
    return ResourceLink(
        uri=uri,
        name=attachment.name,
        description=f"From step {step.id}, {step.tool}. {attachment.description}".strip(),
        mime_type=attachment.mime,
        size=attachment.size,
        annotations=_annotations(attachment.annotations),
        _meta=_meta(step),
    )


def _annotations(told: Mapping[str, Any] | None) -> Annotations | None:
    return None if told is None else Annotations.model_validate(dict(told))


def _meta(step: StepRecord) -> dict[str, Any]:
    return {"batonmcp/step": step.id, "batonmcp/tool": step.tool}
