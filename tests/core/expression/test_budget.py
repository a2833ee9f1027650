"""The budget refuses work before it is done."""

from reprlib import repr as short

import pytest
from pydantic import JsonValue

from batonmcp.core.expression.budget import DEFAULT_LIMITS, MAX_VALUE_DEPTH, NANOSECONDS_PER_STEP, Budget, Limits
from batonmcp.core.expression.fault import Fault


def _nested(levels: int) -> JsonValue:
    value: JsonValue = 1
    for _ in range(levels):
        value = [value]
    return value


def test_fuel_is_used_up() -> None:
    """The step that is too many is refused, with the limit and a cure."""
    budget = Budget(Limits(fuel=10))
    budget.spend(10)
    with pytest.raises(Fault, match="more than 10 steps") as caught:
        budget.spend(1)
    assert "slice" in caught.value.cure


def test_long_results_are_refused() -> None:
    """A list or text past its limit is not built."""
    budget = Budget(DEFAULT_LIMITS)
    with pytest.raises(Fault, match="a list of 100001 items"):
        budget.spend_items(DEFAULT_LIMITS.max_items + 1)
    with pytest.raises(Fault, match="a text of 1000001 characters"):
        budget.spend_text(DEFAULT_LIMITS.max_text + 1)


def test_long_search_is_refused() -> None:
    """A search that could compare every pair of characters pays for every pair."""
    with pytest.raises(Fault, match="steps"):
        Budget(DEFAULT_LIMITS).spend_search("a" * 10**6, "b" * 1_000)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1] * 1_000] * 1_000, "steps"),
        (["x" * 10**6] * 1_000, "steps"),
        ({str(n): n for n in range(300_000)}, "steps"),
        (10**400, "307 digits"),
    ],
    ids=short,
)
def test_heavy_value_is_refused(value: JsonValue, message: str) -> None:
    """A value with too many parts, characters or digits is a fault."""
    with pytest.raises(Fault, match=message):
        Budget(DEFAULT_LIMITS).weigh(value)


def test_weight_counts_every_part() -> None:
    """Values, characters of texts and keys, and bits of numbers are counted, shared parts each time."""
    shared: JsonValue = {"ab": "cde", "f": 7}
    assert Budget(DEFAULT_LIMITS).weigh([shared, shared, None, 1.5]) == (9, 18)


def test_deep_value_is_refused() -> None:
    """A value may have as many levels as the limit says, and no more."""
    budget = Budget(DEFAULT_LIMITS)
    budget.weigh(_nested(MAX_VALUE_DEPTH - 1))
    with pytest.raises(Fault, match="levels deep"):
        budget.weigh(_nested(MAX_VALUE_DEPTH))


def test_cycle_is_refused() -> None:
    """A value that holds itself ends the walk: once as too deep, twice as too heavy."""
    once: list[JsonValue] = []
    once.append(once)
    twice: list[JsonValue] = []
    twice += [twice, twice]
    with pytest.raises(Fault, match="levels deep"):
        Budget(DEFAULT_LIMITS).weigh(once)
    with pytest.raises(Fault, match="steps"):
        Budget(DEFAULT_LIMITS).weigh(twice)


def test_patterns_are_counted() -> None:
    """A pattern is new once in an evaluation, and only so many are."""
    budget = Budget(DEFAULT_LIMITS)
    assert [budget.knows_pattern(source) for source in ("a", "b", "a")] == [False, False, True]
    with pytest.raises(Fault, match="more than 100 different patterns"):
        [budget.knows_pattern(str(number)) for number in range(100)]


def test_time_is_paid_for_beyond_what_is_free() -> None:
    """Some milliseconds in all are free, and the rest takes fuel."""
    budget = Budget(DEFAULT_LIMITS)
    for _ in range(5):
        budget.spend_time(1_000_000)
    assert budget.left == DEFAULT_LIMITS.fuel
    budget.spend_time(10 * NANOSECONDS_PER_STEP)
    assert budget.left == DEFAULT_LIMITS.fuel - 10
    with pytest.raises(Fault, match="steps"):
        budget.spend_time(DEFAULT_LIMITS.fuel * NANOSECONDS_PER_STEP)
