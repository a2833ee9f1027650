"""The reply of a Chat Completions endpoint, read with tolerance.

Endpoints deviate from the published format in many ways and clients do not validate what comes back, so this module
starts from plain JSON and takes nothing for granted.
"""

import json
from typing import Any, cast

from batonmcp.core.errors import LlmError
from batonmcp.core.strict_json import read_json_text
from batonmcp.llm.port import FunctionCall, Reply, Tokens

__all__ = ["read_reply"]


def read_reply(body: bytes, *, content_type: str, endpoint: str) -> Reply:
    """Read the body of a successful HTTP response.

    Args:
        body: The response's body.
        content_type: Its content type, for the error sentence.
        endpoint: The host that answered, for the error sentence.

    Raises:
        LlmError: There is no reply in it.
    """
    document = _json(body, content_type, endpoint)
    choice = _first_choice(document, endpoint)
    message = _object(choice.get("message"))
    refusal = message.get("refusal")
    if isinstance(refusal, str) and refusal:
        raise LlmError(kind="llm_refusal", message=f"The model at {endpoint} refused: {refusal[:300]}")
    match choice.get("finish_reason"):
        case "length":
            raise LlmError(
                kind="llm_truncated",
                message=f"The model at {endpoint} reached its output limit in the middle of its reply.",
                cure="Raise the model's limit of output tokens, or ask for less at once.",
            )
        case "content_filter":
            raise LlmError(kind="llm_refusal", message=f"The content filter of {endpoint} held the reply back.")
        case _:
            pass
    calls = tuple(_call(entry, endpoint) for entry in _list(message.get("tool_calls")))
    text = _text(message.get("content"))
    if not calls and not text:
        raise _bad(endpoint, "an empty message")
    return Reply(text=text, calls=calls, tokens=_tokens(document.get("usage")))


def _json(body: bytes, content_type: str, endpoint: str) -> dict[str, Any]:
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        raise _bad(endpoint, f"{content_type or 'something'} that is not JSON") from None
    if not isinstance(document, dict):
        raise _bad(endpoint, "JSON that is not an object")
    return cast("dict[str, Any]", document)


def _first_choice(document: dict[str, Any], endpoint: str) -> dict[str, Any]:
    choices = _list(document.get("choices"))
    if choices:
        return _object(choices[0])
    error = document.get("error")
    detail = _object(error).get("message", error) if error else None
    raise _bad(endpoint, f"no choices ({str(detail)[:200]})" if detail else "no choices")


def _call(entry: object, endpoint: str) -> FunctionCall:
    function = _object(_object(entry).get("function")) or _object(entry)
    name = function.get("name")
    if not isinstance(name, str) or not name:
        raise _bad(endpoint, "a tool call without a name")
    return FunctionCall(name=name, arguments=_arguments(function.get("arguments"), name, endpoint))


def _arguments(given: object, name: str, endpoint: str) -> dict[str, Any]:
    """Read arguments that should be JSON text but may be an object, nothing, or JSON text of JSON text."""
    for _ in range(2):
        if not isinstance(given, str):
            break
        try:
            given = read_json_text(given) if given.strip() else {}
        except ValueError:
            raise LlmError(
                kind="llm_bad_response",
                message=f"The model at {endpoint} called {name} with arguments that are not JSON: {given[:120]!r}.",
                cure="Often the reply was cut off: raise the limit of output tokens, or try a more capable model.",
            ) from None
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise _bad(endpoint, f"a call of {name} whose arguments are no object")
    return cast("dict[str, Any]", given)


def _text(content: object) -> str:
    """Take text, or the text parts of a list of parts."""
    if isinstance(content, str):
        return content.strip()
    parts = [_object(part).get("text") for part in _list(content)]
    return "".join(part for part in parts if isinstance(part, str)).strip()


def _tokens(usage: object) -> Tokens:
    counts = _object(usage)
    details = _object(counts.get("prompt_tokens_details"))
    return Tokens(
        prompt=_count(counts.get("prompt_tokens")),
        completion=_count(counts.get("completion_tokens")),
        cached=_count(details.get("cached_tokens")),
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else 0


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


def _bad(endpoint: str, what: str) -> LlmError:
    return LlmError(
        kind="llm_bad_response",
        message=f"The LLM endpoint {endpoint} answered with {what}.",
        cure="Check that base_url names an OpenAI-compatible API (it usually ends in /v1), not a web page or a proxy.",
    )
