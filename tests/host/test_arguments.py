"""The arguments of a call: a task, or a sentence with every mistake."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.errors import BatonError
from batonmcp.core.limits import Limits
from batonmcp.host.arguments import Visit, read_call
from batonmcp.stages.task import Task

LIMITS = Limits()
PLAN: dict[str, JsonValue] = {"steps": [{"id": "one", "tool": "a__x", "arguments": {}}]}


@pytest.mark.parametrize(
    ("arguments", "task"),
    [
        ({"query": " How? "}, Task(query="How?")),
        (
            {"query": "q", "inputs": {"a": [1, {"b": None}]}, "servers": ["s", "t"], "output": "data", "plan": PLAN},
            Task(query="q", inputs={"a": [1, {"b": None}]}, servers=("s", "t"), output="data", plan=PLAN),
        ),
        ({"plan": PLAN}, Task(query="", plan=PLAN)),
        ({"query": "q", "servers": []}, Task(query="q")),
        (
            {"query": "q", "inputs": None, "servers": None, "output": None, "plan": None},
            Task(query="q"),
        ),
        ({"query": "q", "plan": json.dumps(PLAN), "inputs": '{"a": 1}'}, Task(query="q", plan=PLAN, inputs={"a": 1})),
        ({"query": "q", "inputs": {"text": '{"a": 1}'}}, Task(query="q", inputs={"text": '{"a": 1}'})),
        ({"query": "q", "plan": {}}, Task(query="q", plan={})),
    ],
    ids=["query", "all", "plan", "no servers", "nulls", "objects as text", "text in inputs", "empty plan"],
)
def test_what_is_taken(arguments: dict[str, Any], task: Task) -> None:
    """Arguments become a task; null is nothing, and an object that a model wrote as text is one."""
    assert read_call(arguments, LIMITS) == task


@pytest.mark.parametrize(
    ("arguments", "sentences"),
    [
        (None, ["The query is empty"]),
        ({}, ["The query is empty"]),
        ({"query": None}, ["The query is empty"]),
        ({"query": 5}, ["`query`: input should be a valid string"]),
        ({"query": "q", "inputs": [1]}, ["`inputs` is not an object"]),
        ({"query": "q", "inputs": "{oops"}, ["`inputs` is not an object"]),
        ({"query": "q", "inputs": '{"a": NaN}'}, ["`inputs` is not an object"]),
        ({"query": "q", "plan": "do it"}, ["`plan` is not an object"]),
        ({"query": "q", "plan": [PLAN]}, ["`plan` is not an object"]),
        ({"query": "q", "plan": "[" * 100_000}, ["`plan` is not an object"]),
        ({"query": "q", "servers": "s"}, ["`servers` is not a list"]),
        ({"query": "q", "servers": [1]}, ["`servers.0`: input should be a valid string"]),
        ({"query": "q", "output": "poem"}, ["`output`: input should be 'answer', 'data' or 'plan'"]),
        (
            {"query": "q", "quary": "x"},
            ["`quary` is no argument of orchestrate", "query, inputs, servers, output, plan"],
        ),
        (
            {"query": 5, "output": "poem", "what": 1, "plan": 2},
            ["`query`", "`output`", "`what`", "`plan`", "Correct the call and make it again."],
        ),
        ({"query": "x" * 65_537}, ["65,537 bytes, at most 65,536 are allowed", "one of the inputs"]),
    ],
)
def test_what_is_refused(arguments: dict[str, Any] | None, sentences: list[str]) -> None:
    """What cannot be used is refused in a sentence that names every wrong argument and says what to do."""
    with pytest.raises(BatonError) as error:
        read_call(arguments, LIMITS)
    assert error.value.info.kind == "bad_arguments"
    assert error.value.info.cure
    for sentence in sentences:
        assert sentence in str(error.value)


def test_values_nested_too_deep_are_refused() -> None:
    """Nesting past what can be read is a sentence, too."""
    deep: Any = None
    for _ in range(50_000):
        deep = [deep]
    with pytest.raises(BatonError, match="`inputs"):
        read_call({"query": "q", "inputs": {"a": deep}}, LIMITS)


@pytest.mark.parametrize(
    ("arguments", "visit"),
    [
        ({"run_id": "r1"}, Visit(run_id="r1")),
        ({"run_id": "r1", "query": "again?", "servers": ["s"]}, Visit(run_id="r1")),
        ({"run_id": "r1", "select": "a.b", "query": ""}, Visit(run_id="r1", select="a.b")),
        ({"run_id": "r1", "approval": "t"}, Visit(run_id="r1", approval="t")),
        ({"run_id": "r1", "output": "data", "select": ""}, Visit(run_id="r1", output="data")),
    ],
)
def test_a_visit(arguments: dict[str, Any], visit: Visit) -> None:
    """With the id of a run the call is about that; a query that a model repeats beside it is passed over."""
    assert read_call(arguments, LIMITS) == visit


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"run_id": "r1", "plan": PLAN}, "`plan` cannot stand beside `run_id`"),
        ({"run_id": "r1", "inputs": {"a": 1}}, "`inputs` cannot stand beside `run_id`"),
        ({"run_id": "r1", "select": "a", "approval": "t"}, "`select` and `approval` cannot stand together"),
        ({"query": "q", "select": "a"}, "`select` needs a `run_id`"),
        ({"approval": "t"}, "`approval` needs a `run_id`"),
        ({"run_id": 7}, "`run_id`: input should be a valid string"),
    ],
)
def test_no_visit(arguments: dict[str, Any], sentence: str) -> None:
    """What contradicts itself is refused, with what to leave out."""
    with pytest.raises(BatonError, match=sentence) as error:
        read_call(arguments, LIMITS)
    assert error.value.info.cure


TEXT = st.text() | st.text(st.characters(), max_size=5)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["query", "inputs", "servers", "output", "plan", "run_id", "select", "approval"]) | TEXT


@given(st.dictionaries(NAMES, VALUES | VALUES.map(repr), max_size=6))
@example({"query": "\ud800"})
@example({"query": "q", "plan": "\ud800", "\ud800": 1})
@example({"query": "q", "inputs": "1" * 5_000})
def test_any_object_is_a_task_or_a_sentence(arguments: dict[str, Any]) -> None:
    """Whatever JSON object arrives, it is read or refused in words, and nothing else happens."""
    task, refusal = None, None
    try:
        task = read_call(arguments, LIMITS)
    except BatonError as error:
        refusal = error.info
    if isinstance(task, Visit):
        assert task.run_id
    elif task:
        assert task.query or task.plan is not None
        assert task.output in {"answer", "data", "plan"}
    else:
        assert refusal
        assert (refusal.kind, bool(refusal.message)) == ("bad_arguments", True)
