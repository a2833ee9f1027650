"""Tests of `batonmcp.llm.lexical.connectives`."""

import pytest

from batonmcp.llm.lexical.connectives import joint_at, marker_at, negates
from batonmcp.llm.lexical.tokens import tokens_of


@pytest.mark.parametrize(
    ("text", "length", "order"),
    [
        ("and x", 1, False),
        ("as well as x", 3, False),
        ("& x", 1, False),
        (", x", 1, False),
        ("then x", 1, True),
        ("and then x", 2, True),
        ("and after that x", 3, True),
        ("followed by x", 2, True),
    ],
)
def test_joints(text: str, length: int, *, order: bool) -> None:
    """Connectives are recognised at their full length, with the order that they give."""
    joint = joint_at(tokens_of(text), 0, starts=False)
    assert joint
    assert (joint.length, joint.order) == (length, order)


def test_next_is_a_joint_at_the_start_only() -> None:
    """`next` inside a part belongs to a noun."""
    assert joint_at(tokens_of("next train"), 0, starts=False) is None
    assert joint_at(tokens_of("next fetch"), 0, starts=True)


def test_between_keeps_its_and() -> None:
    """`between x and y` is one part."""
    tokens = tokens_of("between 3 and 5 and z")
    assert joint_at(tokens, 2, starts=False) is None
    assert joint_at(tokens, 4, starts=False)


@pytest.mark.parametrize(
    ("text", "bond"),
    [
        ("if any", "condition"),
        ("in case of x", "condition"),
        ("for each x", "each"),
        ("based on x", "basis"),
        ("after reading x", "basis"),
        ("once you have x", "basis"),
    ],
)
def test_markers(text: str, bond: str) -> None:
    """The words before what a part depends on are recognised."""
    marker = marker_at(tokens_of(text), 0)
    assert marker
    assert marker.bond == bond


@pytest.mark.parametrize("text", ["check if x", "see if x", "after noon"])
def test_no_markers(text: str) -> None:
    """A question, or a time of day, is no condition."""
    tokens = tokens_of(text)
    assert all(marker_at(tokens, place) is None for place in range(len(tokens)))


def test_a_condition_can_be_negative() -> None:
    """`if there are no` holds when there is nothing."""
    marker = marker_at(tokens_of("if there are no x"), 0)
    assert marker
    assert marker.negative


def test_negates() -> None:
    """A part that says what is not wanted is told from others."""
    assert negates(tokens_of("don't x"))
    assert negates(tokens_of("not x"))
    assert not negates(tokens_of("x not y"))
