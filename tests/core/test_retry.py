"""Retries: what may be tried again, when, and how often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.core.effect import Effect
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.outcome import Again, Failed
from batonmcp.core.retry import RetryBudget, pause_before, repeatable
from builders import tool

READ = tool()
WRITE = tool(effect="write")
SAME_TWICE = tool(effect=Effect(kind="write", source="declared", idempotent=True, open_world=False))


@pytest.mark.parametrize(
    ("again", "read", "write", "same_twice"),
    [("never", False, False, False), ("if harmless", True, False, True), ("always", True, True, True)],
)
def test_what_may_be_repeated(again: Again, read: bool, write: bool, same_twice: bool) -> None:  # noqa: FBT001 - a table
    """Only a call without a second effect is repeated, unless it never left."""
    failed = Failed(error=ErrorInfo(kind="unavailable", message="x"), again=again)
    assert [repeatable(each, failed) for each in (READ, WRITE, SAME_TWICE)] == [read, write, same_twice]


def test_nothing_is_repeated_unless_it_is_said_to_be_safe() -> None:
    """A failure that says nothing about it is final."""
    assert not repeatable(READ, Failed(error=ErrorInfo(kind="tool_error", message="x")))


@given(st.integers(2, 60), st.floats(0, 1))
def test_pauses_grow_and_stay_bounded(attempt: int, jitter: float) -> None:
    """A pause is between half and the whole of 0.2 s doubled for each attempt, and never over 5 s."""
    whole = min(5.0, 0.2 * 2.0 ** (attempt - 2))
    assert whole / 2 <= pause_before(attempt, jitter) <= whole


def test_a_run_affords_ten_and_a_fifth_of_its_calls() -> None:
    """The budget is ten repetitions for few calls, and grows by one with every five."""
    few = RetryBudget()
    assert [few.spend() for _ in range(12)] == [True] * 10 + [False] * 2
    many = RetryBudget()
    for _ in range(100):
        many.called()
    assert sum(many.spend() for _ in range(100)) == 30
