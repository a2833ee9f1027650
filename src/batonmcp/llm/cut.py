"""Whether an endpoint cut the prompt: some drop its beginning without a word where it exceeds their context."""

import re
from collections.abc import Mapping
from typing import Any

from batonmcp.llm.port import Tokens
from batonmcp.llm.reply.shapes import as_list, as_object, is_list

__all__ = ["cut_note"]

_LONGEST_TOKEN = 6
"""Characters that a token has at most on average, in any language and vocabulary: texts have 2 to 4.7."""

_SHORTEST_PROMPT = 2_000
_RUN = re.compile(r"([\W_])\1{3,}")
"""Blanks and rules of tables: many of one sign are one token."""


def cut_note(sent: Mapping[str, Any], tokens: Tokens, endpoint: str) -> str | None:
    """Return a sentence if far fewer tokens were counted than were sent.

    Args:
        sent: The body of the request.
        tokens: As the endpoint counted them.
        endpoint: The host that did.
    """
    counted = tokens.prompt + (tokens.cached if tokens.cached > tokens.prompt else 0)
    characters = sum(map(_length, as_list(sent.get("messages")))) + sum(map(_length, as_list(sent.get("tools"))))
    if not counted or characters < _SHORTEST_PROMPT or counted * _LONGEST_TOKEN >= characters:
        return None
    return (
        f"The LLM endpoint {endpoint} counted {counted:,} tokens in a prompt of at least {characters:,} characters: "
        "it may have cut off the beginning. Give the model a larger context (for Ollama: OLLAMA_CONTEXT_LENGTH, or "
        "num_ctx in a Modelfile)."
    )


def _length(value: object) -> int:
    """Return how many characters of a message or a tool are surely in the prompt: not all of a schema's JSON is.

    Many of one sign count as one.
    """
    if isinstance(value, str):
        return len(_RUN.sub(r"\1", value))
    if is_list(value):
        return sum(map(_length, as_list(value)))
    entries = as_object(value)
    return sum(_length(entries[key]) for key in entries.keys() & {"content", "text", "function", "name", "description"})
