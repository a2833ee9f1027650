"""Objects in a text that grows."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.llm.reply.growing import GrowingList, GrowingObject, GrowingValues

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.text(max_size=6), JSON, max_size=3)


def grown(text: str) -> tuple[list[str], int | None]:
    """Feed a list character by character; return its members, and after how many characters it broke."""
    growing = GrowingList("steps")
    for place, character in enumerate(text, 1):
        growing.add(character)
        if growing.broken:
            return growing.members, place
    return growing.members, None


@given(OBJECTS, st.booleans(), st.data())
def test_object_is_whole_where_it_closes(value: dict[str, object], ascii_only: bool, data: st.DataObject) -> None:  # noqa: FBT001 - drawn
    """Not one character earlier, whatever its texts hold, and however it is cut."""
    text = json.dumps(value, ensure_ascii=ascii_only)
    cut = data.draw(st.integers(0, len(text) - 1))
    growing = GrowingObject()
    growing.add(text[:cut])
    assert growing.whole is None
    assert not growing.broken
    growing.add(text[cut:])
    assert growing.whole == text
    growing.add(' {"more": 1}')
    assert growing.whole == text


@pytest.mark.parametrize("text", ['[{"a": 1}]', '"{}"', "}", 'x {"a": 1}', "```json\n{}", '{"a": ]'])
def test_what_is_no_object_is_never_whole(text: str) -> None:
    """Anything else than one object is left to others."""
    growing = GrowingObject()
    growing.add(text)
    assert growing.whole is None


@given(st.lists(OBJECTS, max_size=4), OBJECTS, st.integers(0, 4), st.data())
def test_members_come_as_they_close(
    members: list[dict[str, object]], around: dict[str, object], indent: int, data: st.DataObject
) -> None:
    """In their order, whatever stands before the list, and as soon as all of it is there."""
    around.pop("steps", None)
    text = json.dumps({**around, "steps": members}, indent=indent or None)
    cut = data.draw(st.integers(0, len(text)))
    growing = GrowingList("steps")
    growing.add(text[:cut])
    early = list(growing.members)
    growing.add(text[cut:])
    assert [json.loads(member) for member in growing.members] == members
    assert growing.members[: len(early)] == early


@pytest.mark.parametrize(
    ("text", "members"),
    [
        ('{"steps": [{"a": 1}, 5, {"b": 2}]}', ['{"a": 1}']),
        ('{"steps": [{"a": 1} {"b": 2}]}', ['{"a": 1}']),
        ('{"steps": [5, {"b": 2}]}', []),
        ('{"steps": [[{"b": 2}]]}', []),
        ('{"steps": {"a": {"b": 2}}}', []),
        ('{"steps": "[{}]", "other": [{"b": 2}]}', []),
        ('{"other": {"steps": [{"a": 1}]}}', []),
        ('{"st\\u0065ps": [{"a": 1}]}', ['{"a": 1}']),
        ('{"a": "steps", [{"b": 2}]}', []),
        ('{} {"steps": [{"a": 1}]}', []),
        ('[{"steps": [{"a": 1}]}]', []),
        ('{"steps": [{"a": 1}], "steps": [{"b": 2}]}', ['{"a": 1}']),
    ],
)
def test_only_objects_of_the_list_are_members(text: str, members: list[str]) -> None:
    """The first that is something else ends it."""
    assert grown(text)[0] == members


def test_broken_brackets_end_it() -> None:
    """What can be no JSON any more is read no further."""
    assert grown('{"steps": [}')[1] == len('{"steps": [}')
    assert grown("]")[1] == 1


def test_long_text_is_left_to_the_end() -> None:
    """Past its bound nothing is looked at any more; what was whole before stays so."""
    growing = GrowingList("steps")
    growing.add('{"steps": [{"a": 1}, {"b": "')
    for _ in range(100):
        growing.add("x" * 1_000)
    growing.add('"}]}')
    assert (growing.broken, growing.members) == (True, ['{"a": 1}'])
    assert len(growing.text) <= 65_536


@pytest.mark.parametrize(
    ("text", "endings"),
    [
        ('{"a": {}}', [(9, "")]),
        ('{"steps": [{"a": 1}, {}], "b": [{}]}', [(19, "]}"), (23, "]}"), (36, "")]),
        ('[{"a": 1}]', [(9, "]"), (10, "")]),
        ('{"x": {"steps": [{}', [(19, "]}}")]),
        ('{"x": [{"steps": [{}', []),
        ('{"x": {"y": {"steps": [{}', []),
        ('{"x": [{}', []),
        ('{} it\'s 5" long {"a": "}"}', [(2, ""), (26, "")]),
        ("{]{}", []),
    ],
)
def test_places_where_a_value_could_end(text: str, endings: list[tuple[int, str]]) -> None:
    """Where it does, and after each member of a list of steps, with what is missing there; quotes between are words."""
    growing = GrowingValues("steps")
    for sign in text:
        growing.add(sign)
    assert growing.endings == endings
