"""The steps of a reply, before it is whole."""

import json
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batonmcp.core.errors import LlmError
from batonmcp.llm.port import ArgumentsGrew, CallBegun, Piece, Reply, StreamLost, TextGrew
from batonmcp.llm.reply import Assembly, Entries, Offered, read_reply, step_of
from batonmcp.llm.reply.shapes import as_list

PLAN = "plan_execution"
OFFERED = Offered(names=frozenset({"a__x", "b__y", PLAN}), plan=PLAN)

TEXTS = st.text(st.characters(codec=None), max_size=6)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(TEXTS, JSON, max_size=3)
FIELDS: dict[str, Any] = {"id": TEXTS, "tool": TEXTS, "arguments": ARGUMENTS}
MORE: dict[str, Any] = {"when": TEXTS, "x": JSON}
STEPS: st.SearchStrategy[list[dict[str, Any]]] = st.lists(st.fixed_dictionaries(FIELDS, optional=MORE), max_size=4)


@st.composite
def written(draw: st.DrawFn, value: Any) -> str:  # noqa: ANN401 - JSON
    """Draw a way to write a value: escaped or not, indented or not, keys that stand twice."""
    text = json.dumps(value, ensure_ascii=draw(st.booleans()), indent=draw(st.sampled_from([None, 1])))
    if isinstance(value, dict) and value and draw(st.booleans()):
        text = '{"id": "earlier", "arguments": {"n": 1}, ' + text[1:]  # the later of two keys counts
    return draw(st.sampled_from(["", " ", "\n"])) + text + draw(st.sampled_from(["", " ", "\n"]))


@st.composite
def calls(draw: st.DrawFn) -> list[tuple[str, str]]:
    """Draw the calls of a reply: several tools, or a plan, with or without tools after it."""
    tools = [("a__x", draw(written(draw(ARGUMENTS)))) for _ in range(draw(st.integers(0, 3)))]
    if draw(st.booleans()):
        return tools
    members = ", ".join([draw(written(step)) for step in draw(STEPS)])
    before = "".join(f"{json.dumps(key)}: {json.dumps(value)}, " for key, value in draw(ARGUMENTS).items())
    return [(PLAN, f'{{{before}"steps": [{members}]}}'), *tools]


