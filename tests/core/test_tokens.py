"""The estimate of tokens."""

from hypothesis import given
from hypothesis import strategies as st

from batonmcp.core.tokens import estimated_tokens


def test_english_and_chinese() -> None:
    """ASCII takes a token for some characters, everything else one for each: what is estimated is rather too much."""
    assert estimated_tokens("") == 0
    assert estimated_tokens("a" * 36) == 10
    assert estimated_tokens("a" * 37) == 11
    assert estimated_tokens("使用必应搜索") == 6
    assert estimated_tokens("ab 使用") == 3


@given(st.text(), st.text())
def test_parts_are_never_less_than_the_whole(one: str, other: str) -> None:
    """What is added up part by part keeps to a budget as a whole, too."""
    assert estimated_tokens(one + other) <= estimated_tokens(one) + estimated_tokens(other)
    assert estimated_tokens(one) <= len(one)
