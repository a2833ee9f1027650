"""Whether a plan can be used again, and for how long."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.reuse import day_of, is_reusable, needs_wording, route_key, wording

NOW = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


def key(query: str = "How is Oslo?", **changed: Any) -> str:  # noqa: ANN401 - any part
    """Return the key of a query, with some of its parts changed."""
    parts: dict[str, Any] = {"inputs": {}, "servers": None, "fingerprint": "f", "planner": "m/1"}
    return route_key(query, **{**parts, **changed})


def plan(arguments: dict[str, JsonValue], **more: JsonValue) -> JsonValue:
    """Return a plan of one step."""
    return {"steps": [{"id": "s12026", "tool": "a__t2026", "arguments": arguments, **more}]}


@pytest.mark.parametrize("same", ["How is  Oslo?", " How is Oslo ? ", "How is Oslo", "How\nis Oslo?!"])
def test_the_same_query(same: str) -> None:
    """Blanks and the last sign make no other query."""
    assert key(same) == key()


@pytest.mark.parametrize(
    "other",
    [
        key("How is oslo?"),
        key("How is Bergen?"),
        key(inputs={"a": 1}),
        key(servers=["s"]),
        key(servers=[]),
        key(fingerprint="g"),
        key(planner="n/1"),
    ],
)
def test_another_query(other: str) -> None:
    """Case, inputs, servers, tools and the planner make another one."""
    assert other != key()


def test_of_inputs_only_the_shape_counts() -> None:
    """The values are bound anew, so that they make no other query; names and types do."""
    one = key(inputs={"body": "Dear Ann", "to": {"id": 1}})
    assert key(inputs={"body": "Dear Bob", "to": {"id": 2}}) == one
    assert key(inputs={"body": "Dear Ann", "to": {"id": "1"}}) != one
    assert key(inputs={"text": "Dear Ann", "to": {"id": 1}}) != one
    assert key(inputs={"größe": 1}) != key(inputs={"breite": 1})


@pytest.mark.parametrize(
    ("arguments", "inputs", "reusable"),
    [
        ({"text": {"$from": "inputs.body"}}, {"body": "Dear Ann"}, True),
        ({"text": "Dear Ann"}, {"body": "Dear Ann"}, False),
        ({"text": "To: Dear Ann!"}, {"body": "Dear Ann"}, False),
        ({"text": {"$from": "'Dear Ann'.upper()"}}, {"body": "Dear Ann"}, False),
        ({"n": 4711}, {"id": 4711}, False),
        ({"n": [{"m": "x4711y"}]}, {"id": {"deep": ["4711"]}}, False),
        ({"flag": True}, {"flag": True}, False),
        ({"flag": {"$from": "inputs.flag"}, "none": None}, {"flag": True}, True),
        ({"flag": {"$from": "inputs['flag']"}}, {"flag": True}, True),
        ({"all": {"$from": "inputs"}}, {"flag": True, "other": 1}, True),
        ({"flag": {"$from": "inputs.flag"}}, {"flag": True, "other": 1}, False),
        ({}, {"kind": "invoice"}, False),
        ({"to": "ann@example.com", "x": {"$from": "inputs.who"}}, {"who": "Ann <ann@example.com>"}, False),
        ({"to": "ann", "x": {"$from": "inputs.who"}}, {"who": "Ann"}, False),
        ({"language": "no", "text": {"$from": "inputs.text"}}, {"text": "Hei, hvordan er det?"}, False),
        ({"deep": {"$raw": ["no"]}, "text": {"$from": "inputs.text"}}, {"text": "Hei"}, False),
        ({"text": {"$from": "inputs.text if 'no' in inputs.text else ''"}}, {"text": "Hei"}, False),
        ({"text": {"$from": "f'{inputs.text}, {inputs.parts[0]}'"}}, {"text": "Hei", "parts": ["a"]}, True),
        ({"text": {"$from": "inputs.text"}, "what": "remind", "at": "09:30"}, {"text": "Hei"}, True),
        ({"text": {"$from": "inputs.text"}, "limit": 10}, {"text": "Hei"}, False),
        ({"at": "13:00"}, {}, False),
        ({"at": "2026-11-27T09"}, {}, False),
        ({"since": 1795694400}, {}, False),
        ({"at": "at 5 pm"}, {}, False),
        ({"at": "09:30"}, {}, True),
    ],
)
def test_what_was_true_only_then(arguments: dict[str, JsonValue], inputs: dict[str, JsonValue], reusable: bool) -> None:  # noqa: FBT001 - a table
    """A plan with an input's value in it, or an hour that nobody asked for, is not used again."""
    assert is_reusable(plan(arguments), query="Remind me at 09:30.", inputs=inputs) is reusable


