"""What a schema says in words, and the values that it lists."""

import pytest

from batonmcp.llm.schema.words import clipped, description_of, values_of


def test_long_text_is_clipped_at_a_space() -> None:
    """A text ends at a word and says that it goes on; a short one is whole, and a single word is cut anywhere."""
    assert clipped("short", 10) == "short"
    assert clipped("one two three", 9) == "one two…"
    assert clipped("x" * 20, 5) == "xxxx…"
    assert len(clipped("word " * 1_000)) <= 1_024
    assert clipped("half \ud800", 20) == "half ?"


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"description": " Where. "}, "Where."),
        ({"title": "Its city"}, "Its city"),
        ({"title": "Home City"}, ""),
        ({"title": "Home City", "description": ""}, ""),
        ({"description": 7}, ""),
        ({}, ""),
    ],
)
def test_title_stands_in_for_a_description(schema: dict[str, object], words: str) -> None:
    """A title says something where it is more than the name of the property again, as generators write it."""
    assert description_of(schema, "home_city", 100) == words


def test_some_of_many_values_are_shown() -> None:
    """Of a list too long to be given, some values are named."""
    assert (
        description_of({"description": "A zone."}, "z", 200, many=["a", "b"]) == 'A zone. One of "a", "b", and so on.'
    )


def test_values_from_wherever_they_are_listed() -> None:
    """A list, a constant, and constants as alternatives are one list of values, each once."""
    assert values_of({"enum": [1, "1", 1, None]}, []) == ([1, "1", None], True)
    assert values_of({"const": {"a": 1}}, []) == ([{"a": 1}], True)
    assert values_of({}, [{"const": "a", "title": "A"}, {"enum": ["b", "a"]}]) == (["a", "b"], True)
    assert values_of({}, [{"const": "a"}, {"type": "string"}]) == ([], True)
    assert values_of({"enum": list(range(1_000))}, [])[1] is False
