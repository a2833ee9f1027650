"""JSON texts of values that may be large."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.json_text import beginning, characters_up_to, extent_of, json_text, size_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-999, 999) | st.text(max_size=8) | st.just("\ud800") | st.just(0.5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.integers(1, 60))
def test_same_as_writing_it_all(value: JsonValue, characters: int) -> None:
    """The beginning and the extent are those of the whole text."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert json_text(value) == text
    size = len(text.encode("utf-8", "surrogatepass"))
    assert beginning(value, characters) == text[:characters]
    assert (extent_of(value).size, extent_of(value).characters) == (size, len(text))
    assert size_of(value) == size


ZEROS: JsonValue = [0 for _ in range(1_000_000)]
LARGE: list[JsonValue] = ["x" * 8_000_000, ZEROS, {str(number): [] for number in range(100_000)}]


@pytest.mark.parametrize("value", LARGE, ids=["text", "list", "object"])
def test_beginning_of_something_large(value: JsonValue) -> None:
    """It is as long as asked for."""
    assert len(beginning(value, 400)) == 400


@given(JSON, st.integers(0, 80))
def test_characters_up_to(value: JsonValue, most: int) -> None:
    """What is no longer than asked for is counted exactly, what is longer is one more than that."""
    assert characters_up_to(value, most) == min(len(json_text(value)), most + 1)


@pytest.mark.parametrize("value", LARGE, ids=["text", "list", "object"])
def test_something_large_is_only_looked_into(value: JsonValue) -> None:
    """Large members of large ones included."""
    assert characters_up_to([value, {"a": value}], 400) == 401
