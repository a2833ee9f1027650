"""The body of a request, in the dialect of who gets it."""

from collections.abc import Mapping
from typing import Any

from batonmcp.config.settings import LlmEndpoint
from batonmcp.core.json_text import json_text
from batonmcp.llm.dialect import LIMIT, LIMITS, STREAM, Dialect
from batonmcp.llm.port import Function, Request
from batonmcp.llm.schema import clipped, safe_schema

__all__ = ["request_body"]

_REASON = {"type": "string"}
_CALLS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "calls": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "arguments": {"type": "object"}},
                "required": ["name", "arguments"],
            },
        }
    },
    "required": ["calls"],
}
_AS_PLAN = """\
You cannot call functions here: write the arguments of {plan} instead, as one JSON object and nothing else, no markdown.
A single tool is a plan of one step: {{"steps": [{{"id": "s1", "tool": "...", "arguments": {{}}}}]}}.
If no tool is needed or none fits, write {{"steps": [], "reason": "why, in one sentence"}}."""
_AS_CALLS = """\
You cannot call functions here: write the calls instead, as one JSON object and nothing else, no markdown:
{"calls": [{"name": "...", "arguments": {}}]}.
If none is needed or none fits, write {"calls": [], "reason": "why, in one sentence"}."""


def request_body(request: Request, endpoint: LlmEndpoint, dialect: Dialect, *, stream: bool = False) -> dict[str, Any]:
    """Return the body: the minimum that every endpoint takes, without what this one does not.

    Args:
        request: What to ask.
        endpoint: Whom.
        dialect: What it takes.
        stream: Whether the reply is wanted piece by piece, from an endpoint that can do that.
    """
    body: dict[str, Any] = {"model": endpoint.model, "messages": [], "temperature": request.temperature}
    body |= endpoint.parameters
    system = request.system
    if request.functions and dialect.form == "tools":
        body["tools"] = [_tool(function, dialect) for function in request.functions]
        if dialect.effort is not None:
            body["reasoning_effort"] = dialect.effort
    elif request.functions:
        system = f"{system}\n\n{_instead(request, dialect)}"
        body |= _response_format(request, dialect)
    if stream and STREAM not in dialect.dropped:
        body |= {STREAM: True, "stream_options": {"include_usage": True}}
    body["messages"] = _messages(system, request.user, merged=dialect.merged)
    return {key: value for key, value in _limited(body, dialect).items() if key not in dialect.dropped}


def _messages(system: str, user: str, *, merged: bool) -> list[dict[str, str]]:
    if merged:
        return [{"role": "user", "content": f"{system}\n\n{user}"}]
    return [{"role": "system", "content": system}, {"role": "user", "content": user}]


def _tool(function: Function, dialect: Dialect) -> dict[str, Any]:
    return {"type": "function", "function": _described(function, dialect)}


def _described(function: Function, dialect: Dialect) -> dict[str, Any]:
    return {
        "name": function.name,
        "description": clipped(function.description),
        "parameters": safe_schema(function.parameters, plain=dialect.schemas == "plain"),
    }


def _instead(request: Request, dialect: Dialect) -> str:
    """Say in words what would otherwise be said by `tools`."""
    plan = request.plan_function
    parts = [_AS_PLAN.format(plan=plan) if plan else _AS_CALLS]
    if dialect.form != "json_schema":
        parts.append(f"It keeps to this JSON Schema: {json_text(_schema(request))}")
    lines = [json_text(_described(function, dialect)) for function in request.functions if function.name != plan]
    if lines:
        parts.append("\n".join(["The functions, one JSON object a line:", *lines]))
    return "\n\n".join(parts)


def _response_format(request: Request, dialect: Dialect) -> dict[str, Any]:
    match dialect.form:
        case "json_schema":
            form = {"name": request.plan_function or "calls", "schema": _schema(request)}
            return {"response_format": {"type": "json_schema", "json_schema": form}}
        case "json_object":
            return {"response_format": {"type": "json_object"}}
        case _:
            return {}


def _schema(request: Request) -> dict[str, Any]:
    """Return the schema of what is written in place of calls: of a plan, or of a list of calls."""
    plans = [function.parameters for function in request.functions if function.name == request.plan_function]
    schema = safe_schema(next(iter(plans), _CALLS))
    return {**schema, "properties": {**schema["properties"], "reason": _REASON}}


def _limited(body: dict[str, Any], dialect: Dialect) -> dict[str, Any]:
    """Put the limit of output tokens under the name that is known there, or leave it out."""
    written = next((name for name in LIMITS if name in body), LIMIT)
    limit = body.get(written, dialect.limit)
    rest = {key: value for key, value in body.items() if key not in LIMITS}
    if limit is None or LIMIT in dialect.dropped:
        return rest
    other = LIMITS[1 - LIMITS.index(written)]
    return {**rest, other if dialect.renamed else written: limit}
