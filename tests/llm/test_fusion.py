"""The fusion of rankings."""

from hypothesis import given
from hypothesis import strategies as st

from batonmcp.llm.fusion import fused

NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True)


def test_first_in_one_comes_before_the_middle_of_both() -> None:
    """What one way of ranking finds alone is not lost among what both find so-so."""
    many = [f"m{number}" for number in range(200)]
    assert fused(["x", *many], [*many[100:], "y"])[0] == "m100"
    assert fused(["x", *many[:100]], ["y", *many[100:]])[:2] == ["x", "y"]


def test_both_count_more_than_one() -> None:
    """Second in both beats first in one and absent from the other."""
    assert fused(["a", "b"], ["c", "b"]) == ["b", "a", "c"]


def test_one_ranking_stays_as_it_is() -> None:
    """Where the other has nothing to say, nothing changes."""
    assert fused(["b", "a", "c"], []) == ["b", "a", "c"]
    assert fused() == []


@given(NAMES, NAMES)
def test_nothing_is_lost_or_doubled(one: list[str], other: list[str]) -> None:
    """All names of both are there, once, and two that agree keep their order."""
    together = fused(one, other)
    assert sorted(together) == sorted({*one, *other})
    assert fused(one, one) == one
