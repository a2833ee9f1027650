"""Aggregates make one value of many."""

from collections.abc import Callable

import pytest
from pydantic import JsonValue


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("all([1, 'a'])", True),
        ("all([1, 0])", False),
        ("all(null)", True),
        ("any([0, '', 3])", True),
        ("any({})", False),
        ("any(x > 2 for x in [1, 2, 3])", True),
        ("avg([1, 2])", 1.5),
        ("join([1, 'a', null, 1.5])", "1, a, None, 1.5"),
        ("join(['a', 'b'], '')", "ab"),
        ("join(null)", ""),
        ("len([1, 2])", 2),
        ("len('abc')", 3),
        ("len({'a': 1})", 1),
        ("len(null)", 0),
        ("next([1, 2])", 1),
        ("next((x for x in [1, 2] if x > 1), null)", 2),
        ("next((x for x in [1, 2] if x > 5), null)", None),
        ("next([], 'none')", "none"),
        ("sum([1, 2.5, true])", 4.5),
        ("sum([], 3)", 3),
        ("sum([1], start=3)", 4),
        ("sum(null)", 0),
    ],
)
def test_aggregate_has_its_value(value: Callable[..., JsonValue], source: str, result: JsonValue) -> None:
    """Each aggregate gives what Python's gives, and nothing breaks on null."""
    assert value(source) == result


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("len(3)", "`len` needs a list, text or object, got number 3."),
        ("sum(3)", "`sum` needs a list, got number 3."),
        ("sum(['a'])", "`sum` needs a list of numbers, got text 'a' in it. Convert or leave out"),
        ("sum([[1], [2]], [])", "`sum` starts at a number, got a list of 0 items. Use flatten() or join()."),
        ("sum([10**308, 10**308])", "307 digits"),
        ("sum([1e308, 1e308])", "no JSON number"),
        ("sum([8 * 10 ** 307] * 20 + [0.5])", "the sum is too large"),
        ("avg([])", "`avg` got an empty list. Write avg(x) if x else null."),
        ("avg([null])", "`avg` needs a list of numbers, got null in it."),
        ("join([1], 2)", "`join` needs text between the items, got number 2."),
        ("join(['x' * 1000] * 2000)", "a text of 2004000 characters is too long"),
        ("next([])", "`next` got an empty list. Say what to use then: next(x, null)."),
        ("any(true)", "`any` needs a list, got true."),
    ],
)
def test_aggregate_has_its_faults(failure: Callable[..., str], source: str, message: str) -> None:
    """What an aggregate cannot take is explained."""
    assert message in failure(source)


@pytest.mark.parametrize("source", ["sum(big)", "avg(big)", "any(big)", "all(big)", "join(big)"])
def test_long_list_is_refused(failure: Callable[..., str], source: str) -> None:
    """More items than the fuel pays for are refused."""
    assert "steps" in failure(source, big=[0] * 2_000_000)
