"""A message as it stands in the body of a request or of a response."""

from dataclasses import dataclass
from typing import TypeAlias, cast

import httpx2
from mcp_types import RequestId
from pydantic_core import from_json, to_json

from batonmcp.downstream.http.failure import HttpFailed, HttpFailure

__all__ = ["Posted", "answer_in", "answer_to", "error_for", "posted"]

_JsonObject: TypeAlias = dict[str, object]

_NO_OBJECT = "its answer is no JSON object"
_NO_ANSWER = "it sent something else than an answer"
_NOT_ITS_ANSWER = "its answer belongs to another request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a request carries.

    Attributes:
        method: Of the message; empty for an answer to something that the server has asked.
        id: Of the request; None for what is not answered.
        cancels: Id of the request that is given up by it.
    """

    method: str
    id: RequestId | None
    cancels: RequestId | None = None


def posted(request: httpx2.Request) -> Posted:
    """Return what a request carries that has been read."""
    message = _object(request.content)
    method = str(message.get("method", ""))
    params = message.get("params")
    cancels = None
    if method == "notifications/cancelled" and isinstance(params, dict):
        cancels = _id(cast("_JsonObject", params).get("requestId"))
    return Posted(method=method, id=_id(message.get("id")) if method else None, cancels=cancels)


def answer_to(request_id: RequestId, body: bytes) -> bytes:
    """Return a body that must be the answer to a request, with its id.

    Raises:
        HttpFailed: It is something else, or the answer to another request.
    """
    message = _object(body)
    if not message:
        raise _unreadable(_NO_OBJECT)
    if "method" in message or not ("result" in message or "error" in message):
        raise _unreadable(_NO_ANSWER)
    return _with_id(request_id, message, body)


def answer_in(request_id: RequestId, event: bytes) -> bytes:
    """Return an event's message, with the id of the request if it is an answer.

    Raises:
        HttpFailed: It is the answer to another request.
    """
    message = _object(event)
    if "method" in message or not ("result" in message or "error" in message):
        return event
    return _with_id(request_id, message, event)


def error_for(request_id: RequestId, failure: HttpFailure, data: dict[str, str]) -> _JsonObject:
    """Return the answer that tells the SDK of a failure."""
    message = failure.said or f"the server answered {failure.status}"
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": failure.code, "message": message, "data": data}}


def _with_id(request_id: RequestId, message: _JsonObject, text: bytes) -> bytes:
    """Put the request's own id where the server has changed its type, or lost it. Any other one is no slip."""
    found = message.get("id")
    if found == request_id and type(found) is type(request_id):
        return text
    if found is not None and str(found) != str(request_id):
        raise _unreadable(_NOT_ITS_ANSWER)
    return to_json(message | {"id": request_id})


def _object(text: bytes) -> _JsonObject:
    try:
        value: object = from_json(text)
    except ValueError:
        return {}
    return cast("_JsonObject", value) if isinstance(value, dict) else {}


def _id(value: object) -> RequestId | None:
    return value if isinstance(value, str | int) else None


def _unreadable(said: str) -> HttpFailed:
    return HttpFailed(HttpFailure(kind="unreadable", said=said))
