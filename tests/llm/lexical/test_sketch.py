"""Tests of `batonmcp.llm.lexical.sketch`."""

from typing import Any

import pytest

from batonmcp.core.registry import Registry
from batonmcp.llm.lexical.bm25 import Index
from batonmcp.llm.lexical.clauses import clauses_of
from batonmcp.llm.lexical.sketch import Sketch, Unplannable
from batonmcp.llm.lexical.tokens import tokens_of
from builders import registry, tool

_TEXT = {"type": "string"}
_PLACE = {"properties": {"place": _TEXT | {"examples": ["rome"]}}}
_PATH = {"properties": {"path": _TEXT}, "required": ["path"]}
_TREES = {"properties": {"trees": {"type": "array", "items": {"properties": {"soil": _TEXT}, "required": ["soil"]}}}}
_TOOLS = registry(
    tool("a__get_trees", input_schema=_PLACE, output_schema=_TREES),
    tool("a__get_weather", input_schema=_PLACE),
    tool("a__get_soil", input_schema={"properties": {"soil": _TEXT}, "required": ["soil"]}),
    tool("a__read_file", input_schema=_PATH),
    tool("a__delete_file", effect="destructive", input_schema=_PATH),
    tool("a__plant_roses", effect="write"),
)


def _steps(query: str, tools: Registry = _TOOLS) -> list[dict[str, Any]]:
    tokens = tokens_of(query)
    sketch = Sketch(Index(tools), tokens)
    for clause in clauses_of(tokens):
        fit = sketch.choose(clause)
        assert fit, clause
        sketch.place(fit, clause)
    sketch.share_last_values()
    document: Any = sketch.document()
    return document["steps"]


def test_clauses_for_one_tool_are_one_step_unless_their_values_differ() -> None:
    """The same tool is called twice only for different things."""
    assert len(_steps("weather, weather")) == 1
    assert [step["arguments"] for step in _steps("weather for rome, weather for oslo")] == [
        {"place": "rome"},
        {"place": "oslo"},
    ]


def test_order_without_data_is_after() -> None:
    """What comes second waits for everything before it that nothing else waits for."""
    steps = _steps("weather and trees, then read /a")
    assert [step.get("after") for step in steps] == [None, None, ["s2", "s1"]]


def test_data_makes_the_order() -> None:
    """A step that takes data needs no `after`."""
    _, second = _steps("trees, then soil")
    assert second == {
        "id": "s2",
        "tool": "a__get_soil",
        "for_each": "unique([a.soil for a in s1.trees])",
        "arguments": {"soil": {"$from": "item"}},
    }


def test_what_is_lacking_is_wired_without_being_asked_for() -> None:
    """A tool that cannot run on the query alone takes what an earlier step has."""
    assert _steps("trees and soil")[1]["arguments"] == {"soil": {"$from": "item"}}


def test_values_of_other_clauses_are_for_reading_only() -> None:
    """A path said elsewhere is read, but not deleted."""
    assert _steps("weather and read the file, trees from /a")[1]["arguments"] == {"path": "/a"}
    tokens = tokens_of("read /a and delete the file")
    assert Sketch(Index(_TOOLS), tokens).choose(clauses_of(tokens)[1]) is None


def test_the_last_value_is_for_all_that_are_joined() -> None:
    """`trees and weather for rome` is about Rome's trees too."""
    assert [step["arguments"] for step in _steps("trees and weather for rome")] == [{"place": "rome"}] * 2
    assert _steps("trees, then weather for rome")[0]["arguments"] == {}


def test_conditions() -> None:
    """A condition becomes `when`; said first, it holds for all that follows in the sentence."""
    first, second, third = _steps("If there are trees, plant roses and read /a")
    assert "when" not in first
    assert second["when"] == third["when"] == "len(s1.trees) > 0"


@pytest.mark.parametrize(
    "query",
    [
        "plant roses if any",
        "if there are 3 trees, plant roses",
        "if there are old trees, plant roses",
        "weather, plant roses if any",
    ],
)
def test_conditions_that_cannot_be_told_are_refused(query: str) -> None:
    """Nothing is changed on a condition that was not understood or that the result does not tell."""
    with pytest.raises(Unplannable):
        _steps(query)


def test_a_reading_step_may_go_without_an_empty_condition() -> None:
    """`show x if any` is `show x`."""
    assert _steps("show the weather if any") == [{"id": "s1", "tool": "a__get_weather", "arguments": {}}]


def test_replace_last() -> None:
    """A step can get another fit, and is linked again."""
    tokens = tokens_of("trees then soil")
    sketch = Sketch(Index(_TOOLS), tokens)
    for clause in clauses_of(tokens):
        fit = sketch.choose(clause)
        assert fit
        sketch.place(fit, clause)
    sketch.replace_last(sketch.steps[-1].fit)
    assert sketch.steps[-1].link.for_each
    assert sketch.steps[-1].source().many
