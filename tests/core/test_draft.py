"""Drafts: the shape of a plan document."""

import json
import re
from typing import Any

import pytest
from pydantic import JsonValue

from batonmcp.core.draft import PLAN_FORMAT, StepDraft, Unreadable, read_result, read_steps
from batonmcp.core.errors import Problem


def problems_of(document: JsonValue) -> list[Problem]:
    """Return what is wrong with the shape of a document."""
    return read_steps(document, most=3)[1]


def read(step: dict[str, Any]) -> StepDraft | Unreadable:
    """Return the draft of one step."""
    ((draft,), _) = read_steps({"steps": [step]}, most=3)
    return draft


def test_a_step_needs_a_tool_only() -> None:
    """Everything else has a default that does nothing."""
    assert read({"tool": "a__x"}) == StepDraft(
        tool="a__x",
        id=None,
        arguments={},
        when=None,
        for_each=None,
        after=(),
        on_error="stop",
        independent=False,
    )


@pytest.mark.parametrize(
    ("written", "field", "meant"),
    [
        ({"when": {"$from": "a.b"}}, "when", "a.b"),
        ({"for_each": {"$from": "a.b"}}, "for_each", "a.b"),
        ({"after": "a"}, "after", ("a",)),
        ({"after": ["a", "b"]}, "after", ("a", "b")),
        ({"when": None}, "when", None),
    ],
)
def test_takes_what_can_mean_one_thing_only(written: dict[str, Any], field: str, meant: object) -> None:
    """An expression written as in arguments, or one name for a list of one, needs no repair call."""
    assert getattr(read({"tool": "a__x", **written}), field) == meant


@pytest.mark.parametrize("document", [None, "steps", [], {}, {"steps": {}}, {"steps": "a"}, {"plan": []}, 5], ids=str)
def test_what_is_no_plan_is_told_the_form(document: JsonValue) -> None:
    """One problem, whose cure is the form of a plan."""
    (problem,) = problems_of(document)
    assert problem.path == "plan"
    assert '{"steps": [' in problem.cure


def test_a_plan_has_at_least_one_step() -> None:
    """An empty plan is a problem, not a run that does nothing."""
    assert [problem.path for problem in problems_of({"steps": []})] == ["steps"]


def test_a_plan_has_at_most_so_many_steps() -> None:
    """Too many steps are refused with the number that is allowed, and are not read one by one."""
    steps: list[JsonValue] = [{"tool": "a__x"}]
    drafts, problems = read_steps({"steps": steps * 4}, most=3)
    assert drafts == []
    (problem,) = problems
    assert (problem.path, problem.message) == ("steps", "has 4 steps.")
    assert "At most 3" in problem.cure
    assert read_steps({"steps": steps * 3}, most=3)[1] == []


@pytest.mark.parametrize(
    ("step", "path", "words"),
    [
        ("a__x", "steps[0]", "is not an object. Write a step as an object."),
        (["a__x"], "steps[0]", "is not an object."),
        ({}, "steps[0].tool", "is missing. Every step names its tool."),
        ({"tool": 5}, "steps[0].tool", "string"),
        ({"tool": "a__x", "args": {}}, "steps[0].args", "is not a part of a step. A step has: after, arguments,"),
        ({"tool": "a__x", "id": 1}, "steps[0].id", "string"),
        ({"tool": "a__x", "arguments": []}, "steps[0].arguments", "dictionary"),
        ({"tool": "a__x", "when": True}, "steps[0].when", "string"),
        ({"tool": "a__x", "when": {"$from": 1}}, "steps[0].when", "string"),
        ({"tool": "a__x", "for_each": ["a"]}, "steps[0].for_each", "string"),
        ({"tool": "a__x", "after": ["a", 1]}, "steps[0].after[1]", "string"),
        ({"tool": "a__x", "on_error": "skip"}, "steps[0].on_error", "'stop' or 'continue'"),
        ({"tool": "a__x", "independent": "maybe"}, "steps[0].independent", "boolean"),
    ],
    ids=str,
)
def test_a_wrong_part_is_named_with_its_path(step: JsonValue, path: str, words: str) -> None:
    """The sentence says where it is and what belongs there."""
    (problem,) = problems_of({"steps": [step]})
    assert problem.path == path
    assert words in str(problem)


def test_every_wrong_part_of_every_step_is_told() -> None:
    """One reading finds them all, and reads the steps that are right."""
    drafts, problems = read_steps(
        {"steps": [{"id": "a", "arg": {}, "on_error": 1}, {"tool": "a__x"}, 7], "note": "", "v": 1}, most=3
    )
    assert [problem.path for problem in problems] == [
        "note",
        "v",
        "steps[0].tool",
        "steps[0].on_error",
        "steps[0].arg",
        "steps[2]",
    ]
    assert drafts == [Unreadable("a"), StepDraft(tool="a__x"), Unreadable(None)]


@pytest.mark.parametrize(
    ("document", "source"),
    [
        ({"steps": []}, None),
        ({"steps": [], "result": None}, None),
        ({"steps": [], "result": "a.b"}, "a.b"),
        ({"result": {"$from": "a.b"}}, "a.b"),
        (None, None),
        ([], None),
    ],
    ids=str,
)
def test_a_plan_may_have_a_result(document: JsonValue, source: str | None) -> None:
    """An expression, written as text or as in arguments, and known as a part of a plan."""
    assert read_result(document) == source
    assert "result" not in {problem.path for problem in problems_of(document)}


@pytest.mark.parametrize("result", [5, True, ["a.b"], {}, {"$from": 1}], ids=str)
def test_a_result_that_is_no_expression_is_a_problem(result: JsonValue) -> None:
    """It is told where it stands and how it is written."""
    problem = read_result({"steps": [], "result": result})
    assert isinstance(problem, Problem)
    assert problem.path == "result"
    assert problem.cure


def test_an_id_that_is_no_text_is_not_known() -> None:
    """Nothing can refer to it."""
    assert read({"tool": "a__x", "id": 5}) == Unreadable(None)


def test_arguments_nested_without_end_are_a_problem() -> None:
    """They are refused with their path, and do not exhaust the stack."""
    arguments: dict[str, JsonValue] = {}
    for _ in range(900):
        arguments = {"a": arguments}
    (problem,) = problems_of({"steps": [{"tool": "a__x", "arguments": arguments}]})
    assert problem.path == "steps[0].arguments"


def test_arguments_keep_their_json_types() -> None:
    """Numbers, booleans and null are not turned into text or into each other."""
    arguments = {"a": 1, "b": 1.5, "c": True, "d": None, "e": "1", "f": [{"g": "true"}]}
    draft = read({"tool": "a__x", "arguments": arguments})
    assert isinstance(draft, StepDraft)
    assert json.dumps(draft.arguments) == json.dumps(arguments)


def test_a_draft_is_frozen() -> None:
    """What was read is what is checked."""
    with pytest.raises(ValueError, match="frozen"):
        StepDraft(tool="a__x").tool = "b__y"  # type: ignore[misc]


def test_the_format_tells_of_every_part_but_those_of_persons() -> None:
    """The text for models names each field of a step; `independent` is not theirs to set."""
    told = set(re.findall(r'^- "(\w+)"', PLAN_FORMAT, re.MULTILINE))
    assert told == StepDraft.model_fields.keys() - {"independent"}
