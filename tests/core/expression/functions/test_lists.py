"""List functions make a list."""

from collections.abc import Callable

import pytest
from pydantic import JsonValue


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("enumerate(['a', 'b'])", [[0, "a"], [1, "b"]]),
        ("enumerate(['a'], start=1)", [[1, "a"]]),
        ("flatten([[1], [2, [3]], 4, null, 'ab'])", [1, 2, [3], 4, "ab"]),
        ("flatten(null)", []),
        ("list('ab')", ["a", "b"]),
        ("list({'a': 1})", ["a"]),
        ("tuple([1])", [1]),
        ("range(3)", [0, 1, 2]),
        ("range(1, 3)", [1, 2]),
        ("range(3, 0, -2)", [3, 1]),
        ("range(0)", []),
        ("reversed([1, 2])", [2, 1]),
        ("reversed('ab')", ["b", "a"]),
        ("set([2, 1, 2])", [2, 1]),
        ("unique([1, 1.0, true, '1', [1], [1.0], {'a': 1}, {'a': 1}])", [1, "1", [1], {"a": 1}]),
        ("unique([{'a': 1, 'b': 1}, {'a': 1, 'b': 2}], key='a')", [{"a": 1, "b": 1}]),
        ("unique(['A', 'a'], lambda x: x.lower())", ["A"]),
        ("unique(null)", []),
        ("zip([1, 2], ['a', 'b', 'c'])", [[1, "a"], [2, "b"]]),
        ("zip()", []),
    ],
)
def test_list_is_made(value: Callable[..., JsonValue], source: str, result: JsonValue) -> None:
    """Each function gives the list that Python's gives."""
    assert value(source) == result


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("enumerate([1], 'a')", "`enumerate` starts at a whole number, got text 'a'."),
        ("flatten(3)", "`flatten` needs a list, got number 3."),
        ("flatten([[0] * 1000] * 1000)", "a list of 1000000 items is too long"),
        ("list(1)", "`list` needs a list, got number 1."),
        ("range(1.5)", "`range` needs whole numbers, and a step other than 0."),
        ("range(0, 5, 0)", "a step other than 0"),
        ("range(100001)", "a list of 100001 items is too long"),
        ("range(10 ** 300)", "items is too long"),
        ("zip([1], 2)", "`zip` needs a list, got number 2."),
        ("unique(collisions)", "steps"),
    ],
)
def test_list_has_its_faults(failure: Callable[..., str], source: str, message: str) -> None:
    """What no list can be made of, or too long a one, is explained."""
    collisions: JsonValue = [n * (2**61 - 1) for n in range(100_000)]
    assert message in failure(source, collisions=collisions)


@pytest.mark.parametrize(
    "call", ["enumerate({})", "flatten({})", "list({})", "reversed({})", "unique({})", "zip({0}, {0})"]
)
def test_long_list_is_refused(failure: Callable[..., str], call: str) -> None:
    """A list longer than the limits is not copied."""
    assert failure(call.replace("{}", "big").replace("{0}", "big"), big=[0] * 2_000_000)
