"""A value cut to a room."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.cut import Cut
from batonmcp.core.json_text import json_text
from batonmcp.core.shape import LEAST_ROOM, shape

TEXT = st.text(max_size=12) | st.text(st.sampled_from('a\n"\x00é語😀\u0301'), max_size=60) | st.just("x" * 3_000)
KEY = st.text(max_size=6) | st.sampled_from(["…", "k" * 500])
LONG = st.sampled_from([["ab"] * 300, [{"a": 1, "b": ["text " * 8]}] * 40, {str(n): n for n in range(200)}])
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT | LONG,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(KEY, inner, max_size=6),
    max_leaves=12,
)
ROOM = st.integers(LEAST_ROOM, 1_500)


def length(value: JsonValue) -> int:
    """Return the length of a JSON text."""
    return len(json_text(value))


@settings(max_examples=400)
@given(JSON, ROOM)
def test_it_fits(value: JsonValue, room: int) -> None:
    """The text is never longer than the room, and what is of one type stays of it."""
    shaped = shape(value, room)
    assert length(shaped.value) <= room
    assert isinstance(shaped.value, type(value)) or isinstance(value, int)
    json.dumps(shaped.value, ensure_ascii=False).encode()


@settings(max_examples=200)
@given(JSON, ROOM)
def test_cut_if_and_only_if_it_has_to_be(value: JsonValue, room: int) -> None:
    """What fits is the value itself and nothing is said to be cut; else something is. The value stays as it was."""
    before = copy.deepcopy(value)
    shaped = shape(value, room)
    if length(value) <= room:
        assert shaped.value is value
        assert shaped.cuts == ()
    else:
        assert shaped.value != value
        assert shaped.cuts
    assert value == before


@settings(max_examples=200)
@given(JSON, ROOM)
def test_twice_is_once(value: JsonValue, room: int) -> None:
    """The same value always becomes the same, and what has been cut needs no other cut."""
    shaped = shape(value, room)
    assert shape(value, room) == shaped
    assert shape(shaped.value, room).cuts == ()


@settings(max_examples=200)
@given(JSON, ROOM)
def test_each_cut_names_a_place_and_counts_it(value: JsonValue, room: int) -> None:
    """Its path leads to what was cut, and the total is the size of that."""
    for cut in shape(value, room).cuts:
        found: Any = value
        for part in cut.path:
            found = found[part]
        if cut.what in {"items", "entries", "characters"}:
            assert cut.total == len(str(found) if isinstance(found, int | float) else found)
            assert 0 <= cut.first <= cut.shown < cut.total


@settings(max_examples=200)
@given(JSON, st.lists(st.integers(0, 9_999) | st.text("ab", max_size=9), min_size=1, max_size=8))
def test_small_siblings_survive(large: JsonValue, small: list[JsonValue]) -> None:
    """A large member, wherever it stands, takes nothing from small ones."""
    for members in ([large, *small], [*small, large]):
        named: JsonValue = {str(number): member for number, member in enumerate(members)}
        shaped = shape(named, 600).value
        assert isinstance(shaped, dict)
        for number, member in enumerate(members):
            assert shaped[str(number)] == member or member is large


def test_a_long_list_keeps_both_ends() -> None:
    """A quarter of what is shown is from its end; the count stands between."""
    shaped = shape(list(range(10_000)), 120)
    assert shaped.value == [*range(21), "… 9,973 more items (of 10,000)", *range(9_994, 10_000)]
    assert shaped.cuts == (Cut(path=(), what="items", shown=27, total=10_000, first=21),)
    assert str(shaped.cuts[0]) == "all of it: 27 of 10,000 items"


def test_records_are_whole() -> None:
    """Of a long list of records there are some complete ones, not all without what is in them."""
    records: list[JsonValue] = [{"id": number, "title": f"Title {number}", "open": True} for number in range(500)]
    shaped = shape({"records": records, "next": "abc"}, 1_000)
    (cut,) = shaped.cuts
    assert cut.path == ("records",)
    assert cut.shown > 10
    assert isinstance(shaped.value, dict)
    assert shaped.value["next"] == "abc"


def test_a_huge_first_item_does_not_starve_the_rest() -> None:
    """It is cut, and the others are there."""
    shaped = shape(["x" * 1_000_000, {"a": 1}, "two"], 400)
    assert isinstance(shaped.value, list)
    assert shaped.value[1:] == [{"a": 1}, "two"]
    assert str(shaped.value[0]).endswith(" of 1,000,000 characters)")
    assert length(shaped.value) > 380


def test_many_keys() -> None:
    """The first keys are there, and how many there are."""
    shaped = shape({f"key {number}": number for number in range(1_000)}, 200)
    assert isinstance(shaped.value, dict)
    assert list(shaped.value)[:2] == ["key 0", "key 1"]
    assert str(shaped.value["…"]).endswith(" more entries (of 1,000)")
    assert [cut.what for cut in shaped.cuts] == ["entries"]


def test_a_key_without_end_is_passed_over() -> None:
    """And so is one that looks like a count."""
    shaped = shape({"k" * 10_000: 1, "…": "forged", "a": 2, "b": "x" * 999}, 300).value
    assert isinstance(shaped, dict)
    assert (shaped["…"], shaped["a"]) == ("… 2 more entries (of 4)", 2)
    assert len(str(shaped["b"])) > 200


def test_a_text_is_cut_between_characters() -> None:
    """Escapes count as they are written, and an emoji is there or not."""
    shaped = shape("\u0000😀" * 1_000, 100)
    kept, ending = str(shaped.value).split("… ")
    assert set(kept[1::2]) == {"😀"}
    assert ending == f"({len(kept)} of 2,000 characters)"


def test_deep_nesting() -> None:
    """Below forty levels nothing is shown but how many more there are."""
    value: JsonValue = "bottom" * 100
    for _ in range(60):
        value = [value]
    shaped = shape(value, 500)
    assert json_text(shaped.value) == "[" * 41 + '"… 20 more levels"' + "]" * 41
    assert [(cut.what, cut.shown, cut.total) for cut in shaped.cuts] == [("levels", 40, 60)]
    named: JsonValue = {"a": {"b": 1}}
    for _ in range(60):
        named = {"k": named, "text": "x" * 50}
    assert '{"…":"… 22 more levels"}' in json_text(shape(named, 3_000).value)


def test_levels_of_what_is_shared() -> None:
    """A value that holds another many times over is not counted many times over."""
    value: JsonValue = ["x" * 100]
    for _ in range(70):
        value = [value, value, value]
    assert shape(value, 3_000).cuts


def test_a_number_of_very_many_digits() -> None:
    """It becomes a text, as half a number is another number."""
    assert str(shape([10**400, 1], 100).value).startswith("['1000")


@pytest.mark.parametrize("room", [-1, 0, 63])
def test_the_least_room(room: int) -> None:
    """Less is as good as that."""
    assert shape("x" * 100, room) == shape("x" * 100, LEAST_ROOM)
