"""Where the members of an object stand in a JSON text with comments."""

import json

import pytest

from batonmcp.config.json_spots import readable, spot
from batonmcp.core.errors import ConfigError

TEXT = '\ufeff{ // one, two\n  "a": [1, {"x": ","}], /* "no": 1, */ "b\\n" /* : */ : "}" /* , */ , // end\n}'


def test_members_are_found_where_they_stand() -> None:
    """Keys, values and commas have the positions of the text; what stands in comments and strings is none of it."""
    found = spot(TEXT, readable(TEXT), TEXT.index("{"))
    assert [member.key for member in found.members] == ["a", "b\n"]
    assert [TEXT[member.start : member.end] for member in found.members] == [
        '"a": [1, {"x": ","}]',
        '"b\\n" /* : */ : "}"',
    ]
    assert [json.loads(TEXT[member.value : member.end]) for member in found.members] == [[1, {"x": ","}], "}"]
    commas = [member.comma for member in found.members if member.comma]
    assert [TEXT[comma - 1 : comma + 1] for comma in commas] == ["],", " ,"]
    assert TEXT[found.close] == "}"


@pytest.mark.parametrize("text", ["{}", "{ }", "{ // no\n}"])
def test_an_object_without_members(text: str) -> None:
    """There may be none."""
    found = spot(text, readable(text), 0)
    assert (found.members, found.close, found.member("a")) == ((), len(text) - 1, None)


def test_a_key_that_stands_twice() -> None:
    """Nobody knows which one counts."""
    text = '{"a": 1, "b": 2, "a": 3}'
    found = spot(text, readable(text), 0)
    assert found.member("b")
    with pytest.raises(ConfigError, match="'a': stands twice"):
        found.member("a")


def test_what_is_readable_has_the_positions_of_the_text() -> None:
    """Comments, trailing commas and the byte order mark become spaces."""
    plain = readable(TEXT)
    assert len(plain) == len(TEXT)
    assert json.loads(plain) == {"a": [1, {"x": ","}], "b\n": "}"}


@pytest.mark.parametrize("text", ["", "[]", "1", '{"a"}', "{", "\ufeff\ufeff{}"])
def test_what_is_no_object(text: str) -> None:
    """It is refused with its place."""
    with pytest.raises(ConfigError, match=r"^(line \d+, column \d+|the text): "):
        readable(text)
