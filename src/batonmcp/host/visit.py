"""Replies about runs that there are already: what they gave, what is kept of them, and that there are too many."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, cast

from mcp_types import CallToolResult, ContentBlock, TextContent
from pydantic import JsonValue

from batonmcp.core.errors import BatonError
from batonmcp.core.record import RunRecord
from batonmcp.host.reply import LONGEST_TEXT, RUN_META, reply, reply_error, reply_value
from batonmcp.stages.fitting import abridged, sendable
from batonmcp.stages.select import select
from batonmcp.stages.task import Output
from batonmcp.stages.telling import reads_begun

__all__ = ["RETRY_AFTER_S", "reply_again", "reply_busy", "reply_cancelled", "reply_kept", "reply_selected"]

RETRY_AFTER_S: Final = 2.0

_LONGEST_ID = 64


def reply_again(record: RunRecord, output: Output, attached: Sequence[ContentBlock]) -> CallToolResult:
    """Answer with a run that has ended, as something else than what it was asked for at first.

    A run that was to give data has no words: asked for them, it gives its data all the same.
    """
    if output == "plan":
        return reply_value(record.run_id, cast("JsonValue", record.plan))
    if record.status not in {"ok", "partial", "failed"}:
        return reply(record, output, attached)
    if output == "data":
        return reply(replace(record, answer=None, error=None), output, attached)
    return reply(record, "data" if record.answer is None else output, attached)


def reply_cancelled(record: RunRecord, because: str) -> CallToolResult:
    """Answer that a run was cancelled, and how what it had finished by then can be read."""
    done = [step.id for step in record.steps if step.status == "succeeded"]
    ahead = f" {told}" if (told := reads_begun(record)) else ""
    more = f' What it had done can be read: {{"run_id": "{record.run_id}", "select": "{done[0]}"}}.' if done else ""
    answer = reply(replace(record, status="cancelled", answer=f"{because}{ahead}{more}"), "answer")
    return answer.model_copy(update={"is_error": True})


def reply_selected(record: RunRecord, source: str, inputs: Mapping[str, JsonValue]) -> CallToolResult:
    """Answer with a part of what a run of this process gave.

    Raises:
        BatonError: The expression cannot be used, or not yet.
    """
    going = [step.id for step in record.steps if step.status in {"pending", "running"}] if _goes(record) else []
    values = {step.id: step.value for step in record.steps}
    return reply_value(record.run_id, select(source, values, inputs=inputs, going=going))


def reply_kept(record: Mapping[str, Any] | None, run_id: str, source: str | None) -> CallToolResult:
    """Answer with what the store has of a run: of an earlier process of ours, or one that is not kept here any more.

    Raises:
        BatonError: It has nothing, or the expression cannot be used.
    """
    if record is None:
        shown = run_id[:_LONGEST_ID]
        message = f"There is no run {shown!r}, or it is no longer kept, or it was started by somebody else."
        raise BatonError(kind="unknown_run", message=message, cure="Call orchestrate anew with the whole task.")
    steps = cast("list[dict[str, Any]]", record.get("steps") or [])
    if source:
        values = {str(step["id"]): step.get("value") for step in steps}
        cut = [name for name, value in values.items() if _is_preview(value)]
        return reply_value(run_id, select(source, values, inputs={}, left_out=cut))
    answer = record.get("answer")
    text = answer if isinstance(answer, str) else "Only its results are kept: read them with `select`."
    meta = {RUN_META: {key: record.get(key) for key in ("run_id", "status", "query", "mode", "planner")}}
    told = abridged(sendable(f"Run {run_id}, {record.get('status')}, as it was kept.\n\n{text}"), LONGEST_TEXT)
    return CallToolResult(content=[TextContent(text=told)], _meta=meta)


def reply_busy(working: int) -> CallToolResult:
    """Answer that nothing was run, as too much is being run."""
    sentence = (
        f"Busy: {working} runs are at work here and others wait. Nothing was run; try again in {RETRY_AFTER_S:g} s."
    )
    busy = reply_error(sentence)
    return busy.model_copy(update={"meta": {RUN_META: {"status": "busy", "retry_after_s": RETRY_AFTER_S}}})


def _goes(record: RunRecord) -> bool:
    return record.status == "running"


def _is_preview(value: object) -> bool:
    return isinstance(value, dict) and value.keys() == {"preview", "characters"}
