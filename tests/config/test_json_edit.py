"""Edits of a JSON text that a person wrote."""

import json
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.config.comments import without_comments
from batonmcp.config.json_edit import remove_value, set_value
from batonmcp.core.errors import ConfigError

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | None"

KEYS = st.sampled_from(["a", "b", "mcpServers", 'quo"te', "//", "é", ""])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5) | st.sampled_from(["http://x/*", "a, }"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
OBJECTS = st.dictionaries(KEYS, VALUES | st.dictionaries(KEYS, VALUES, max_size=3), max_size=3)
PATHS = st.lists(KEYS, min_size=1, max_size=3)
SPACES = st.sampled_from(
    ["", "", " ", "\n", "\n  ", "\r\n\t", '// a, } " \n', '/* }, "b": 1 */', "/*\n*/", " // x\r\n "]
)


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Return a text with comments, space and trailing commas wherever they may stand."""

    def written(value: Json) -> str:
        space = partial(draw, SPACES)
        if not isinstance(value, Mapping | list) or not value:
            return json.dumps(value, ensure_ascii=draw(st.booleans()))
        if isinstance(value, list):
            parts, ends = [written(member) for member in value], "[]"
        else:
            parts = [f"{json.dumps(key)}{space()}:{space()}{written(member)}" for key, member in value.items()]
            ends = "{}"
        inner = ",".join(f"{space()}{part}{space()}" for part in parts)
        return f"{ends[0]}{inner}{draw(st.sampled_from(['', ',', ', // end' + chr(10)]))}{space()}{ends[1]}"

    bom = draw(st.sampled_from(["", "\ufeff"]))
    return f"{bom}{draw(SPACES)}{written(draw(OBJECTS))}{draw(SPACES)}"


def read(text: str) -> Any:  # noqa: ANN401 - JSON
    """Return what a text says."""
    return json.loads(without_comments(text.removeprefix("\ufeff")))


def with_value(document: dict[str, Any], path: list[str], value: JsonValue) -> dict[str, Any]:
    """Set a value in a document."""
    key, *rest = path
    return {**document, key: with_value(document.get(key, {}), rest, value) if rest else value}


def without_value(document: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """Remove a value from a document."""
    key, *rest = path
    if key not in document:
        return document
    if rest:
        return {**document, key: without_value(document[key], rest)}
    return {name: member for name, member in document.items() if name != key}


def leads_through(document: JsonValue, path: list[str]) -> bool:
    """Whether everything on the way to a path's last key is an object, or missing."""
    for key in path[:-1]:
        if not isinstance(document, dict):
            return False
        if key not in document:
            return True
        document = document[key]
    return isinstance(document, dict)


def comments(text: str) -> list[str]:
    """Return the comments of a text."""
    found = re.findall(r'"(?:\\.|[^"\\])*"|(//[^\r\n]*|/\*.*?\*/)', text, re.DOTALL)
    return [comment.strip() for comment in found if comment]


@given(texts(), PATHS, VALUES)
def test_setting_does_to_the_text_what_it_does_to_the_document(text: str, path: list[str], value: JsonValue) -> None:
    """The edited text reads as the edited document, in the same order of keys; a second time changes nothing."""
    if not leads_through(read(text), path):
        with pytest.raises(ConfigError, match="is not an object"):
            set_value(text, path, value)
        return
    edited = set_value(text, path, value)
    assert json.dumps(read(edited)) == json.dumps(with_value(read(text), path, value))
    assert set_value(edited, path, value) == edited
    assert edited.startswith("\ufeff") == text.startswith("\ufeff")


@given(texts(), PATHS)
def test_removing_does_to_the_text_what_it_does_to_the_document(text: str, path: list[str]) -> None:
    """The edited text reads as the edited document; a second time changes nothing."""
    if not leads_through(read(text), path):
        with pytest.raises(ConfigError, match="is not an object"):
            remove_value(text, path)
        return
    edited = remove_value(text, path)
    assert json.dumps(read(edited)) == json.dumps(without_value(read(text), path))
    assert remove_value(edited, path) == edited


@given(texts(), VALUES)
def test_what_was_added_can_be_removed_to_the_byte(text: str, value: JsonValue) -> None:
    """A new member of an object that has others, or has not even a space, leaves no trace; nothing else was touched."""
    before = read(text)
    added = set_value(text, ["new"], value)
    if before or "{}" in text:
        assert remove_value(added, ["new"]) == text
    remains = iter(added)
    assert all(char in remains for char in text.rstrip())  # all of the text is there, in its order


@given(texts(), st.data())
def test_replacing_changes_just_the_value(text: str, data: st.DataObject) -> None:
    """What stands before a value and after it stays as it is."""
    document = read(text)
    if not document:
        return
    key = data.draw(st.sampled_from(list(document)))
    edited = set_value(text, [key], "\x07 new")
    mark = '"\\u0007 new"'
    before, _, after = edited.partition(mark)
    assert text.startswith(before)
    assert text.endswith(after)
    assert read(text[len(before) : len(text) - len(after)]) == document[key]


@given(texts(), st.data())
def test_removing_keeps_the_comments_outside(text: str, data: st.DataObject) -> None:
    """Comments before and after a member stay, since they may be about anything."""
    document = read(text)
    if not document:
        return
    key = data.draw(st.sampled_from(list(document)))
    plain = set_value(text, [key], 0)
    name = json.dumps(key)
    if name in plain.replace(f"{name}:0", "", 1) or f"{name}:0" not in plain:
        return
    assert comments(remove_value(plain, [key])) == comments(plain)


HOST = """\
{
    // the servers
    "mcpServers": {
        "time": { "command": "uvx", "args": ["mcp-server-time"] }, // knows the hour
        /* not used now
        "git": {} */
    },
    "theme": "dark"
}
"""


def test_a_file_of_a_host() -> None:
    """A new entry stands after the others, indented as they are, with their trailing comma."""
    edited = set_value(HOST, ["mcpServers", "batonmcp"], {"command": "/bin/batonmcp", "args": ["serve"]})
    assert edited == HOST.replace(
        '"git": {} */\n',
        """"git": {} */
        "batonmcp": {
            "command": "/bin/batonmcp",
            "args": [
                "serve"
            ]
        },
""",
    )
    assert remove_value(edited, ["mcpServers", "batonmcp"]) == HOST


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ("", '{\n  "s": {\n    "a": 1\n  }\n}\n'),
        ("\ufeff", '\ufeff{\n  "s": {\n    "a": 1\n  }\n}\n'),
        ("\r\n", '\r\n{\r\n  "s": {\r\n    "a": 1\r\n  }\r\n}\r\n'),
        ("// mine\n", '// mine\n{\n  "s": {\n    "a": 1\n  }\n}\n'),
        ("{}", '{\n  "s": {\n    "a": 1\n  }\n}'),
        ('{"b": 2}', '{"b": 2, "s": {"a": 1}}'),
        ('{ "s": {}, "b": 2 }', '{ "s": {"a": 1}, "b": 2 }'),
        ('{\n\t"s": {}\n}\n', '{\n\t"s": {\n\t\t"a": 1\n\t}\n}\n'),
        ('{\r\n "s": {\r\n }\r\n}', '{\r\n "s": {\r\n  "a": 1\r\n }\r\n}'),
        ('{\n  "s": { // none\n  },\n}', '{\n  "s": { // none\n    "a": 1\n  },\n}'),
        ('{\n  "s": {"a": {"x": 1}}\n}', '{\n  "s": {"a": 1}\n}'),
        (
            '{\n  "s": {\n    "b": 2 // b\n    // end\n  }\n}',
            '{\n  "s": {\n    "b": 2, // b\n    // end\n    "a": 1\n  }\n}',
        ),
    ],
)
def test_the_form_of_what_is_added(text: str, edited: str) -> None:
    """What is added follows the text: its lines, its indentation, or the one line that it is."""
    assert set_value(text, ["s", "a"], 1) == edited


