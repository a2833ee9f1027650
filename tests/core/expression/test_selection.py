"""Selection reads keys, items and characters, and nothing else."""

from collections.abc import Callable
from reprlib import repr as short

import pytest
from pydantic import JsonValue

from batonmcp.core.expression.budget import DEFAULT_LIMITS, Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.selection import key_text, select_index, select_items, select_key, select_slice


@pytest.fixture
def budget() -> Budget:
    """Return a fresh budget."""
    return Budget(DEFAULT_LIMITS)


def _place() -> str:
    return "step"


def test_key_is_read() -> None:
    """A key gives what it holds, and a key of null gives null."""
    assert select_key({"a": 1}, "a", _place) == 1
    assert select_key(None, "a", _place) is None


@pytest.mark.parametrize(
    ("value", "key", "message", "cure"),
    [
        ({"severity": 1}, "severty", "`step` has no key 'severty'; it has 'severity'.", "Did you mean 'severity'?"),
        ({}, "a", "it has none.", "get(step, 'a')"),
        ([{"a": 1}], "a", "a list of 1 item, which has no key 'a'.", "[x.a for x in step]"),
        ([1], "length", "no key 'length'", "Write len(step)."),
        (3, "a", "`step` is number 3, which has no key 'a'.", "Use the value itself: step."),
        ("abc", "__class__", "text 'abc'", "Use the value itself"),
    ],
)
def test_missing_key_is_explained(value: JsonValue, key: str, message: str, cure: str) -> None:
    """A key that is not there names the value, what there is, and what to write."""
    with pytest.raises(Fault) as caught:
        select_key(value, key, _place)
    assert message in caught.value.message
    assert cure in caught.value.cure


@pytest.mark.parametrize(
    ("value", "index", "part"),
    [
        ([1, 2], 0, 1),
        ([1, 2], -1, 2),
        ("ab", 1, "b"),
        ({"a": 1}, "a", 1),
        ({"1": "x"}, 1, "x"),
        ({"1": "x"}, 1.0, "x"),
        (None, 5, None),
    ],
)
def test_index_is_read(budget: Budget, value: JsonValue, index: JsonValue, part: JsonValue) -> None:
    """An index gives an item, a character or what a key holds; of null it gives null."""
    assert select_index(value, index, _place, budget) == part


@pytest.mark.parametrize(
    ("value", "index", "message"),
    [
        ([1], 1, "`step` is a list of 1 item and has no item 1."),
        ([1], -2, "has no item -2."),
        ([1], "a", "whole numbers, not text 'a'"),
        ([1], 0.0, "whole numbers, not number 0.0"),
        ({}, "a", "no key 'a'"),
        ({}, [], "the key of an object is text"),
        (True, 0, "`step` is true, which has no items."),
    ],
)
def test_missing_index_is_explained(budget: Budget, value: JsonValue, index: JsonValue, message: str) -> None:
    """An index without an item says what the value is."""
    with pytest.raises(Fault) as caught:
        select_index(value, index, _place, budget)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("value", "bounds", "part"),
    [
        ([1, 2, 3], slice(1, None), [2, 3]),
        ("abc", slice(None, None, -1), "cba"),
        ([1], slice(5, 10**300), []),
        (None, slice(0, 1), None),
    ],
    ids=short,
)
def test_slice_is_read(budget: Budget, value: JsonValue, bounds: slice, part: JsonValue) -> None:
    """A slice gives a list or text, of null null."""
    assert select_slice(value, bounds, _place, budget) == part


@pytest.mark.parametrize(
    ("value", "bounds", "message"),
    [
        ({"a": 1}, slice(0, 1), "only a list or text has slices"),
        ([1], slice("a", None), "needs whole numbers, got text 'a'"),
        ([1], slice(None, None, 0), "the step of a slice of `step` is 0"),
        ([0] * 100_001, slice(None), "a list of 100001 items is too long"),
        ("x" * 1_000_001, slice(None), "a text of 1000001 characters is too long"),
    ],
    ids=short,
)
def test_bad_slice_is_explained(budget: Budget, value: JsonValue, bounds: slice, message: str) -> None:
    """A slice of what has none, with bad bounds or of too much is a fault."""
    with pytest.raises(Fault, match=message):
        select_slice(value, bounds, _place, budget)


@pytest.mark.parametrize(("value", "items"), [([1], [1]), (None, []), ({"a": 1}, ["a"]), ("ab", ["a", "b"])])
def test_items_are_looped_over(budget: Budget, value: JsonValue, items: JsonValue) -> None:
    """A loop meets items, keys or characters, and nothing of null."""
    assert select_items(value, budget, "for") == items


def test_number_has_no_items(budget: Budget) -> None:
    """A loop over a number says who needed a list."""
    with pytest.raises(Fault, match="`sum` needs a list, got number 3"):
        select_items(3, budget, "sum")


@pytest.mark.parametrize(
    ("key", "text"),
    [("a", "a"), (1, "1"), (1.0, "1"), (1.5, "1.5"), (True, "true"), (False, "false"), (None, "null")],
)
def test_key_is_written_as_json(budget: Budget, key: JsonValue, text: str) -> None:
    """A key that is no text becomes the text JSON has for it."""
    assert key_text(key, budget) == text


@pytest.mark.parametrize("key", [[], {}, 10**400], ids=short)
def test_key_must_be_simple(budget: Budget, key: JsonValue) -> None:
    """A list, an object and a number past the limit are no keys."""
    with pytest.raises(Fault):
        key_text(key, budget)


def test_place_is_written_for_an_error_only() -> None:
    """The part of the expression is not put into words while all goes well."""
    places: list[str] = []
    place: Callable[[], str] = lambda: places.append("asked") or "step"  # noqa: E731
    select_key({"a": 1}, "a", place)
    assert not places
