"""The arguments of a call."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.llm.reply.arguments import NoObject, read_arguments

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
OBJECTS = st.dictionaries(st.text(), st.recursive(LEAVES, st.lists, max_leaves=5), max_size=4)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"a": 1}, {"a": 1}),
        ('{"a": 1}', {"a": 1}),
        ('"{\\"a\\": 1}"', {"a": 1}),
        ('"\\"{}\\""', {}),
        (None, {}),
        ("", {}),
        ("null", {}),
        ([], {}),
        ([{"a": 1}], {"a": 1}),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('{"a": 1}</tool_call>', {"a": 1}),
        ('{}{"a": 1}', {"a": 1}),
        ("{'a': None, 'b': True}", {"a": None, "b": True}),
        ('{"a": "line\nbreak"}', {"a": "line\nbreak"}),
        ('{"a": 1, "a": 2}', {"a": 2}),
        (f'{{"a": {"9" * 400}}}', {"a": int("9" * 400)}),
    ],
)
def test_arguments_however_they_are_wrapped(given: object, expected: dict[str, Any]) -> None:
    """Whatever is complete is read: an object, its text, the text of that, in a fence, or as Python writes it."""
    assert read_arguments(given) == expected


@pytest.mark.parametrize(
    "given",
    [
        '{"a": "Os',
        '{"a": 1',
        "{'a': 1",
        '{"a": NaN}',
        '{"a": 1e999}',
        "{'a': {1, 2}}",
        "city=Oslo",
        '{}{"a"',
        "{" * 10**5,
    ],
)
def test_what_breaks_off_is_not_completed(given: str) -> None:
    """Half of an argument is an error: nobody knows how it would have gone on."""
    with pytest.raises(ValueError):  # noqa: PT011 - which, is the caller's to say
        read_arguments(given)


@pytest.mark.parametrize("given", [7, True, "7", [1, 2], '"\\"\\\\\\"text\\\\\\"\\""'])
def test_what_is_no_object_is_told_apart(given: object) -> None:
    """JSON that is no object is an error of its own."""
    with pytest.raises(NoObject):
        read_arguments(given)


@given(OBJECTS)
def test_any_object_comes_through(arguments: dict[str, Any]) -> None:
    """What is sent by the book arrives unchanged, however many times it was encoded."""
    once = json.dumps(arguments)
    assert read_arguments(once) == read_arguments(json.dumps(once)) == arguments
    assert json.dumps(read_arguments(arguments), ensure_ascii=False).encode()
