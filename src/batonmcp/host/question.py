"""A server's question as a request to the host, and the host's answer on its way back."""

from typing import Any, TypeAlias

from mcp_types import (
    ClientCapabilities,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    CreateMessageResultWithTools,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    ElicitResult,
    InputResponse,
    ListRootsRequest,
    ListRootsResult,
)
from pydantic import JsonValue, ValidationError

from batonmcp.core.caller import Answer, Declined, Question
from batonmcp.core.limits import size_of
from batonmcp.core.printable import printable

__all__ = ["Request", "answer_of", "asking", "can_fill_forms", "request_of", "result_type"]

Request: TypeAlias = ElicitRequest | CreateMessageRequest | ListRootsRequest

_LONGEST_NAME = 100
_LONGEST_TEXT = 2_000
_LONGEST_LABEL = 300
_LARGEST_FORM = 32_000
_LARGEST_SAMPLING = 256_000
_LABELS = ("title", "description")
_NOT_PASSED_ON = {"_meta", "task", "includeContext"}
"""What concerns the connection to the server alone; context would be that of our server, not of the one that asks."""


def asking(question: Question) -> str:
    """Return the name of the server that asks, as a person knows it."""
    return f"{printable(question.agent, _LONGEST_NAME)} ({printable(question.server, _LONGEST_NAME)})"


def request_of(question: Question, capabilities: ClientCapabilities | None) -> Request | Declined:
    """Return what to ask a host of these capabilities; declined if it has no such, or the question is malformed."""
    can = capabilities or ClientCapabilities()
    try:
        match question.about:
            case "elicitation":
                return _url(question, can) if question.params.get("mode") == "url" else _form(question, can)
            case "sampling":
                return _sampling(question, can)
            case "roots":
                return ListRootsRequest() if can.roots else Declined(because="this host has no list of folders to give")
    except ValidationError:
        return Declined(because="it is not as the protocol has such a request")


def result_type(request: Request) -> type[ElicitResult | CreateMessageResult | ListRootsResult] | type[Any]:
    """Return the type of the answer to a request."""
    match request:
        case ElicitRequest():
            return ElicitResult
        case ListRootsRequest():
            return ListRootsResult
        case CreateMessageRequest(params=params):
            return CreateMessageResultWithTools if params.tools else CreateMessageResult


def answer_of(question: Question, response: InputResponse) -> Answer | Declined:
    """Return a host's answer as JSON, if it is one to this question."""
    match question.about, response:
        case (
            ("elicitation", ElicitResult())
            | ("sampling", CreateMessageResult() | CreateMessageResultWithTools())
            | ("roots", ListRootsResult())
        ):
            left_out = {"meta", "result_type"}
            return Answer(response.model_dump(mode="json", by_alias=True, exclude_none=True, exclude=left_out))
        case _:
            return Declined(because="the host's answer does not fit the question")


def can_fill_forms(capabilities: ClientCapabilities | None) -> bool:
    """Whether a host can have a person fill in a form. One that does not say what it can have filled in means forms."""
    elicitation = capabilities and capabilities.elicitation
    return bool(elicitation is not None and (elicitation.form or not elicitation.url))


def _form(question: Question, can: ClientCapabilities) -> ElicitRequest | Declined:
    if not can_fill_forms(can):
        return Declined(because="this host cannot ask a person to fill in a form")
    schema = question.params.get("requestedSchema")
    if size_of(schema) > _LARGEST_FORM:
        return Declined(because="its form is too long for a person")
    params = {"message": _message(question), "requestedSchema": _labelled(schema)}
    return ElicitRequest(params=ElicitRequestFormParams.model_validate(params, by_name=False))


def _url(question: Question, can: ClientCapabilities) -> ElicitRequest | Declined:
    url = question.params.get("url")
    if not isinstance(url, str) or not url.startswith(("https://", "http://")) or printable(url, _LONGEST_TEXT) != url:
        return Declined(because="the address that it wants opened is not one that can be shown")
    if not can.elicitation or not can.elicitation.url:
        return Declined(because=f"this host cannot have a person open a page; the page is {url}")
    params = {"mode": "url", "message": _message(question), "url": url}
    if isinstance(identifier := question.params.get("elicitationId"), str):
        params["elicitationId"] = identifier
    return ElicitRequest(params=ElicitRequestURLParams.model_validate(params, by_name=False))


def _sampling(question: Question, can: ClientCapabilities) -> CreateMessageRequest | Declined:
    if not can.sampling:
        return Declined(because="this host does not lend its model")
    if not can.sampling.tools and (question.params.get("tools") or question.params.get("toolChoice")):
        return Declined(because="this host does not lend its model with tools")
    if size_of(dict(question.params)) > _LARGEST_SAMPLING:
        return Declined(because=f"it is longer than {_LARGEST_SAMPLING:,} bytes")
    params = {key: value for key, value in question.params.items() if key not in _NOT_PASSED_ON}
    told = f"{asking(question)} asks this, through batonmcp."
    prompt = params.get("systemPrompt")
    params["systemPrompt"] = f"{told}\n\n{prompt}" if prompt else told
    return CreateMessageRequest(params=CreateMessageRequestParams.model_validate(params, by_name=False))


def _message(question: Question) -> str:
    """Return what a person reads: who asks, and what."""
    message = printable(str(question.params.get("message", "")), _LONGEST_TEXT, lines=True)
    text = f"{asking(question)} asks: {message}"
    return text.encode()[:_LONGEST_TEXT].decode(errors="ignore")


def _labelled(schema: JsonValue) -> JsonValue:
    """Return a form's schema whose words for a person are fit to be shown; what is sent back stays as it is."""
    match schema:
        case dict():
            return {key: _label(value) if key in _LABELS else _labelled(value) for key, value in schema.items()}
        case list():
            return [_labelled(member) for member in schema]
        case _:
            return schema


def _label(value: JsonValue) -> JsonValue:
    return printable(value, _LONGEST_LABEL, lines=True) if isinstance(value, str) else _labelled(value)
