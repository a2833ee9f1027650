"""Texts that fit."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.stages.fitting import abridged, fitted, sendable, written


@given(st.text(max_size=300), st.integers(120, 300))
def test_abridged(text: str, room: int) -> None:
    """It fits; what fits already is left alone."""
    short = abridged(text, room)
    assert len(short) <= room
    if len(text) <= room:
        assert short == text


def test_beginning_and_end_stay() -> None:
    """The end begins at a word."""
    text = abridged("first " + "middle " * 500 + "last", 400)
    begin, note, end = text.partition("\n\n… (3,510 characters, of which those between are left out) …\n\n")
    assert begin.startswith("first middle")
    assert note
    assert end.startswith("middle ")
    assert end.endswith(" last")


@pytest.mark.parametrize("room", [-5, 0, 10])
def test_no_room(room: int) -> None:
    """Then there is the note."""
    assert "1,000 characters" in abridged("x" * 1_000, room)


def test_what_fits_is_whole() -> None:
    """As it is."""
    assert fitted({"a": 1, "b": ["é"]}, room=100, more="m", large=("b",)) == '{"a":1,"b":["é"]}'


def test_what_does_not_fit_is_cut() -> None:
    """In its place, and told; small entries are whole, whatever their order."""
    document: dict[str, JsonValue] = {"first": 1, "large": ["x" * 900 for _ in range(90)], "last": {"a": "b"}}
    text = fitted(document, room=6_000, more="Ask.", large=("large",))
    assert len(text) <= 6_000
    found = json.loads(text)
    assert list(found) == ["first", "large", "last", "cut", "more"]
    assert (found["first"], found["last"], found["more"]) == (1, {"a": "b"}, "Ask.")
    assert found["cut"][0].startswith("large: ")


def test_many_places() -> None:
    """The largest are named, the others counted."""
    text = fitted({"large": {str(n): "x" * 900 for n in range(20)}}, room=6_000, more="", large=("large",))
    assert len(json.loads(text)["cut"]) == 9
    assert json.loads(text)["cut"][-1] == "and 12 more places"


def test_written() -> None:
    """JSON that any encoding can carry and no terminal obeys."""
    assert written({"a": "\ud800\x7f\u200bé"}) == '{"a":"?\\u007f\\u200bé"}'
    assert sendable("a\ud800") == "a?"
