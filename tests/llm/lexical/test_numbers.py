"""Tests of `batonmcp.llm.lexical.numbers`."""

from typing import Any

import pytest

from batonmcp.llm.lexical.numbers import numbers
from batonmcp.llm.lexical.parameters import parameters_of
from batonmcp.llm.lexical.tokens import tokens_of
from builders import tool

_INTEGER = {"type": "integer"}


def _numbers(properties: dict[str, Any], query: str, *, required: list[str] | None = None) -> dict[str, Any]:
    parameters = parameters_of(tool(input_schema={"properties": properties, "required": required or []}))
    tokens = tokens_of(query)
    found = numbers(parameters, tokens, set(), lambda token: token.lower == "apples")
    return {parameter.name: value.value for parameter, value in found}


@pytest.mark.parametrize(
    ("properties", "query", "found"),
    [
        ({"max_count": _INTEGER}, "the last 5 pears", {"max_count": 5}),
        ({"limit": _INTEGER}, "5 apples", {"limit": 5}),
        ({"limit": _INTEGER}, "5 pears", {}),
        ({"days": _INTEGER}, "for 3 days", {"days": 3}),
        ({"page": _INTEGER, "limit": _INTEGER}, "page 2, first 10", {"page": 2, "limit": 10}),
        (
            {"head": _INTEGER | {"description": "first lines"}, "tail": _INTEGER | {"description": "last lines"}},
            "the last 4 lines",
            {"tail": 4},
        ),
    ],
)
def test_words_around_a_number_say_what_it_is_for(
    properties: dict[str, Any], query: str, found: dict[str, int]
) -> None:
    """Name, unit, count word and description tie a number to a parameter; without any it is for none."""
    assert _numbers(properties, query) == found


def test_required_numbers_are_taken_in_order() -> None:
    """As many numbers as are needed are given in order; fewer are not guessed at."""
    properties = {"a": {"type": "number"}, "b": {"type": "number"}}
    assert _numbers(properties, "add 2 and 3.5", required=["a", "b"]) == {"a": 2, "b": 3.5}
    assert _numbers(properties, "add 2", required=["a", "b"]) == {}
