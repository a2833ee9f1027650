"""The result of a call, as an outcome."""

import json
from collections.abc import Iterable
from typing import Any, Literal, cast

from mcp_types import (
    AudioContent,
    CallToolResult,
    ContentBlock,
    EmbeddedResource,
    ImageContent,
    ResourceLink,
    TextContent,
    TextResourceContents,
)
from pydantic import JsonValue
from pydantic_core import from_json, to_json

from batonmcp.core.attachment import Attachment
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.plain_text import plain
from batonmcp.core.strict_json import read_json_text
from batonmcp.core.tool import Tool
from batonmcp.downstream.leniency.examination import MOST_VALUES
from batonmcp.downstream.leniency.result import NOTES_KEY
from batonmcp.downstream.resource import attachment_of, attachments

__all__ = ["read_result"]

_LONGEST_ERROR = 2_000
_LONGEST_NOTE = 300
_MOST_LEVELS = 100
_CONTAINERS = (dict, list)


def read_result(result: CallToolResult, tool: Tool | None = None) -> Succeeded | Failed:
    """Return a tool's value: its structured content, else its text parsed as JSON, else its text.

    A text of more values than a message may hold stays a text. With the tool, notes tell what was mended in the
    result, and how it differs from what the tool has promised; it is kept all the same.
    """
    brought = [attachment_of(block) for block in result.content]
    text = "\n".join(map(_text, result.content, brought))
    if result.is_error:
        message = " ".join(plain(text[: 10 * _LONGEST_ERROR]).split())[:_LONGEST_ERROR]
        message = message or "The tool reported an error without saying which."
        return Failed(error=ErrorInfo(kind="tool_error", message=message))
    notes = (*_notes(result, tool), *_missing(result, tool, brought)) if tool else ()
    structured = result.structured_content
    if structured is None:
        return Succeeded(value=_parsed(text), attachments=attachments(brought, in_value=True), notes=notes)
    value = _structured(structured, text)
    return Succeeded(value=value, attachments=attachments(brought, in_value=False), notes=notes)


def _structured(value: dict[str, JsonValue], text: str) -> JsonValue:
    """Return structured content as it can be worked with: its text where it is too deep, null for what is no number."""
    match _look(value):
        case "deep":
            return _parsed(text) if text else json.dumps(value, ensure_ascii=False)
        case "not finite":
            return _finite(value)
        case _:
            return value


def _notes(result: CallToolResult, tool: Tool) -> Iterable[str]:
    mended: object = (result.meta or {}).get(NOTES_KEY)
    for note in cast("list[object]", mended) if isinstance(mended, list) else ():
        yield f"The result of {tool.qualified} {note}."
    if tool.output_schema is None:
        return
    if result.structured_content is None:
        yield f"The result of {tool.qualified} has no structured content, although its definition promises some."
        return
    for violation in tool.output_schema.violations(result.structured_content)[:1]:
        place = ".".join(map(str, violation.path)) or "its top level"
        said = plain(violation.message)[:_LONGEST_NOTE]
        yield f"The result of {tool.qualified} does not fit its own output schema: at {place[:_LONGEST_NOTE]}, {said}."


def _missing(result: CallToolResult, tool: Tool, brought: Iterable[Attachment | None]) -> Iterable[str]:
    """Tell of images and sounds that cannot be passed on."""
    blocks = zip(result.content, brought, strict=True)
    kinds = [block.type for block, found in blocks if found is None and isinstance(block, ImageContent | AudioContent)]
    for kind in dict.fromkeys(kinds):
        yield f"The result of {tool.qualified} has {kind} content whose data are no base64, so that it was left out."


def _parsed(text: str) -> JsonValue:
    if text.count(",") + text.count("[") + text.count("{") > MOST_VALUES:
        return text
    try:
        value = read_json_text(text)
    except ValueError:
        return text
    return text if _look(value) == "deep" else value


def _look(value: JsonValue) -> Literal["good", "deep", "not finite"]:
    """Tell whether a value has more levels than whatever walks over it later can take, or a number that is none."""
    level: list[Any] = [[value]]
    finite = True
    for _ in range(_MOST_LEVELS + 1):
        members = [member for outer in level for member in _members(outer)]
        finite = finite and not any(type(member) is float and member - member != 0 for member in members)
        level = [member for member in members if type(member) in _CONTAINERS]
        if not level:
            return "good" if finite else "not finite"
    return "deep"


def _members(value: JsonValue) -> Iterable[JsonValue]:
    match value:
        case dict():
            return value.values()
        case list():
            return value
        case _:
            return ()


def _finite(value: JsonValue) -> JsonValue:
    """Put null where a server has sent NaN or an infinity, as many do although JSON does not have them."""
    return from_json(to_json(value, inf_nan_mode="null"))


def _text(block: ContentBlock, brought: Attachment | None) -> str:
    """Return a block's text, or a note of what it is."""
    match block:
        case TextContent(text=text):
            return text
        case EmbeddedResource(resource=TextResourceContents(text=text)):
            return text
        case ResourceLink(uri=uri):
            return str(uri)
        case _:
            return f"[{brought.label if brought else f'{block.type} without usable data'}]"