@pytest.mark.parametrize(
    ("query", "arguments", "reusable"),
    [
        ("How is it in an hour?", {"hour": 13}, False),
        ("How is it in the next 2 hours?", {"hours": 2}, True),
        ("How is it now?", {"city": "Oslo"}, True),
        ("How is it?", {"limit": 10}, True),
    ],
)
def test_a_number_for_an_hour(query: str, arguments: dict[str, JsonValue], reusable: bool) -> None:  # noqa: FBT001 - a table
    """Where a query speaks of hours, a number that it does not name may be one."""
    assert is_reusable(plan(arguments), query=query, inputs={}) is reusable


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        ({"city": "Oslo", "limit": 10}, False),
        ({"text": "Are we done"}, True),
        ({"text": "done!"}, True),
        ({"text": {"$from": "x.y"}}, False),
        ({"text": {"$from": "f'{x.y} is done'"}}, True),
    ],
)
def test_the_wording_counts_where_the_plan_may_quote_it(arguments: dict[str, JsonValue], counts: bool) -> None:  # noqa: FBT001 - a table
    """A text of several words, or one with a sign, may be what the query says."""
    assert needs_wording(plan(arguments)) is counts
    assert wording("Say: are we done") != wording("Say: are we done?")


@pytest.mark.parametrize(
    ("query", "arguments", "day"),
    [
        ("How is Oslo?", {"city": "Oslo", "limit": 10}, None),
        ("How is Oslo tomorrow?", {"city": "Oslo"}, "2026-11-26"),
        ("Wie ist es morgen?", {}, "2026-11-26"),
        ("明天怎么样", {}, "2026-11-26"),
        ("Show today's menu", {"kind": "menu"}, "2026-11-26"),
        ("Show today\u2019s menu", {"kind": "menu"}, "2026-11-26"),
        ("Sales of the last 3 weeks", {"weeks": 3}, "2026-11-26"),
        ("¿Y mañana?", {}, "2026-11-26"),
        ("E amanhã?", {}, "2026-11-26"),
        ("Qu'y a-t-il aujourd'hui ?", {}, "2026-11-26"),
        ("A co jutro?", {}, "2026-11-26"),
        ("Yar\u0131n?", {}, "2026-11-26"),
        ("Sales of the past 24h", {}, "2026-11-26"),
        ("Sales of Q4", {}, "2026-11-26"),
        ("Lunch?", {"weekday": "thursday"}, "2026-11-26"),
        ("Lunch?", {"month": {"$from": "x.months['Nov']"}}, "2026-11-26"),
        ("Sales over 5 €: all of them…", {}, None),
        ("Events please", {"from": "2026-11-26"}, "2026-11-26"),
        ("Events please", {"year": 2026}, "2026-11-26"),
        ("Events please", {"on": "26.11."}, "2026-11-26"),
        ("Events of 2026-01-01", {"from": "2026-01-01"}, None),
        ("Version 2.14 of it", {"version": "2.14"}, None),
    ],
)
def test_a_plan_that_uses_a_date_is_for_its_day(query: str, arguments: dict[str, JsonValue], day: str | None) -> None:
    """A query that speaks of time, or a date in the plan that the query does not name."""
    assert day_of(plan(arguments), query=query, now=NOW) == day


@given(st.text(), st.dictionaries(st.text(max_size=3), st.text() | st.integers(), max_size=3))
def test_any_query(query: str, inputs: dict[str, JsonValue]) -> None:
    """Whatever is asked, there is a key, and a plan that quotes a whole input is never used again."""
    assert len(key(query, inputs=inputs)) == 64
    for value in inputs.values():
        if value not in {"", "true", "false", "null"}:
            assert not is_reusable(plan({"a": value}), query=query, inputs=inputs)
