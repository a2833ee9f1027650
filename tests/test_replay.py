"""The replay servers and the converter do what the tests on recorded plans take for granted, without the data."""

from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.core.outcome import Failed, Succeeded
from doubles.replay import Replay, open_sessions, reads
from recorded_plans import RecordedPlan, RecordedStep, Reference, as_document, exact, load_plans, plans_folder

pytestmark = pytest.mark.anyio

TIME_S = 10.0


def recording(*steps: RecordedStep) -> RecordedPlan:
    """Return a plan."""
    return RecordedPlan(id="p", source="test", query="q", steps=steps)


def call(name: str, arguments: dict[str, JsonValue], result: JsonValue, *, is_error: bool = False) -> RecordedStep:
    """Return a step that calls `find` of the server `shop`."""
    return RecordedStep(id=name, server="shop", tool="find", arguments=arguments, result=result, is_error=is_error)


async def answers(replay: Replay, *arguments: dict[str, JsonValue]) -> Sequence[Succeeded | Failed]:
    """Return what `find` answers, one call after the other."""
    with anyio.fail_after(TIME_S):
        async with open_sessions(replay) as tools:
            known = await tools.registry()
            return [await tools.call(known["shop__find"], sent, within=TIME_S) for sent in arguments]


@pytest.mark.parametrize(
    "result",
    [None, True, 1, 1.0, 1e300, "", "2.0", "null", "a\nb", [], [1, None], {}, {"k": {"n": 1.5, "t": "ä"}}],
    ids=exact,
)
async def test_every_result_arrives_as_recorded(result: JsonValue) -> None:
    """Whatever was recorded reaches us with its type: null, scalars, text that looks like JSON, lists, objects."""
    (answer,) = await answers(Replay(recording(call("s1", {}, result))), {})
    assert isinstance(answer, Succeeded)
    assert exact(answer.value) == exact(result)


async def test_a_recorded_error_arrives_as_one() -> None:
    """A step that recorded an error gives a failed outcome with the recorded words."""
    (answer,) = await answers(Replay(recording(call("s1", {}, "no such key", is_error=True))), {})
    assert isinstance(answer, Failed)
    assert answer.error.kind == "tool_error"
    assert "no such key" in answer.error.message


async def test_the_same_call_twice_gives_the_results_in_order() -> None:
    """Repeated calls get the recorded results one after the other, and one more than recorded is refused."""
    replay = Replay(recording(call("s1", {"q": 1}, "first"), call("s2", {"q": 1}, "second")))
    same: dict[str, JsonValue] = {"q": 1}
    first, second, third = await answers(replay, same, same, same)
    assert (first, second) == (Succeeded(value="first"), Succeeded(value="second"))
    assert isinstance(third, Failed)
    assert replay.called == ["s1", "s2"]
    assert replay.refused == ['shop has no call of find left, but was sent {"q": 1}.']


@pytest.mark.parametrize(
    ("sent", "difference"),
    [
        ({"q": 1.0, "t": "x"}, "q is 1.0, recorded is 1"),
        ({"q": True, "t": "x"}, "q is true, recorded is 1"),
        ({"q": 1}, 't is missing, recorded is "x"'),
        ({"q": 1, "t": "x", "u": None}, "u is null, recorded is missing"),
    ],
)
async def test_another_call_is_refused(sent: dict[str, JsonValue], difference: str) -> None:
    """Arguments that differ in a value, a type or a name are an error that tells the difference."""
    replay = Replay(recording(call("s1", {"q": 1, "t": "x"}, "found"), call("s2", {}, "found")))
    (answer,) = await answers(replay, sent)
    assert isinstance(answer, Failed)
    assert replay.refused == [f"find of shop was called otherwise than recorded: {difference}."]
    assert answer.error.message == replay.refused[0]
    assert not replay.called


async def test_a_strict_tool_takes_what_was_recorded_only() -> None:
    """A strict schema has the recorded names and types; what not every call has is optional."""
    replay = Replay(recording(call("s1", {"q": 1}, 0), call("s2", {"q": "x", "all": True}, 0)), strict=True)
    assert replay.definitions("shop")[0].input_schema == {
        "type": "object",
        "properties": {"q": {"type": ["number", "string"]}, "all": {"type": ["boolean"]}},
        "required": ["q"],
        "additionalProperties": False,
    }


