"""Tests of `batonmcp.llm.lexical.arguments`."""

from typing import Any

from batonmcp.llm.lexical.arguments import Filled, fill
from batonmcp.llm.lexical.profiles import Profile
from batonmcp.llm.lexical.tokens import tokens_of
from builders import tool


def _fill(query: str, schema: dict[str, Any], *, typed_only: bool = False) -> Filled:
    profile = Profile.of(tool(input_schema={"type": "object"} | schema))
    return fill(profile, tokens_of(query), lambda token: token.lower == "weather", typed_only=typed_only)


def test_what_is_missing_is_said() -> None:
    """A required parameter without a value is missing; nothing is invented for it."""
    schema = {"properties": {"path": {"type": "string"}, "depth": {"type": "integer"}}, "required": ["path", "depth"]}
    filled = _fill("list /srv", schema)
    assert (filled.arguments, filled.missing) == ({"path": "/srv"}, ("depth",))
    assert filled.all_taken == {1}


def test_a_value_that_its_schema_does_not_allow_is_taken_back() -> None:
    """Whatever is filled in fits the parameter."""
    schema = {"properties": {"limit": {"type": "integer", "maximum": 10}}}
    assert _fill("the last 50", schema).arguments == {}
    assert _fill("the last 5", schema).arguments == {"limit": 5}


def test_arguments_that_break_the_whole_schema_do_not_fit() -> None:
    """Constraints on the object as a whole count too."""
    schema = {"properties": {"city": {"type": "string"}}, "minProperties": 1}
    assert not _fill("weather", schema).fits
    assert _fill("weather city=Rome", schema).fits


def test_phrases_are_not_sure() -> None:
    """Only values that are recognised by themselves are counted, or taken when only these are wanted."""
    schema = {"properties": {"city": {"type": "string"}}, "required": ["city"]}
    assert _fill("weather in Rome", schema).sure == 0
    assert _fill("weather city=Rome", schema).sure == 1
    assert _fill("weather in Rome", schema, typed_only=True).missing == ("city",)
