"""The resources that came along with a run's results, as blocks of the reply."""

from collections.abc import Iterator
from itertools import islice

from mcp_types import ContentBlock, EmbeddedResource, ResourceLink

from batonmcp.core.attachment import Attachment
from batonmcp.core.record import RunRecord, StepRecord
from batonmcp.host.resources import Shelf, readable

__all__ = ["attached"]

_MOST = 50
_LARGEST = 100_000
_LARGEST_TOGETHER = 400_000


def attached(record: RunRecord, seen: Shelf) -> list[ContentBlock]:
    """Return a block for each resource of a run's steps, and note them all, so that they can be read from us.

    What a result held comes along unless it is in the answer already, or large; the rest are links.
    """
    left = _LARGEST_TOGETHER
    blocks: list[ContentBlock] = []
    for step, attachment, uri in _noted(record, seen):
        contents = attachment.contents
        if contents and not attachment.in_value and contents.size <= min(left, _LARGEST):
            left -= contents.size
            meta = {"batonmcp/step": step.id, "batonmcp/tool": step.tool}
            blocks.append(EmbeddedResource(resource=readable(contents, uri), _meta=meta))
        else:
            blocks.append(_link(step, attachment, uri))
    return list(islice(blocks, _MOST))


def _noted(record: RunRecord, seen: Shelf) -> Iterator[tuple[StepRecord, Attachment, str]]:
    for step in record.steps:
        for attachment in step.attachments:
            yield step, attachment, seen.note(step.server, attachment)


def _link(step: StepRecord, attachment: Attachment, uri: str) -> ResourceLink:
    return ResourceLink(
        uri=uri,
        name=attachment.name,
        description=f"From step {step.id}, {step.tool}. {attachment.description}".strip(),
        mime_type=attachment.mime,
        size=attachment.size,
    )