@st.composite
def streams(draw: st.DrawFn) -> bytes:
    """Draw a stream that says these calls: in parts of any size, with names in parts and deltas of nothing."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None, "tool_calls": None}]
    for index, (name, arguments) in enumerate(draw(calls())):
        id_ = f"call_{index}" if draw(st.booleans()) else None
        cut = draw(st.integers(1, len(name))) if id_ else len(name)
        nothing = draw(st.sampled_from([None, ""]))
        deltas += [_part(index, id_, name=part, arguments=nothing) for part in (name[:cut], name[cut:]) if part]
        places = sorted({0, len(arguments), *draw(st.lists(st.integers(0, len(arguments)), max_size=6))})
        deltas += [_part(index, None, arguments=arguments[begin:end]) for begin, end in pairwise(places)]
        deltas += draw(st.sampled_from([[], [{}], [{"tool_calls": None}], [{"content": ""}]]))
    events = [{"choices": [{"delta": delta}]} for delta in deltas] + [{"choices": [{"finish_reason": "tool_calls"}]}]
    return b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events) + b"data: [DONE]\n\n"


def _part(index: int, id_: str | None, *, name: str | None = None, arguments: str | None = None) -> dict[str, Any]:
    return {"tool_calls": [{"index": index, "id": id_, "function": {"name": name, "arguments": arguments}}]}


def early(parts: Iterable[bytes]) -> list[dict[str, Any]]:
    """Return the steps that are read as the parts come."""
    assembly, entries = Assembly(), Entries(OFFERED)
    pieces = [piece for part in parts for piece in assembly.hear(part)]
    return [step for piece in pieces for step in entries.hear(piece)]


def whole(body: bytes) -> list[dict[str, Any]] | None:
    """Return the steps that the whole says, None if it says nothing that can be used."""
    try:
        reply = read_reply(body, content_type="text/event-stream", endpoint="llm.test", offered=OFFERED)
    except LlmError:
        return None
    return steps_of(reply)


def steps_of(reply: Reply) -> list[dict[str, Any]]:
    """Return the steps of a reply."""
    plans: list[Any] = [call.arguments.get("steps") for call in reply.calls if call.name == PLAN]
    if plans:
        return as_list(plans[0])
    return [step_of(number, call.name, call.arguments) for number, call in enumerate(reply.calls, 1)]


@pytest.mark.slow
@given(streams(), st.data())
@settings(max_examples=300, deadline=None)
def test_any_cut_gives_the_steps_of_the_whole(body: bytes, data: st.DataObject) -> None:
    """The same steps in the same order, all but an empty last one, however the reply and its bytes are cut."""
    places = sorted({0, len(body), *data.draw(st.lists(st.integers(0, len(body)), max_size=20))})
    read = early(body[begin:end] for begin, end in pairwise(places))
    said = whole(body)
    assert said is not None or not read
    said = said or []
    assert read in (said, said[:-1])
    assert read == said or said[-1]["arguments"] == {}


@pytest.mark.slow
@given(streams(), st.data())
@settings(max_examples=200, deadline=None)
def test_beginning_gives_a_beginning(body: bytes, data: st.DataObject) -> None:
    """What was read at some moment is what is read first of the whole."""
    cut = data.draw(st.integers(0, len(body)))
    read = early([body[:cut]])
    assert (whole(body) or [])[: len(read)] == read


@given(st.text(max_size=60), st.sampled_from(["a__x", PLAN]))
def test_any_arguments(arguments: str, name: str) -> None:
    """Arguments of any kind give no step that the whole does not have."""
    deltas = [_part(0, "c", name=name, arguments=""), *(_part(0, None, arguments=sign) for sign in arguments)]
    events = [{"choices": [{"delta": delta}]} for delta in deltas]
    body = b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events) + b"data: [DONE]\n\n"
    read = early([body])
    assert (whole(body) or [])[: len(read)] == read


@pytest.mark.parametrize(
    ("arguments", "steps"),
    [
        ('{"n": 1}', [{"n": 1}]),
        ('{"n": 1}{"n": 2}', [{"n": 1}]),
        ('{}{"n": 2}', []),
        ("{}", []),
        ("", []),
        ('```json\n{"n": 1}\n```', []),
        ('"{\\"n\\": 1}"', []),
        ("{'n': 1}", []),
        ('{"n": NaN}', []),
        ('{"n": 1', []),
        ('{"n": "\\ud83d\\ude00 \\ud83d"}', [{"n": "\N{GRINNING FACE} \N{REPLACEMENT CHARACTER}"}]),
    ],
)
def test_arguments_that_are_plainly_whole(arguments: str, steps: list[dict[str, Any]]) -> None:
    """What is written in any other way is left to the end, and so is what may still be something else."""
    entries = Entries(OFFERED)
    read = [step for piece in _told(0, "a__x", arguments) for step in entries.hear(piece)]
    assert [step["arguments"] for step in read] == steps


def test_empty_arguments_are_whole_when_the_next_call_begins() -> None:
    """By then nothing can come any more that counts instead."""
    entries = Entries(OFFERED)
    pieces = [*_told(0, "a__x", "{}"), *_told(1, "functions.b__y", '{"n": 1}')]
    read = [step for piece in pieces for step in entries.hear(piece)]
    assert read == [step_of(1, "a__x", {}), step_of(2, "b__y", {"n": 1})]


def test_calls_come_in_their_order() -> None:
    """A call that is whole before the one before it waits for that."""
    entries = Entries(OFFERED)
    first, second = _told(0, "a__x", '{"n": 1}'), _told(1, "b__y", '{"n": 2}')
    assert [entries.hear(piece) for piece in (first[0], *second)] == [[], [], []]
    assert [step["id"] for step in entries.hear(first[1])] == ["s1", "s2"]


def test_plan_after_calls_takes_them_back() -> None:
    """Calls before a plan are no steps; what was given of them was for nothing, and nothing more comes."""
    entries = Entries(OFFERED)
    given_up = [step for piece in _told(0, "a__x", '{"n": 1}') for step in entries.hear(piece)]
    plan = _told(1, PLAN, '{"steps": [{"tool": "b__y"}]}')
    assert given_up
    assert [step for piece in plan for step in entries.hear(piece)] == []


def test_lost_stream_gives_nothing_more() -> None:
    """What comes after it belongs to another reply, which has a reader of its own."""
    entries = Entries(OFFERED)
    assert entries.hear(StreamLost()) == []
    assert [entries.hear(piece) for piece in _told(0, "a__x", '{"n": 1}')] == [[], []]
    assert entries.hear(TextGrew(WRITTEN)) == []


@given(st.sampled_from(["{}", "<think>{}</think>{}", "```json\n{}\n```"]), STEPS, st.booleans(), st.data())
@settings(max_examples=100, deadline=None)
def test_any_cut_of_a_plan_in_words_gives_its_steps(
    frame: str,
    steps: list[dict[str, Any]],
    ascii_only: bool,  # noqa: FBT001 - drawn
    data: st.DataObject,
) -> None:
    """Where calls are asked for as text, it gives the same steps in the same order, however its bytes are cut."""
    text = frame.replace("{}", json.dumps({"steps": steps}, ensure_ascii=ascii_only))
    places = sorted({0, len(text), *data.draw(st.lists(st.integers(0, len(text)), max_size=6))})
    deltas = [{"content": text[begin:end], "tool_calls": None} for begin, end in pairwise(places)]
    events = [{"choices": [{"delta": delta}]} for delta in deltas] + [{"choices": [{"finish_reason": "stop"}]}]
    body = b"".join(f"data: {json.dumps(event)}\n\n".encode() for event in events) + b"data: [DONE]\n\n"
    cuts = sorted({0, len(body), *data.draw(st.lists(st.integers(0, len(body)), max_size=20))})
    assert early(body[begin:end] for begin, end in pairwise(cuts)) == (whole(body) or [])
    cut = data.draw(st.integers(0, len(body)))
    read = early([body[:cut]])
    assert (whole(body) or [])[: len(read)] == read


WRITTEN = '{"steps": [{"id": "a", "tool": "a__x", "arguments": {}}]}'


def test_words_beside_calls_are_no_plan() -> None:
    """What is written after a call does not count, and a call takes back what was written before it."""
    entries = Entries(OFFERED)
    call = [step for piece in _told(0, "a__x", '{"n": 1}') for step in entries.hear(piece)]
    assert (call, entries.hear(TextGrew(WRITTEN))) == ([step_of(1, "a__x", {"n": 1})], [])
    entries = Entries(OFFERED)
    assert [step["id"] for step in entries.hear(TextGrew(WRITTEN))] == ["a"]
    assert [entries.hear(piece) for piece in _told(0, "a__x", '{"n": 1}')] == [[], []]
    assert entries.hear(TextGrew(WRITTEN)) == []


def _told(index: int, name: str, arguments: str) -> list[Piece]:
    return [CallBegun(index, name), ArgumentsGrew(index, arguments)]
