"""The result of a call, as an outcome."""

import json

from mcp_types import CallToolResult, ContentBlock, EmbeddedResource, ResourceLink, TextContent, TextResourceContents
from pydantic import JsonValue

from batonmcp.core.errors import ErrorInfo
from batonmcp.core.outcome import Failed, Succeeded

__all__ = ["read_result"]

_LONGEST_ERROR = 2_000


def read_result(result: CallToolResult) -> Succeeded | Failed:
    """Return a tool's value: its structured content, else its text parsed as JSON, else its text."""
    text = "\n".join(_text(block) for block in result.content)
    if result.is_error:
        message = " ".join(text.split())[:_LONGEST_ERROR] or "The tool reported an error without saying which."
        return Failed(error=ErrorInfo(kind="tool_error", message=message))
    if result.structured_content is not None:
        return Succeeded(value=result.structured_content)
    return Succeeded(value=_parsed(text))


def _parsed(text: str) -> JsonValue:
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return text
    return value


def _refuse(constant: str) -> None:
    """Refuse NaN and the infinities, which JSON does not have."""
    raise ValueError(constant)


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
