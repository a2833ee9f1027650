"""What an endpoint says it counted."""

import json
from typing import Any

from batonmcp.llm.port import Tokens
from batonmcp.llm.reply.shapes import as_object
from batonmcp.llm.reply.stream import assembled

__all__ = ["read_tokens", "tokens_in"]

_ABSURD = 1_000_000_000
_LONGEST = 12


def read_tokens(usage: object) -> Tokens:
    """Read `usage` by the names of several makers; what is missing or makes no sense is zero."""
    counts = as_object(usage)
    details = as_object(counts.get("prompt_tokens_details"))
    elsewhere = (counts.get("prompt_cache_hit_tokens"), counts.get("cache_read_input_tokens"))
    return Tokens(
        prompt=_first(counts.get("prompt_tokens"), counts.get("input_tokens")),
        completion=_first(counts.get("completion_tokens"), counts.get("output_tokens")),
        cached=_first(details.get("cached_tokens"), *elsewhere),
    )


def tokens_in(body: bytes) -> Tokens:
    """Read what was counted for a body that is no reply, but has been paid for all the same."""
    try:
        document: object = json.loads(body)
    except (ValueError, RecursionError):
        document = assembled(body.decode("utf-8", "replace"))
    return read_tokens(as_object(document).get("usage"))


def _first(*candidates: object) -> int:
    return next((count for count in map(_count, candidates) if count), 0)


def _count(value: Any) -> int:  # noqa: ANN401 - whatever stands there
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= _LONGEST:
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value < _ABSURD else 0
