"""The reply to an `orchestrate` call: text for the model, what came along, the run record for machines."""

import json
from collections.abc import Sequence
from typing import Any, Final

from mcp_types import CallToolResult, ContentBlock, TextContent
from pydantic import JsonValue

from batonmcp.core.preview import LARGEST_RECORD, preview
from batonmcp.core.record import RunRecord
from batonmcp.stages.task import Output
from batonmcp.stages.telling import data_text, has_data, sendable, text_of, value_text

__all__ = ["LARGEST_REPLY", "LONGEST_TEXT", "RUN_META", "reply", "reply_error", "reply_value"]

RUN_META: Final = "batonmcp/run"
LONGEST_TEXT: Final = 39_000
"""Characters of text: past 40,000 hosts cut it, or put it where their model does not see it."""

LARGEST_REPLY: Final = 900_000
"""Bytes of JSON of the whole: past a megabyte some hosts throw it away."""

_FRAME: Final = 2_000
_LEAST_RECORD: Final = 20_000


def reply(record: RunRecord, output: Output, attached: Sequence[ContentBlock] = ()) -> CallToolResult:
    """Answer with a run: its text first, and no structured content, which some hosts show instead of the text.

    Args:
        record: The run.
        output: What the host wants of it.
        attached: What came along; texts among it are lines about the rest, and become part of the text.
    """
    lines = [block.text for block in attached if isinstance(block, TextContent)]
    if output == "data" and has_data(record):
        text = data_text(record, room=LONGEST_TEXT, attached=lines)
    else:
        text = text_of(record, room=LONGEST_TEXT, attached=lines)
    content = [TextContent(text=text), *(block for block in attached if not isinstance(block, TextContent))]
    left = LARGEST_REPLY - _FRAME - sum(map(_size, content))
    small = preview(record.as_json(), most=min(max(left, _LEAST_RECORD), LARGEST_RECORD))
    meta: dict[str, Any] = {RUN_META: json.loads(sendable(json.dumps(small, ensure_ascii=False)))}
    is_error = record.status == "failed" or (record.error is not None and record.status not in {"ok", "partial"})
    return CallToolResult(content=content, is_error=is_error, _meta=meta)


def reply_error(sentence: str) -> CallToolResult:
    """Answer that nothing was run."""
    return CallToolResult(content=[TextContent(text=sendable(sentence))], is_error=True)


def reply_value(run_id: str, value: JsonValue) -> CallToolResult:
    """Answer with a part of what a run gave, as JSON."""
    text = value_text(run_id, value, room=LONGEST_TEXT)
    return CallToolResult(content=[TextContent(text=text)], _meta={RUN_META: {"run_id": run_id}})


def _size(block: ContentBlock) -> int:
    return len(block.model_dump_json(by_alias=True, exclude_none=True).encode())
