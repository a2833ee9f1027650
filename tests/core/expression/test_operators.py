"""Operators do what Python's do, for operands that JSON has and results that it can hold."""

import operator
import re
from collections.abc import Callable
from reprlib import repr as short
from typing import Any

import pytest
from pydantic import JsonValue

from batonmcp.core.expression.budget import DEFAULT_LIMITS, Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.operators import ARITHMETIC, COMPARISONS, SIGNS, spend_scan

PYTHON: dict[str, Callable[[Any, Any], Any]] = {
    "!=": operator.ne,
    "%": operator.mod,
    "*": operator.mul,
    "**": lambda left, right: left**right,
    "+": operator.add,
    "-": operator.sub,
    "/": lambda left, right: left / right,
    "//": lambda left, right: left // right,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda item, container: item in container,
    "is": operator.is_,
    "is not": operator.is_not,
    "not in": lambda item, container: item not in container,
}
OPERATORS = {**ARITHMETIC, **COMPARISONS}


@pytest.fixture
def budget() -> Budget:
    """Return a fresh budget."""
    return Budget(DEFAULT_LIMITS)


@pytest.mark.parametrize("symbol", list(ARITHMETIC))
@pytest.mark.parametrize(("left", "right"), [(7, 2), (-7, 2), (7.5, 2), (True, 3), (0, 5), (2, -3)])
def test_arithmetic_agrees_with_python(budget: Budget, symbol: str, left: JsonValue, right: JsonValue) -> None:
    """Numbers and booleans calculate as in Python."""
    assert ARITHMETIC[symbol](left, right, budget) == PYTHON[symbol](left, right)


@pytest.mark.parametrize("symbol", ["==", "!=", "<", "<=", ">", ">="])
@pytest.mark.parametrize(
    ("left", "right"),
    [(1, 2.0), (1, 1.0), (True, 1), ("a", "b"), ("a" * 500, "a" * 500), ([1, "a"], [1, "b"])],
    ids=short,
)
def test_order_agrees_with_python(budget: Budget, symbol: str, left: JsonValue, right: JsonValue) -> None:
    """Numbers, texts and lists compare as in Python."""
    assert COMPARISONS[symbol](left, right, budget) == PYTHON[symbol](left, right)


@pytest.mark.parametrize(
    ("symbol", "left", "right"),
    [
        ("+", "a", "b"),
        ("+", [1], [2]),
        ("*", "ab", 2),
        ("*", 2, [1]),
        ("*", [1], -5),
        ("==", {"a": [1]}, {"a": [1.0]}),
        ("==", [1], None),
        ("==", "1", 1),
        ("!=", [1, 2], [1]),
        ("in", 1, [1.0]),
        ("in", [1], [[1]]),
        ("in", "b", "abc"),
        ("in", "a", {"a": 1}),
        ("in", "x" * 500, ["x" * 500]),
        ("not in", 1, [2]),
        ("is", None, None),
        ("is not", 0, False),
    ],
    ids=short,
)
def test_operator_agrees_with_python(budget: Budget, symbol: str, left: JsonValue, right: JsonValue) -> None:
    """Texts, lists and objects join, repeat, compare and contain as in Python."""
    assert OPERATORS[symbol](left, right, budget) == PYTHON[symbol](left, right)


def test_repetition_less_than_once_is_empty(budget: Budget) -> None:
    """A list or text repeated a negative number of times is empty, whatever the number."""
    assert ARITHMETIC["*"]([1], -(10**300), budget) == []
    assert ARITHMETIC["*"](-(10**300), "a", budget) == ""


def test_null_contains_nothing(budget: Budget) -> None:
    """Nothing is in null."""
    assert COMPARISONS["in"](1, None, budget) is False
    assert COMPARISONS["not in"](1, None, budget) is True


def test_number_as_key_is_found(budget: Budget) -> None:
    """A number is looked up in an object as the text that it is there."""
    assert COMPARISONS["in"](1, {"1": None}, budget) is True


@pytest.mark.parametrize(
    ("symbol", "left", "right", "message"),
    [
        ("+", "a", 1, r"`\+` cannot take text 'a' with number 1\. Convert"),
        ("+", None, 1, r"with number 1\. Give a value to use instead of null"),
        ("-", [1], [1], "Write a comprehension"),
        ("-", {}, {}, r"an empty object\."),
        ("%", "a %s", 1, "f'{a} {b}'"),
        ("/", 1, 0, "number 1 is divided by zero"),
        ("%", 1, 0.0, "divided by zero"),
        ("**", 0, -1, "divided by zero"),
        ("**", -8, 0.5, "no real power 0.5"),
        ("**", 9, 9**9, "307 digits"),
        ("**", -2, 10**300, "307 digits"),
        ("**", 1e300, 2, "307 digits"),
        ("*", 10**200, 10**200, "307 digits"),
        ("*", 1e300, 1e300, "no JSON number"),
        ("+", 1.5, 10**400, "307 digits"),
        ("%", 10**400, 7, "307 digits"),
        ("*", "ab", 10**9, "characters is too long"),
        ("*", [1], 10**9, "items is too long"),
        ("+", "x" * 600_000, "x" * 600_000, "characters is too long"),
        ("+", [0] * 60_000, [0] * 60_000, "items is too long"),
        ("<", "a", 1, "`<` cannot compare text 'a' with number 1"),
        (">", None, 1, "check for null first"),
        ("<", [1, "a"], [1, 2], "items without an order"),
        ("in", 1, 5, "`in` cannot look for number 1 in number 5"),
        ("in", 1, "abc", "A text holds text"),
        ("in", [], {}, "the key of an object is text"),
    ],
    ids=short,
)
def test_misuse_is_explained(budget: Budget, symbol: str, left: JsonValue, right: JsonValue, message: str) -> None:
    """What an operator cannot do names the operands and a cure."""
    with pytest.raises(Fault) as caught:
        OPERATORS[symbol](left, right, budget)
    assert re.search(message, f"{caught.value.message} {caught.value.cure}")


def test_sign_is_applied() -> None:
    """A sign works on numbers only."""
    assert (SIGNS["-"](2), SIGNS["+"](2.5)) == (-2, 2.5)
    with pytest.raises(Fault, match="`-` needs a number, got text 'a'"):
        SIGNS["-"]("a")


@pytest.mark.parametrize("value", [1, "x" * 100_000, [[1] * 50], {"a": "b"}], ids=short)
def test_scan_is_paid_for(budget: Budget, value: JsonValue) -> None:
    """Looking for a value in a long list is refused before it is done."""
    with pytest.raises(Fault, match="steps"):
        spend_scan([0] * 2_000_000, value, budget)
