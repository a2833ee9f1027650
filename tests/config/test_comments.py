"""Comments and trailing commas in JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.comments import without_comments

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
BETWEEN = st.sampled_from(["", " ", "\n", '// a, "b" [\n', "/* }] // */", "/*\n,\n*/", "/**/"])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('{"a": 1} // end', {"a": 1}),
        ('// start\n{"a": 1}', {"a": 1}),
        ('{/* one */"a": /* two\nlines */ 1}', {"a": 1}),
        ('{"a": [1, 2,], "b": {"c": 3,\n},}', {"a": [1, 2], "b": {"c": 3}}),
        ('{"a": [1, // one\n],}', {"a": [1]}),
        ('{"a": "// no, /* comment */ ,]"}', {"a": "// no, /* comment */ ,]"}),
        (r'{"a": "quote \" // in it", "b": "\\"} // c', {"a": 'quote " // in it', "b": "\\"}),
        ('{"a": "http://127.0.0.1/mcp",}', {"a": "http://127.0.0.1/mcp"}),
        ('{"a": 1}//', {"a": 1}),
        ('{"a": 1}//\r\n', {"a": 1}),
    ],
)
def test_what_people_write_is_read(written: str, read: object) -> None:
    """Comments of both kinds and a comma before a bracket mean nothing; in a string they are text."""
    assert json.loads(without_comments(written)) == read


@pytest.mark.parametrize(
    "written",
    [
        "[,]",
        "{,}",
        "[1,,]",
        "[1,,2]",
        '{"a":,}',
        "[1] /* open",
        "/",
        "[1] / 2",
        "# no",
        "[1]; // c",
        '["a // open',
        "/*/",
    ],
)
def test_what_is_no_json_stays_none(written: str) -> None:
    """A comma without a value, a comment that does not close, and other languages' comments are errors."""
    with pytest.raises(json.JSONDecodeError):
        json.loads(without_comments(written))


def test_errors_keep_their_place() -> None:
    """What follows a comment of several lines is still found where it stands."""
    written = '{ /* one\n two */ "a": [1,], // three\n  "b": oops }'
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(without_comments(written))
    assert (caught.value.lineno, caught.value.colno) == (3, 8)


@given(JSON)
def test_plain_json_is_unchanged(value: object) -> None:
    """A file without comments comes out as it went in."""
    for text in (json.dumps(value), json.dumps(value, ensure_ascii=False, indent=2)):
        assert without_comments(text) == text


@given(JSON, st.data())
def test_comments_between_tokens_change_nothing(value: object, data: st.DataObject) -> None:
    """Comments may stand wherever space may; the length and the lines stay."""
    separators = (f"{data.draw(BETWEEN)},{data.draw(BETWEEN)}", f"{data.draw(BETWEEN)}:{data.draw(BETWEEN)}")
    written = data.draw(BETWEEN) + json.dumps(value, separators=separators) + data.draw(BETWEEN)
    read = without_comments(written)
    assert json.loads(read) == value
    assert [len(line) for line in read.split("\n")] == [len(line) for line in written.split("\n")]


@pytest.mark.parametrize("text", ["/*" * 200_000, ",\n" * 200_000, '"' * 400_000, "//\n" * 200_000, "[ " * 200_000])
def test_any_text_takes_linear_time(text: str) -> None:
    """Nothing makes the search start again and again: this would take minutes otherwise."""
    assert len(without_comments(text)) == len(text)
