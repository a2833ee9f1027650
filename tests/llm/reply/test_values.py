"""JSON values in a text."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.llm.reply.values import first_value, value_at, values_in, whole_characters

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


def found(text: str) -> list[Any]:
    """Return the values in a text."""
    return [value for value, _ in values_in(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', [{"a": 1}]),
        ('  [1, 2]\n{"b": 2}', [[1, 2], {"b": 2}]),
        ('Here you are:\n```json\n{"a": 1}\n```\nDone.', [{"a": 1}]),
        ('```{"a": 1}```', [{"a": 1}]),
        ('<tool_call>{"a": 1}</tool_call><tool_call>{"b": 1}</tool_call>', [{"a": 1}, {"b": 1}]),
        ('[TOOL_CALLS][{"a": 1}]', [[{"a": 1}]]),
        ('functools[{"a": 1}]', [[{"a": 1}]]),
        ('<|python_tag|>{"a": 1}', [{"a": 1}]),
        ('{"a": "line\none"}', [{"a": "line\none"}]),
        ('It takes {"a": 1} as in [2].', []),
        ('{"a": 1', []),
        ('{"a": NaN}', []),
        ("{a: 1}", []),
        ("no JSON at all", []),
        ("", []),
    ],
)
def test_values_where_they_are_meant(text: str, expected: list[Any]) -> None:
    """A value counts at the beginning of a line or after a tag, a marker or a fence; inside a sentence it does not."""
    assert found(text) == expected


def test_value_alone_in_its_text() -> None:
    """With each value comes whether the text is nothing else."""
    assert list(values_in(' {"a": 1}\n')) == [({"a": 1}, True)]
    assert list(values_in('{"a": 1} and so on')) == [({"a": 1}, False)]


@given(JSON.filter(lambda value: isinstance(value, dict | list)), st.text(alphabet="abc .\n", max_size=20))
def test_any_value_is_found_after_any_words(value: object, words: str) -> None:
    """Whatever stands before it, a value on a line of its own is found as it was written."""
    assert found(f"{words}\n{json.dumps(value)}\n{words}") == [value]


@pytest.mark.parametrize("piece", ["[\n", '{"a":\n', "{\n", "[[", '<x>{"', "```["])
def test_hostile_text_is_left_soon(piece: str) -> None:
    """A text of nothing but beginnings takes no time that grows with its square."""
    started = time.process_time()
    assert not [value for value in found(piece * (400_000 // len(piece))) if value]
    assert time.process_time() - started < 5


def test_too_deep_is_no_value() -> None:
    """Nesting that the parser refuses is told as a value error, as any other fault."""
    with pytest.raises(ValueError, match=r"^\[\["):
        value_at("[" * 100_000)


def test_whole_characters() -> None:
    """Halves of a character are replaced, two that belong together are joined, and all else stays as it is."""
    plain = {"a": ["ü", 1.5, None]}
    assert whole_characters(plain) is plain
    assert whole_characters({"\ud83d\ude00": "\ud800"}) == {"\U0001f600": "\ufffd"}
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply"):
        whole_characters(deep)


@pytest.mark.parametrize(
    ("text", "place"),
    [("{", 0), ("See [1]:\n  [", 11), ("<tool_call>{", 11), ("It rains [1].", None), ("", None)],
)
def test_first_value(text: str, place: int | None) -> None:
    """It is found where it begins, before it is whole; brackets within a sentence are none."""
    assert first_value(text) == place