@pytest.mark.parametrize(
    ("text", "edited"),
    [
        ('{"a": 1, "b": 2}', '{"b": 2}'),
        ('{"b": 2, "a": 1}', '{"b": 2}'),
        ('{ "b": 2, "a": 1, "c": 3 }', '{ "b": 2, "c": 3 }'),
        ('{\n  "b": 2, // two\n  "a": 1 // one\n}', '{\n  "b": 2 // two\n  // one\n}'),
        ('{\n  "a": [\n    1\n  ],\n  "b": 2,\n}', '{\n  "b": 2,\n}'),
        ('{\n  // why\n  "a": 1\n}', "{\n  // why\n}"),
        ('{\n  "b": 2 // two\n  , "a": 1 }', '{\n  "b": 2 // two\n   }'),
        ('{"a": 1,}', "{}"),
        ('{ // x\n "a": 1 /*\n*/,\n"b": 2}', '{ // x\n  /*\n*/\n"b": 2}'),
        ("", ""),
        ("{}", "{}"),
    ],
)
def test_the_form_of_what_remains(text: str, edited: str) -> None:
    """No empty line stays behind, and no comma without use."""
    assert remove_value(text, ["a"]) == edited


def test_a_value_of_several_lines_is_written_as_its_neighbours_are() -> None:
    """A value in place of another is indented from where its key stands; on one line it stays on it."""
    text = '{\n    "a": 1,\n    "b": {"c": 2}\n}'
    assert set_value(text, ["a"], {"x": [1]}) == text.replace(
        "1,", '{\n        "x": [\n            1\n        ]\n    },'
    )
    assert set_value(text, ["b", "c"], {"x": [1]}) == text.replace('"c": 2', '"c": {"x": [1]}')


def test_text_that_is_no_unicode() -> None:
    """Half a character is written as an escape, since no file can hold it otherwise."""
    assert set_value("{}", ["a"], "\ud800é") == '{\n  "a": "\\ud800\\u00e9"\n}'
    assert set_value("{}", ["a"], "é") == '{\n  "a": "é"\n}'


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": }', "line 1, column 7: this is not JSON"),
        ('{\n "a": 1 "b": 2}', "line 2, column 9: this is not JSON"),
        ('{"a": 1', "this is not JSON"),
        ("[1]", "the text: is not a JSON object"),
        ('{"a": 1, "\\u0061": 2}', "'a': stands twice in one object. Remove one."),
        ('{"a": ' + "[" * 200_000 + "]" * 200_000 + "}", "nested too deeply"),
        ('{"b": ' + "9" * 5_000 + "}", "cannot be read"),
    ],
)
def test_a_broken_text_is_refused(text: str, says: str) -> None:
    """What is no JSON object is not edited; the place is told, and what to do."""
    with pytest.raises(ConfigError) as caught:
        set_value(text, ["a"], 1)
    assert says in str(caught.value)
    with pytest.raises(ConfigError):
        remove_value(text, ["a"])


def test_something_else_in_the_place_of_an_object() -> None:
    """The place on the way that is no object is named."""
    with pytest.raises(ConfigError, match=r"^s\.t: is not an object\. Write {} there, or remove it\.$"):
        set_value('{"s": {"t": []}}', ["s", "t", "a"], 1)
