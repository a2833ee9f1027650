"""What to do otherwise after a complaint: one thing at a time, so that no more is given up than has to be."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from batonmcp.llm.complaint import Complaint
from batonmcp.llm.dialect import LIMIT, LIMITS, STREAM, Dialect

__all__ = ["mended"]

_ALWAYS = frozenset({"messages", "model", "response_format", "tools"})
_ABOUT_REQUEST = frozenset({400, 422})
_ABOUT_TOOLS = frozenset({400, 404, 405, 422, 500, 501})
"""Statuses with which endpoints say that a request is not for them; llama.cpp says 500."""

_ENOUGH = 4_096
_NO_TOOLS = re.compile(
    r"--enable-auto-tool-choice|--tool-call-parser|--jinja|support tools|support tool|tool use|tool_use|"
    r"tool calling|tool calls|function calling|tools? (?:is|are) not|\btools? param|tool choice|tool_choice"
)
_TOO_MANY = re.compile(r"array_above_max_length|too many tools|too many functions|maximum number of tools")
_GRAMMAR = re.compile(
    r"grammar|invalid schema|json schema|invalid_function_parameters|function\.parameters|regex|"
    r"function_declarations|proto field|unknown name|too many states|schema is too complex"
)
_SYSTEM = re.compile(
    r"system (?:role|message|prompt|instruction)|(?:role|support)\W.{0,20}\bsystem\b|'system'|"
    r"developer instruction|only user and assistant roles|roles must alternate"
)
_PARALLEL = re.compile(r"parallel.tool.calls?|parallel.function|single tool.call")
_THINKS = re.compile(r"(?:reasoning|thinking) (?:is mandatory|cannot be|can't be|is required)")
_FORMAT = re.compile(r"response.?format|json_schema|json_object|json mode|structured output")
_STREAM = re.compile(r"\bstream(?:s|ed|ing)?\b")
_REQUIRED = re.compile(r"required|missing|must be set|must be specified")


def mended(dialect: Dialect, complaint: Complaint, sent: Mapping[str, Any]) -> Dialect | None:
    """Return a dialect that avoids what the endpoint complained about, None if that is not to be avoided.

    Args:
        dialect: What was spoken.
        complaint: What the endpoint says about it.
        sent: The body of the request.
    """
    if complaint.status not in _ABOUT_TOOLS:
        return None
    if STREAM in sent and _STREAM.search(complaint.text):  # some cannot stream calls, which is no reason to make none
        return dialect.without(STREAM)
    changed = _tools(dialect, complaint, sent)
    if changed is None and complaint.status in _ABOUT_REQUEST:
        changed = _limit(dialect, complaint, sent) or _format(dialect, complaint, sent)
        changed = changed or _role(dialect, complaint) or _parameter(dialect, complaint, sent)
    return changed if changed != dialect else None


def _tools(dialect: Dialect, complaint: Complaint, sent: Mapping[str, Any]) -> Dialect | None:
    """Answer complaints about functions: with less thinking, plainer schemas, or another form."""
    text = complaint.text
    if "tools" not in sent:
        return _plainer(dialect, complaint) if "response_format" in sent else None
    if ("tool" in text or "function" in text) and "effort" in text:
        return _thinking_less(dialect)
    if _GRAMMAR.search(text):
        return _plainer(dialect, complaint) or dialect.simpler
    if "tool_choice" in sent and _names(text, "tool_choice") and "--" not in text:
        return dialect.without("tool_choice")
    if "parallel_tool_calls" in sent and _PARALLEL.search(text):
        return dialect.without("parallel_tool_calls")
    about = _NO_TOOLS.search(text) or _TOO_MANY.search(text) or re.match(r"tools\b", complaint.param)
    return dialect.simpler if about or _names(text, "tools") else None


def _thinking_less(dialect: Dialect) -> Dialect:
    """Have the model not think before it calls tools; where that cannot be said, ask for no tool calls."""
    if dialect.effort is None and "reasoning_effort" not in dialect.dropped:
        return replace(dialect, effort="none")
    return replace(dialect.without("reasoning_effort"), effort=None, form="json_schema")


def _plainer(dialect: Dialect, complaint: Complaint) -> Dialect | None:
    plain = dialect.schemas == "full" and _GRAMMAR.search(complaint.text) and "response_format" not in complaint.text
    return replace(dialect, schemas="plain") if plain else None


def _limit(dialect: Dialect, complaint: Complaint, sent: Mapping[str, Any]) -> Dialect | None:
    """Answer complaints about the limit of output tokens: it has two names, and some endpoints ask for one."""
    limit = next((name for name in LIMITS if name in sent), None)
    if limit and _names(complaint.text, limit):
        return replace(dialect.without(LIMIT), limit=None) if dialect.renamed else replace(dialect, renamed=True)
    asked = _names(complaint.text, "max_tokens") and _REQUIRED.search(complaint.text)
    return replace(dialect, limit=_ENOUGH) if asked and limit is None else None


def _format(dialect: Dialect, complaint: Complaint, sent: Mapping[str, Any]) -> Dialect | None:
    text = complaint.text
    asked = "response_format" in sent
    return dialect.simpler if asked and _FORMAT.search(text) else None


def _role(dialect: Dialect, complaint: Complaint) -> Dialect | None:
    return replace(dialect, merged=True) if _SYSTEM.search(complaint.text) and not dialect.merged else None


def _parameter(dialect: Dialect, complaint: Complaint, sent: Mapping[str, Any]) -> Dialect | None:
    """Leave out the parameter that it minds: the one it names as such, else the first that its words name."""
    can_go = sorted(sent.keys() - _ALWAYS)
    named = complaint.param.split(".")[0]
    if named in can_go:
        return _left_out(dialect, named)
    blamed = next((parameter for parameter in can_go if _names(complaint.text, parameter)), None)
    if blamed is None and "reasoning_effort" in sent and _THINKS.search(complaint.text):
        blamed = "reasoning_effort"
    return _left_out(dialect, blamed) if blamed else None


def _left_out(dialect: Dialect, parameter: str) -> Dialect:
    kept = replace(dialect, effort=None) if parameter == "reasoning_effort" else dialect
    return kept.without(parameter)


def _names(text: str, parameter: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(parameter)}(?![\w-])", text) is not None
