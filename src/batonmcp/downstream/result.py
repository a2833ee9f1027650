"""The result of a call, as an outcome."""

import math
from collections.abc import Iterable

from mcp_types import CallToolResult, ContentBlock, EmbeddedResource, ResourceLink, TextContent, TextResourceContents
from pydantic import JsonValue

from batonmcp.core.errors import ErrorInfo
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.strict_json import read_json_text
from batonmcp.downstream.resource import attachments

__all__ = ["read_result"]

_LONGEST_ERROR = 2_000
_MOST_LEVELS = 100


def read_result(result: CallToolResult) -> Succeeded | Failed:
    """Return a tool's value: its structured content, else its text parsed as JSON, else its text."""
    text = "\n".join(_text(block) for block in result.content)
    if result.is_error:
        message = " ".join(text.split())[:_LONGEST_ERROR] or "The tool reported an error without saying which."
        return Failed(error=ErrorInfo(kind="tool_error", message=message))
    structured = result.structured_content
    if structured is not None and not _too_deep(structured):
        return Succeeded(value=_finite(structured), attachments=attachments(result.content, in_value=False))
    return Succeeded(value=_parsed(text), attachments=attachments(result.content, in_value=True))


def _parsed(text: str) -> JsonValue:
    try:
        value = read_json_text(text)
    except ValueError:
        return text
    return text if _too_deep(value) else value


def _too_deep(value: JsonValue) -> bool:
    """Whether a value has more levels than whatever walks over it later can take."""
    level: list[JsonValue] = [value]
    for _ in range(_MOST_LEVELS):
        level = [member for outer in level for member in _members(outer)]
        if not level:
            return False
    return True


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
    match value:
        case float() if not math.isfinite(value):
            return None
        case list():
            return [_finite(member) for member in value]
        case dict():
            return {key: _finite(member) for key, member in value.items()}
        case _:
            return value


def _text(block: ContentBlock) -> str:
    """Return a block's text, or a note of what it is."""
    match block:
        case TextContent(text=text):
            return text
        case EmbeddedResource(resource=TextResourceContents(text=text)):
            return text
        case ResourceLink(uri=uri):
            return str(uri)
        case _:
            return f"[{block.type} content]"
