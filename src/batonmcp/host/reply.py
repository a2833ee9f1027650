"""The reply to an `orchestrate` call: text for the model, the run record for machines."""

import json
from collections.abc import Sequence
from typing import Any, Final

from mcp_types import CallToolResult, ContentBlock, TextContent
from pydantic import JsonValue

from batonmcp.core.preview import preview
from batonmcp.core.record import RunRecord
from batonmcp.stages.task import Output
from batonmcp.stages.telling import data_text, has_data, sendable, text_of

__all__ = ["RUN_META", "reply", "reply_error", "reply_value"]

RUN_META: Final = "batonmcp/run"


def reply(record: RunRecord, output: Output, attached: Sequence[ContentBlock] = ()) -> CallToolResult:
    """Answer with a run. One text block and no structured content, which some hosts show instead of the text.

    Args:
        record: The run.
        output: What the host wants of it.
        attached: Resources that came along.
    """
    told = data_text(record) if output == "data" and has_data(record) else sendable(text_of(record))
    meta: dict[str, Any] = {RUN_META: json.loads(sendable(json.dumps(preview(record.as_json()), ensure_ascii=False)))}
    is_error = record.status == "failed" or (record.error is not None and record.status not in {"ok", "partial"})
    return CallToolResult(content=[TextContent(text=told), *attached], is_error=is_error, _meta=meta)


def reply_error(sentence: str) -> CallToolResult:
    """Answer that nothing was run."""
    return CallToolResult(content=[TextContent(text=sendable(sentence))], is_error=True)


def reply_value(run_id: str, value: JsonValue) -> CallToolResult:
    """Answer with a part of what a run gave, as JSON."""
    text = sendable(json.dumps(value, ensure_ascii=False))
    return CallToolResult(content=[TextContent(text=text)], _meta={RUN_META: {"run_id": run_id}})
