"""What an endpoint says it counted."""

import pytest

from batonmcp.llm.port import Tokens
from batonmcp.llm.reply.tokens import read_tokens, tokens_in


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (None, Tokens()),
        ("many", Tokens()),
        ({}, Tokens()),
        ({"prompt_tokens": 9, "completion_tokens": 4}, Tokens(prompt=9, completion=4)),
        ({"prompt_tokens": "9", "completion_tokens": 4.0}, Tokens(prompt=9, completion=4)),
        (
            {"input_tokens": 9, "output_tokens": 4, "cache_read_input_tokens": 5},
            Tokens(prompt=9, completion=4, cached=5),
        ),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 5}}, Tokens(prompt=9, cached=5)),
        ({"prompt_tokens": 9, "prompt_cache_hit_tokens": 5}, Tokens(prompt=9, cached=5)),
        ({"prompt_tokens": -1, "completion_tokens": True}, Tokens()),
        ({"prompt_tokens": 10**12, "completion_tokens": "9" * 20}, Tokens()),
        ({"prompt_tokens": [9], "prompt_tokens_details": "none"}, Tokens()),
        ({"prompt_tokens": float("inf")}, Tokens()),
    ],
)
def test_counts_by_any_name_and_type(usage: object, tokens: Tokens) -> None:
    """Numbers count by the names of several makers, as texts too; what is missing or absurd is zero."""
    assert read_tokens(usage) == tokens


def test_tokens_of_a_body() -> None:
    """What a reply of no use has cost is known as well; a body that is no JSON has cost nothing that is known."""
    assert tokens_in(b'{"choices": [], "usage": {"prompt_tokens": 9}}') == Tokens(prompt=9)
    assert tokens_in(b"<html>") == tokens_in(b"[" * 100_000) == tokens_in(b"7") == Tokens()
