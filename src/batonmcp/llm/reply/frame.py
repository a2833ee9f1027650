"""The frame of a reply: from bytes to the message, or to what the endpoint says instead of one."""

import json
from dataclasses import dataclass
from typing import Any, cast

from batonmcp.llm.reply.shapes import as_list, as_object
from batonmcp.llm.reply.stream import assembled
from batonmcp.llm.reply.unusable import ADDRESS, unusable

__all__ = ["Frame", "read_frame", "text_of_parts"]

_LONGEST = 200
_LATER = "That is what the endpoint says: try again later, or use another endpoint or model."
_SAYINGS = ("detail", "message", "base_resp")
"""Where endpoints say why there is no reply, beside `error`."""

_THOUGHTS = frozenset({"thinking", "reasoning", "redacted_thinking", "tool_use"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The part of a reply that says something.

    Attributes:
        message: The first message with anything in it.
        finish: Why it ends, in lower case.
        usage: What was counted, of any type.
    """

    message: dict[str, Any]
    finish: str
    usage: object


def read_frame(body: bytes, *, content_type: str, endpoint: str) -> Frame:
    """Find the message in a body.

    Raises:
        Unusable: There is none.
    """
    document = _document(body, content_type, endpoint)
    choices = [as_object(choice) for choice in as_list(document.get("choices"))]
    if not choices and isinstance(document.get("message"), dict):
        choices = [document]  # Ollama's own format
    error = document.get("error") or next((choice["error"] for choice in choices if choice.get("error")), None)
    if error and choices:
        raise unusable(endpoint, f"an error{_complaint(error)}", cure=_LATER)
    if not choices:
        said = _complaint(error or next(filter(None, map(document.get, _SAYINGS)), None))
        raise unusable(endpoint, f"no choices{said}", cure=_LATER if said else ADDRESS)
    frames = [_frame(choice, document) for choice in choices]
    return next((frame for frame in frames if _says(frame.message)), frames[0])


def text_of_parts(content: object) -> str:
    """Take text, or the text parts of a list of parts; what a model only thought is none."""
    if isinstance(content, str):
        return content.removeprefix("\ufeff").strip()
    parts = [as_object(part) for part in as_list(content)]
    texts = [part.get("text") for part in parts if part.get("type") not in _THOUGHTS]
    return "".join(text for text in texts if isinstance(text, str)).strip()


def _document(body: bytes, content_type: str, endpoint: str) -> dict[str, Any]:
    document: object
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        document = assembled(body.decode("utf-8", "replace"))
    if document is None:
        again = "json" in content_type or "event-stream" in content_type
        raise unusable(endpoint, f"{content_type[:100] or 'something'} that is not JSON", again=again)
    if isinstance(document, list) and len(members := cast("list[object]", document)) == 1:
        document = members[0]
    if not isinstance(document, dict):
        raise unusable(endpoint, "JSON that is not an object")
    return cast("dict[str, Any]", document)


def _frame(choice: dict[str, Any], document: dict[str, Any]) -> Frame:
    message = as_object(choice.get("message")) or as_object(choice.get("delta"))
    if not message and isinstance(choice.get("text"), str):
        message = {"content": choice["text"]}
    finish = choice.get("finish_reason")
    return Frame(message=message, finish=finish.lower() if isinstance(finish, str) else "", usage=document.get("usage"))


def _says(message: dict[str, Any]) -> bool:
    return any(message.get(key) for key in ("content", "tool_calls", "function_call", "refusal"))


def _complaint(error: object) -> str:
    details = as_object(error)
    said = (details.get("message") or details.get("status_msg") or error) if error else None
    return f" ({str(said)[:_LONGEST]})" if said else ""
