"""Why an endpoint refused: the error for a complaint, and whether the same request may be made again."""

import re

from batonmcp.config.settings import LlmEndpoint
from batonmcp.core.errors import LlmError
from batonmcp.llm.breaker import Rest
from batonmcp.llm.complaint import Complaint

__all__ = ["is_passing", "no_reply", "refusal", "resting", "unreachable", "was_read"]

_EXCERPT = 300
_PASSING = frozenset({408, 409, 425, 429})
_FAILURES = 500
_ONLY_FOR_REQUEST = 501
_KINDS = {
    401: "llm_auth",
    402: "llm_rate_limited",
    403: "llm_auth",
    404: "llm_not_found",
    408: "llm_timeout",
    410: "llm_not_found",
    413: "llm_context_length",
    429: "llm_rate_limited",
    504: "llm_timeout",
}
_TOO_LONG = re.compile(
    r"context_length_exceeded|context.?length|context.?window|maximum context|context size|prompt is too long|"
    r"too many (?:input )?tokens|input is too long|reduce the length|request too large|tokens_limit_reached|\bn_ctx\b"
)
_FILTERED = re.compile(r"content_filter|content management policy|responsibleaipolicyviolation|content policy")
_USED_UP_CURE = "quota is used up: pay for more"
_BUSY_CURE = "rate limit or quota is used up: wait"
_USED_UP = re.compile(r"insufficient_quota|quota|billing|credit|payment")


def is_passing(complaint: Complaint) -> bool:
    """Whether the same request may find the endpoint better disposed after a while."""
    if _kind(complaint) in {"llm_context_length", "llm_content_filter"}:
        return False
    if complaint.status in _PASSING:
        return complaint.status != 429 or not _USED_UP.search(complaint.code)  # noqa: PLR2004 - too many requests
    return complaint.status >= _FAILURES and complaint.status != _ONLY_FOR_REQUEST


def was_read(complaint: Complaint) -> bool:
    """Whether the model has read the request all the same, which then is to be paid for."""
    return _kind(complaint) in {"llm_content_filter", "llm_timeout"}


def refusal(
    complaint: Complaint, endpoint: LlmEndpoint, *, wait: float | None = None, too_late: bool = False
) -> LlmError:
    """Return the error for a complaint.

    Args:
        complaint: What the endpoint said. Secrets have been taken out of it.
        endpoint: Where, and with which model.
        wait: In how many seconds it wants to be asked again, where it says so.
        too_late: Whether that is more than the caller has.
    """
    kind = _kind(complaint)
    said = f": {complaint.message[:_EXCERPT].rstrip('.')}" if complaint.message else ""
    late = ", which is later than this run can wait" if too_late else ""
    later = "" if wait is None else f" It asks to come back in {wait:.0f} s{late}."
    model = f"for model {endpoint.model!r}"
    return LlmError(
        kind=kind,
        message=f"The LLM endpoint {endpoint.host} answered {complaint.status} {model}{said}.{later}",
        cure=_cure(kind, complaint, endpoint, wait),
        retry_after=wait,
    )


def resting(endpoint: LlmEndpoint, rest: Rest) -> LlmError:
    """Return the error for an endpoint that is left alone."""
    why = "asked to be left alone" if rest.asked else "has failed half of the time"
    return LlmError(
        kind="llm_rate_limited" if rest.asked else "llm_overloaded",
        message=f"The LLM endpoint {endpoint.host} {why}; it is asked again in {rest.seconds:.0f} s.",
        cure=f"Ask again in {rest.seconds:.0f} s, or use another endpoint or model.",
        retry_after=rest.seconds,
    )


def unreachable(endpoint: LlmEndpoint, why: str) -> LlmError:
    """Return the error for an endpoint that does not answer. `why`: in the words of the network."""
    return LlmError(
        kind="llm_unreachable",
        message=f"The LLM endpoint {endpoint.host} cannot be reached ({why}).",
        cure="Check base_url, and that the service is running.",
    )


def no_reply(endpoint: LlmEndpoint, seconds: float) -> LlmError:
    """Return the error for an endpoint that takes longer than it has."""
    return LlmError(
        kind="llm_timeout",
        message=f"The LLM endpoint {endpoint.host} gave no reply within {seconds:g} s.",
        cure='Raise "timeout" under "llm" in servers.json, or use a faster model.',
    )


def _kind(complaint: Complaint) -> str:
    if complaint.status <= _FAILURES:  # llama.cpp answers 500 to too long a prompt
        if _TOO_LONG.search(complaint.text):
            return "llm_context_length"
        if _FILTERED.search(complaint.text):
            return "llm_content_filter"
    other = "llm_overloaded" if complaint.status >= _FAILURES or complaint.status in _PASSING else "llm_rejected"
    return _KINDS.get(complaint.status, other)


def _cure(kind: str, complaint: Complaint, endpoint: LlmEndpoint, wait: float | None) -> str:
    if wait is not None:
        return f"Ask again in {wait:.0f} s, or use another endpoint or model."
    if kind == "llm_auth":
        variable = "AZURE_OPENAI_API_KEY" if endpoint.api_version else "OPENAI_API_KEY"
        if complaint.status == 403:  # noqa: PLR2004 - forbidden
            return f"The API key ({variable}) is not allowed to use this model."
        if not (endpoint.api_key or endpoint.ad_token):
            return f'It asks for an API key: set {variable}, or write "api_key" under "llm" in servers.json.'
        return f'It did not accept the API key: check {variable}, or "api_key" under "llm" in servers.json.'
    if kind == "llm_rate_limited":
        used_up = complaint.status == 402 or _USED_UP.search(complaint.code)  # noqa: PLR2004 - payment required
        return f"Its {_USED_UP_CURE if used_up else _BUSY_CURE}, or use another key or model."
    return _CURES.get(kind, "Try again later, or use another endpoint or model.")


_CURES = {
    "llm_content_filter": "Ask otherwise, or use another endpoint.",
    "llm_context_length": "Use a model with a larger context, fewer servers, or ask for less at once.",
    "llm_not_found": "Check the model's name and base_url (it usually ends in /v1).",
    "llm_rejected": 'Check the model\'s name, that it can call tools, and "parameters" under "llm".',
}
