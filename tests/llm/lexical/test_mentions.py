"""Tests of `batonmcp.llm.lexical.mentions`."""

from typing import Any

import pytest

from batonmcp.llm.lexical.mentions import mentioned
from batonmcp.llm.lexical.parameters import parameters_of
from batonmcp.llm.lexical.tokens import tokens_of
from builders import tool


@pytest.mark.parametrize(
    ("name", "schema", "query", "values"),
    [
        ("branch_name", {"type": "string"}, "branch_name=main", ["main"]),
        ("branch_name", {"type": "string"}, "branch name: main", ["main"]),
        ("branchName", {"type": "string"}, "branch name fix-1X", ["fix-1X"]),
        ("branch_name", {"type": "string"}, "the branch name please", []),
        ("depth", {"type": "integer"}, "depth 3", [3]),
        ("depth", {"type": "integer"}, "depth=deep", []),
        ("message", {"type": "string"}, "message: hello there", ["hello there"]),
        ("message", {"type": "string"}, "message 'hi'", ["hi"]),
        ("message", {"type": "string"}, "message about roses", []),
        ("force", {"type": "boolean"}, "force=false", [False]),
        ("force", {"type": "boolean"}, "force no", []),
        ("options", {"type": "object"}, "options=x", []),
    ],
)
def test_mentioned(name: str, schema: dict[str, Any], query: str, values: list[object]) -> None:
    """A value stands behind its parameter's name and a mark; without a mark only where nothing else can be meant."""
    (parameter,) = parameters_of(tool(input_schema={"properties": {name: schema}}))
    assert [value.value for value in mentioned(parameter, tokens_of(query), lambda _: False)] == values


def test_a_plain_word_behind_the_name_of_a_required_parameter_is_its_value() -> None:
    """Unless it is one of the tool's own words."""
    (parameter,) = parameters_of(tool(input_schema={"properties": {"city": {"type": "string"}}, "required": ["city"]}))
    tokens = tokens_of("city rome")
    assert [value.value for value in mentioned(parameter, tokens, lambda _: False)] == ["rome"]
    assert list(mentioned(parameter, tokens, lambda _: True)) == []
