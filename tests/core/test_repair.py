"""Repair: what has one reading only is taken, anything less plain is left to be reported."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.plan import Plan
from batonmcp.core.repair import meant_arguments, meant_tool
from batonmcp.core.schema import Schema
from builders import plan_of, registry, tool

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "count": {"type": "integer"},
        "share": {"type": "number"},
        "deep": {"type": "array", "items": {"type": "object", "properties": {"on": {"type": "boolean"}}}},
        "name": {"type": "string"},
        "either": {"type": ["string", "integer"]},
        "size": {"enum": [1, 2]},
    },
}
TOOLS = registry(tool("mail__send", input_schema=SCHEMA), tool("mail__read"), tool("disk__read"))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("mail.send", "mail__send"),
        ("Mail-Send", "mail__send"),
        ("mailSend", "mail__send"),
        ("send", "mail__send"),
        ("read", None),
        ("mail__sent", None),
        ("mail__", None),
        ("", None),
    ],
)
def test_a_tool_that_was_plainly_meant(written: str, meant: str | None) -> None:
    """Punctuation and case are forgiven, and a bare name that only one server has; a misspelling is not."""
    found = meant_tool(written, TOOLS)
    assert (found and found.qualified) == meant


@pytest.mark.parametrize(
    "tools",
    [["a__b_c", "a__bc"], ["a__b_c", "a_b__c"], ["a__bc", "z__a_bc"], ["a__b_c", "a_b__c", "z__abc"]],
    ids=str,
)
def test_two_tools_that_could_be_meant_are_none(tools: list[str]) -> None:
    """Also where one is meant by its own name and the other together with its server's."""
    assert meant_tool("a.bc", registry(*map(tool, tools))) is None


def test_a_name_without_a_letter_has_no_reading() -> None:
    """It is not that of a tool which has none either."""
    assert meant_tool("...", registry(tool("a__-"))) is None


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"maximum": 3}, 5),
        ({"multipleOf": 2}, 5),
        ({"pattern": "^x"}, "5"),
        ({"maxLength": 3}, "12345"),
        ({"type": "integer", "maximum": 3}, "5"),
        ({"type": "integer"}, "007"),
        ({"type": "integer"}, "9" * 5_000),
        ({"type": "number"}, "1e999"),
        ({"items": {"type": "integer"}}, {"$raw": ["5"]}),
        ({"properties": {"b": {"type": "integer"}}}, {"$raw": {"b": "5"}}),
        ({"if": True, "then": {"type": "integer"}}, "5"),
    ],
    ids=lambda part: str(part)[:40],
)
def test_no_type_is_changed_to_get_round_a_schema(schema: dict[str, Any], value: JsonValue) -> None:
    """A bound or a pattern that a value breaks it breaks in any type, and some texts only look like a number."""
    arguments = {"a": value}
    assert meant_arguments(arguments, Schema({"properties": {"a": schema}})) == (arguments, [])


def test_the_arguments_as_written_are_not_changed() -> None:
    """What the planner wrote can still be shown."""
    arguments: dict[str, JsonValue] = {"deep": [{"on": "true"}], "count": "1"}
    changed, _ = meant_arguments(arguments, Schema(SCHEMA))
    assert changed == {"deep": [{"on": True}], "count": 1}
    assert arguments == {"deep": [{"on": "true"}], "count": "1"}


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"count": "5"}, {"count": 5}),
        ({"count": " -5 "}, {"count": -5}),
        ({"share": "0.5"}, {"share": 0.5}),
        ({"deep": [{"on": True}, {"on": "False"}]}, {"deep": [{"on": True}, {"on": False}]}),
        ({"name": 5}, {"name": "5"}),
        ({"name": True}, {"name": "true"}),
        ({"size": "2"}, {"size": 2}),
    ],
)
def test_a_scalar_in_the_wrong_type_is_converted(given: dict[str, JsonValue], taken: dict[str, JsonValue]) -> None:
    """A text that is a number becomes one where the schema asks for it, and the change is told."""
    arguments, changes = meant_arguments(given, Schema(SCHEMA))
    assert arguments == taken
    assert len(changes) == 1
    assert "as the tool's schema asks" in changes[0]


@pytest.mark.parametrize(
    "given",
    [
        {"count": "five"},
        {"count": "5.5"},
        {"count": "NaN"},
        {"count": None},
        {"count": [5]},
        {"name": ["x"]},
        {"size": "3"},
        {"either": "5"},
        {"count": {"$from": "'5'"}},
        {"count": {"$raw": "5"}},
    ],
)
def test_anything_else_stays(given: dict[str, JsonValue]) -> None:
    """What would change its meaning, fits already, or is not written literally is left as it is."""
    assert meant_arguments(given, Schema(SCHEMA)) == (given, [])


@settings(deadline=None)
@given(
    st.dictionaries(
        st.sampled_from([*SCHEMA["properties"]]),
        st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=4),
    )
)
def test_repair_never_makes_it_worse(arguments: dict[str, JsonValue]) -> None:
    """Every change takes a problem away, and without a change the arguments are the same."""
    schema = Schema(SCHEMA)
    repaired, changes = meant_arguments(arguments, schema)
    assert len(schema.violations(repaired)) == len(schema.violations(arguments)) - len(changes)
    assert changes or repaired == arguments


def test_repairs_are_noted_in_the_plan() -> None:
    """A plan that was repaired says what was taken for what, with its place."""
    plan: Plan = plan_of({"steps": [{"tool": "mail.send", "arguments": {"count": "5"}}]}, TOOLS)
    assert plan.steps[0].arguments.as_json() == {"count": 5}
    assert plan.notes == (
        "steps[0].tool: 'mail.send' was taken for 'mail__send'.",
        "steps[0].arguments.count: '5' was taken for 5, as the tool's schema asks.",
    )
