"""The reply to an `orchestrate` call: text for the model, the run record for machines."""

import json
from typing import Any, Final

from mcp_types import CallToolResult, TextContent

from batonmcp.core.preview import preview
from batonmcp.core.record import RunRecord
from batonmcp.stages.task import Output
from batonmcp.stages.telling import data_of, text_of

__all__ = ["RUN_META", "reply", "reply_error"]

RUN_META: Final = "batonmcp/run"


def reply(record: RunRecord, output: Output) -> CallToolResult:
    """Answer with a run. One text block and no structured content, which some hosts show instead of the text."""
    text = json.dumps(data_of(record), ensure_ascii=False) if output == "data" and record.steps else text_of(record)
    meta: dict[str, Any] = {RUN_META: preview(record.as_json())}
    return CallToolResult(
        content=[TextContent(text=text)], is_error=record.error is not None and not _useful(record), _meta=meta
    )


def reply_error(sentence: str) -> CallToolResult:
    """Answer that nothing was run."""
    return CallToolResult(content=[TextContent(text=sentence)], is_error=True)


def _useful(record: RunRecord) -> bool:
    return record.status in {"ok", "partial"}
