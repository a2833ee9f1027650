"""The parts of a step: its places, the names in them, and what is known of its value."""

from typing import Any

import pytest

from batonmcp.core.draft import StepDraft
from batonmcp.core.expression import parse
from batonmcp.core.parts import Parts, join
from batonmcp.core.template import Template
from batonmcp.core.tool import Tool
from builders import tool

OUTPUT: dict[str, Any] = {
    "type": "object",
    "properties": {"n": {"$ref": "#/$defs/count"}},
    "additionalProperties": False,
    "$defs": {"count": {"type": "integer"}},
}
TAKES: dict[str, Any] = {"type": "object", "properties": {"text": {"type": "string"}}}


def parts_of(called: Tool | None, **draft: Any) -> Parts:  # noqa: ANN401 - JSON
    """Return the parts that a draft compiles to."""
    written = StepDraft(tool="a__x", **draft)
    parts = Parts(index=2, id="s", draft=written, tool=called, after=())
    parts.arguments = Template.of(written.arguments, lambda source, _path: parse(source))
    parts.when = parse(written.when) if written.when else None
    parts.for_each = parse(written.for_each) if written.for_each else None
    return parts


def test_a_json_path_has_keys_and_indexes() -> None:
    """Keys stand behind dots, indexes in brackets."""
    assert join("steps[0].arguments", ("a", 1, "b")) == "steps[0].arguments.a[1].b"


def test_each_place_is_told_with_its_names() -> None:
    """The names of a loop's own variables are no steps."""
    parts = parts_of(
        tool(), arguments={"v": [{"$from": "one.a + item"}]}, for_each="two.list", when="three", after=["four"]
    )
    assert dict(parts.places()) == {
        "steps[2].arguments.v[0]": {"one"},
        "steps[2].for_each": {"two"},
        "steps[2].when": {"three"},
    }
    assert parts.data == {"one", "two", "three"}


def test_the_value_of_a_loop_is_a_list_of_results() -> None:
    """Its schema says so and keeps the definitions that it refers to; without a declared one nothing is known."""
    called = tool(output_schema=OUTPUT)
    assert parts_of(called).value_schema == OUTPUT
    assert parts_of(called, for_each="[1]").value_schema == {"type": "array", "items": OUTPUT, "$defs": OUTPUT["$defs"]}
    assert parts_of(tool()).value_schema is None
    assert parts_of(None).value_schema is None


@pytest.mark.parametrize(
    ("draft", "places"),
    [
        ({"arguments": {"text": {"$from": "one.m"}}}, ["steps[2].arguments.text"]),
        ({"arguments": {"text": {"$from": "one.n"}}}, ["steps[2].arguments.text"]),
        ({"arguments": {"other": {"$from": "one.n"}}}, []),
        ({"arguments": {"text": [{"$from": "one.n"}]}}, []),
        ({"arguments": {"text": {"$from": "str(one.n)"}}}, []),
        ({"arguments": {"text": {"$from": "index"}}, "for_each": "one.n"}, ["steps[2].arguments.text"]),
        ({"for_each": "one.m", "when": "one.m"}, ["steps[2].for_each", "steps[2].when"]),
    ],
)
def test_types_that_cannot_fit_are_told_with_their_place(draft: dict[str, Any], places: list[str]) -> None:
    """A missing key and a number where text is wanted are told; a conversion and a nested place are not."""
    parts = parts_of(tool(input_schema=TAKES), **draft)
    assert [problem.path for problem in parts.type_problems({"one": OUTPUT})] == places
