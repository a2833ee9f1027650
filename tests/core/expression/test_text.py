"""Values are written as Python writes them, unless they are too large."""

import math
from reprlib import repr as short

import pytest
from pydantic import JsonValue

from batonmcp.core.expression.budget import DEFAULT_LIMITS, Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.text import format_text, identity, to_ascii, to_json, to_repr, to_text


@pytest.fixture
def budget() -> Budget:
    """Return a fresh budget."""
    return Budget(DEFAULT_LIMITS)


VALUES: list[JsonValue] = [None, True, 7, -1.5, 1e20, "é'", ["a", 1, None], {"k": [1.0, "x"]}, 10**300]


@pytest.mark.parametrize("value", VALUES, ids=short)
def test_value_is_written_as_python_does(budget: Budget, value: JsonValue) -> None:
    """`str`, `repr` and `ascii` agree with Python's."""
    written = (to_text(value, budget), to_repr(value, budget), to_ascii(value, budget))
    assert written == (str(value), repr(value), ascii(value))


def test_json_is_written(budget: Budget) -> None:
    """JSON keeps characters and has its own constants."""
    assert to_json({"é": [True, None, 1.5]}, budget) == '{"é": [true, null, 1.5]}'


@pytest.mark.parametrize("value", [math.nan, [math.inf]])
def test_json_has_finite_numbers_only(budget: Budget, value: JsonValue) -> None:
    """A number that JSON does not have is a fault."""
    with pytest.raises(Fault, match="to_json"):
        to_json(value, budget)


@pytest.mark.parametrize("value", [["x" * 1_000] * 2_000, ["\0" * 500_000], [0] * 90_000, 10**400], ids=short)
def test_large_value_is_not_written(budget: Budget, value: JsonValue) -> None:
    """What would be too long a text, or too much work, is refused."""
    with pytest.raises(Fault):
        to_text(value, budget)


@pytest.mark.parametrize(
    ("value", "spec"),
    [(3.14159, ".2f"), (7, "03d"), (1234567, ","), (0.25, ".0%"), ("a", ">5"), (255, "#x"), (True, "d"), (None, "")],
)
def test_format_is_applied(budget: Budget, value: JsonValue, spec: str) -> None:
    """A format of Python's works as in Python."""
    assert format_text(value, spec, budget) == format(value, spec)


@pytest.mark.parametrize(
    ("value", "spec", "message"),
    [
        (1, "1000000", "too wide"),
        (1, "99999999999999", "cannot be written in the format"),
        (1.5, ".101f", "too wide"),
        (1, "n", "cannot be written"),
        (1, "{}", "cannot be written"),
        ([1], ">5", "a list of 1 item cannot be written"),
        (None, "d", "null cannot be written"),
        ("a", "d", "Unknown format code 'd'"),
        (1.5, "d", "Unknown format code 'd'"),
    ],
)
def test_bad_format_is_explained(budget: Budget, value: JsonValue, spec: str, message: str) -> None:
    """A format that is none, too wide or for another kind of value is a fault."""
    with pytest.raises(Fault, match=message):
        format_text(value, spec, budget)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (1, 1.0),
        (1, True),
        (1.5, 1.5),
        (0.0, -0.0),
        ([1, {"a": 2}], [1.0, {"a": 2.0}]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ],
)
def test_identity_is_the_same_for_equal_values(left: JsonValue, right: JsonValue) -> None:
    """Values that Python calls equal have one identity."""
    assert left == right
    assert identity(left) == identity(right)


@pytest.mark.parametrize(
    ("left", "right"), [(1, "1"), (1, 1.5), (None, "None"), ([1, 2], [12]), ({"a": 1}, ["a", 1]), ([], {})]
)
def test_identity_tells_values_apart(left: JsonValue, right: JsonValue) -> None:
    """Values that are not equal have two."""
    assert identity(left) != identity(right)
