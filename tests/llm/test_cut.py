"""Whether an endpoint cut the prompt."""

from typing import Any

import pytest

from batonmcp.llm.cut import cut_note
from batonmcp.llm.port import Tokens

LONG: dict[str, Any] = {"messages": [{"role": "system", "content": "word " * 6_000}]}
TABLE = "\n".join(f"pod-{n:<60} Running {'-' * 40}" for n in range(100))
TOOL = {"type": "function", "function": {"name": "a" * 50, "description": "b" * 950, "parameters": {"x": "y" * 9_000}}}


@pytest.mark.parametrize(
    ("sent", "tokens", "cut"),
    [
        (LONG, Tokens(prompt=4_096), True),
        (LONG, Tokens(prompt=7_500), False),
        (LONG, Tokens(prompt=0), False),
        (LONG, Tokens(prompt=100, cached=7_400), False),
        ({"messages": [{"role": "user", "content": "word " * 100}]}, Tokens(prompt=2), False),
        ({"messages": [], "tools": [TOOL] * 20}, Tokens(prompt=2_048), True),
        ({"messages": [], "tools": [TOOL] * 20}, Tokens(prompt=4_096), False),
        ({"messages": [{"role": "user", "content": TABLE}]}, Tokens(prompt=899), False),
        ({"messages": [{"role": "user", "content": f"{TABLE}{'word ' * 6_000}"}]}, Tokens(prompt=4_096), True),
        ({}, Tokens(prompt=5), False),
    ],
)
def test_far_fewer_tokens_than_text(sent: dict[str, Any], tokens: Tokens, cut: bool) -> None:  # noqa: FBT001 - a table
    """Fewer tokens than any text of that length has are a sign; schemas do not count, since they are sent otherwise."""
    note = cut_note(sent, tokens, "llm.test")
    assert (note is not None) is cut
    assert note is None or "llm.test counted" in note


def test_note_says_what_to_do() -> None:
    """The note has both numbers and the cure for the server that does this most."""
    note = cut_note(LONG, Tokens(prompt=4_096), "llm.test")
    assert note is not None
    assert "counted 4,096 tokens in a prompt of at least 30,000 characters" in note
    assert "OLLAMA_CONTEXT_LENGTH" in note