@pytest.mark.parametrize(
    ("tool", "only_reads"),
    [
        ("getStock", True),
        ("list_all", True),
        ("ls", True),
        ("tools", False),
        ("mv", False),
        ("RideSharing.GetRide", False),
    ],
)
def test_a_verb_tells_what_only_reads(tool: str, *, only_reads: bool) -> None:
    """A tool whose name has a reading verb as a word reads; all others may write."""
    assert reads(tool) is only_reads


TEXT = "Guests: Ann (an), Bob (bo)."


@pytest.mark.parametrize(
    ("path", "kind", "wanted", "source"),
    [
        ((), "field", {"n": 36, "MA(5)": [1], "in": "x", "text": TEXT}, "s1"),
        (("MA(5)", 0), "first_item", 1, "s1['MA(5)'][0]"),
        (("in",), "field", "x", "s1['in']"),
        (("n",), "field", 36.0, "float(s1.n)"),
        (("text",), "text", "bo", "s1.text.partition('b (')[2].partition(')')[0]"),
        (("text",), "text", "Guests", "s1.text.partition(':')[0]"),
        (("text",), "text", "(bo).", "s1.text.partition('b ')[2]"),
    ],
)
def test_a_reference_becomes_an_expression(
    path: tuple[str | int, ...], kind: str, wanted: JsonValue, source: str
) -> None:
    """A reference is written as the selection, conversion or part of a text that gives what was recorded."""
    reference = Reference(place=("q", 0), step="s1", path=path, kind=kind)
    first = call("s1", {}, {"n": 36, "MA(5)": [1], "in": "x", "text": TEXT})
    second = RecordedStep(
        id="s2", server="shop", tool="find", arguments={"q": [wanted, "$100-$500"]}, result=0, references=(reference,)
    )
    assert as_document(recording(first, second))["steps"] == [
        {"id": "s1", "tool": "shop__find", "arguments": {}},
        {"id": "s2", "tool": "shop__find", "arguments": {"q": [{"$from": source}, "$100-$500"]}},
    ]


def test_an_element_is_selected_by_a_value_that_it_alone_has() -> None:
    """An element that was found by value is written so, where a text tells it from the others."""
    items: list[JsonValue] = [{"kind": "a", "name": "x", "id": "1"}, {"kind": "a", "name": "y", "id": "2"}]
    reference = Reference(place=("q",), step="s1", path=(1, "id"), kind="select")
    second = RecordedStep(
        id="s2", server="shop", tool="find", arguments={"q": "2"}, result=0, references=(reference,), depends_on=("s1",)
    )
    steps = as_document(recording(call("s1", {}, items), second), by_value=True)["steps"]
    assert steps[1] == {
        "id": "s2",
        "tool": "shop__find",
        "arguments": {"q": {"$from": "[x for x in s1 if x.name == 'y'][0].id"}},
    }


def test_a_dependency_without_data_becomes_after() -> None:
    """A dependency that no expression tells is an `after`, and a step that recorded an error goes on."""
    second = RecordedStep(
        id="s2", server="shop", tool="find", arguments={}, result=None, is_error=True, depends_on=("s1",)
    )
    assert as_document(recording(call("s1", {}, 0), second))["steps"] == [
        {"id": "s1", "tool": "shop__find", "arguments": {}},
        {"id": "s2", "tool": "shop__find", "arguments": {}, "after": ["s1"], "on_error": "continue"},
    ]


def test_a_reference_that_gives_something_else_cannot_be_written() -> None:
    """A recording that contradicts itself is an error, not a plan that differs from it."""
    reference = Reference(place=("q",), step="s1", path=(), kind="field")
    second = RecordedStep(id="s2", server="shop", tool="find", arguments={"q": "y"}, result=0, references=(reference,))
    with pytest.raises(ValueError, match='s1 gives "x", not "y"'):
        as_document(recording(call("s1", {}, "x"), second))


def test_a_folder_that_is_named_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where BATONMCP_DATA names a folder without plans, that is an error: the tests are not skipped."""
    monkeypatch.setenv("BATONMCP_DATA", str(tmp_path))
    assert plans_folder() == tmp_path / "plans"
    with pytest.raises(FileNotFoundError):
        load_plans("no_such_source")
