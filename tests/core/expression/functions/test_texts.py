"""Text functions find parts of a text by a pattern, as Python's `re` does."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.expression import evaluate, parse

TEXT = "Order #W123 of Müller: $100-$500, mail ann@x.org, bob@y.org 😀"


@pytest.mark.parametrize(
    ("source", "result"),
    [
        (r"match(t, r'#\w+')", "#W123"),
        (r"match(t, '#\w+')", "#W123"),
        (r"match(t, '#(\w+)')", "W123"),
        (r"match(t, '(\w+)@(\w+)')", ["ann", "x"]),
        (r"match(t, '(?P<user>\w+)@(?<host>\w+)')", {"user": "ann", "host": "x"}),
        (r"match(t, '(?P<user>\w+)@(\w+)')", {"user": "ann"}),
        (r"match(t, '(?P<z>\w+)@(?P<a>\w+)').z", "ann"),
        (r"match(t, 'Order (Z)?')", None),
        (r"match(t, '(Z)?(O)')", [None, "O"]),
        (r"match(t, 'nothing')", None),
        (r"match(t, '(?i)order')", "Order"),
        (r"match(t, '')", ""),
        (r"match('', '')", ""),
        (r"match('a\nb', '(?m)^b$')", "b"),
        (r"match('a\nb', 'a.b')", None),
        (r"match('a\nb', '(?s)a.b')", "a\nb"),
        (r"match('ab\n', 'b$')", None),
        (r"match(t, '\$(\d+)-\$(\d+)')", ["100", "500"]),
        (r"int(match(t, '\$(\d+)'))", 100),
        (r"match(null, 'a')", None),
        (r"match(pattern='b+', text='abba')", "bb"),
        (r"find_all(t, '\w+@[\w.]+')", ["ann@x.org", "bob@y.org"]),
        (r"find_all(t, '(\w+)@')", ["ann", "bob"]),
        (r"find_all(t, '(\w+)@(\w)')", [["ann", "x"], ["bob", "y"]]),
        (r"[m.host for m in find_all(t, '@(?P<host>[\w.]+)')]", ["x.org", "y.org"]),
        (r"find_all(t, 'nothing')", []),
        (r"find_all('baac', 'a*')", ["", "aa", "", ""]),
        (r"find_all('é😀', '')", ["", "", ""]),
        (r"find_all(null, 'a')", []),
        (r"replace_all(t, '@.*', '')", "Order #W123 of Müller: $100-$500, mail ann"),
        (r"replace_all('a-b', r'(\w)-(\w)', r'\2-\1')", "b-a"),
        (r"replace_all('a-b', r'(?P<x>\w)-', r'\g<x>\g<1>+')", "aa+b"),
        (r"replace_all('ab', '(a)|(b)', r'[\1\2\0]')", "[aa][bb]"),
        (r"replace_all('ab', 'a', '$1 ${x}')", "$1 ${x}b"),
        (r"replace_all('ab', 'a', r'\\')", "\\b"),
        (r"replace_all('é😀', '', '-')", "-é-😀-"),
        (r"replace_all('ab', 'c', 'd')", "ab"),
        (r"replace_all(null, 'a', 'b')", None),
    ],
)
def test_part_of_text_is_taken(value: Callable[..., JsonValue], source: str, result: JsonValue) -> None:
    """A match is its text, its group, or its groups; null has none."""
    assert value(source, t=TEXT) == result


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("match(t, 'M\\\\w*')", "M"),
        ("match(t, 'M\\\\p{L}+')", "Müller"),
        ("match(t, '😀')", "😀"),
        ("match(t, '.$')", "😀"),
        ("find_all(half, '.')", ["a", "\ud83d", "b", "\ude00"]),
        ("find_all(half, '[^a]')", ["\ud83d", "b", "\ude00"]),
        ("match(half, half)", "a\ud83db\ude00"),
        ("replace_all(half, 'b', '')", "a\ud83d\ude00"),
        ("replace_all(half, 'b', half)", "a\ud83da\ud83db\ude00\ude00"),
        ("match('a\\0b', '\\\\x00b')", "\0b"),
        ("match('aé', '(?P<é>é)')", {"é": "é"}),
    ],
)
def test_any_text_can_be_searched(value: Callable[..., JsonValue], source: str, result: JsonValue) -> None:
    """Characters are never cut, and half a surrogate pair is one."""
    assert value(source, t=TEXT, half="a\ud83db\ude00") == result


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "match(3, 'a')",
            "`match` needs text, got number 3 as the text. Write match(text, pattern); convert with str().",
        ),
        ("match('a', 3)", "`match` needs text, got number 3 as the pattern. Write match(text, pattern)"),
        ("match('a', null)", "got null as the pattern"),
        ("find_all(['a'], 'a')", "`find_all` needs text, got a list of 1 item as the text."),
        ("replace_all('a', 'a', 1)", "got number 1 as the replacement. Write replace_all(text, pattern, replacement)"),
        ("match('a', p)", "the pattern '(?=a)' cannot be used: invalid perl operator: (?=. The syntax is RE2's"),
        ("match(null, p)", "there is no lookaround"),
        (r"replace_all('a', 'a', r'\1')", r"which is no group of the pattern. Write \1 or \g<name> for a group"),
        (r"replace_all('a', 'a', r'\g<x>')", "is no group"),
        (r"replace_all('a', 'a', r'\n')", "is no group"),
        (r"replace_all('a' * 2000, 'a', 'b' * 1000)", "characters is too long; 1000000 are allowed"),
        ("replace_all('a' * 10000, '(?s)(.*)', r'\\1' * 1000)", "is too long"),
    ],
)
def test_wrong_argument_is_explained(failure: Callable[..., str], source: str, message: str) -> None:
    """What is no text, no pattern or no group is named, with the order of the arguments."""
    assert message in failure(source, p="(?=a)")


ATOMS = st.sampled_from(["a", "b", "é", "😀", "[ab]", "[^a]", ".", "[a-cé]", "x"])
PATTERNS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds("({})".format, inner),
        st.builds("(?:{}){}".format, inner, st.sampled_from(["+", "{1,2}", "{2}", "+?"])),
        st.builds("{}{}".format, inner, inner),
        st.builds("(?:{}|{})".format, inner, inner),
    ),
    max_leaves=6,
)
"""Patterns that both engines read alike: none matches the empty text, about which they have ideas of their own."""


def _of_python(found: re.Match[str]) -> JsonValue:
    groups: list[JsonValue] = [*found.groups()]
    return groups if len(groups) > 1 else groups[0] if groups else found[0]


@settings(max_examples=300, deadline=None)
@given(PATTERNS, st.text("abxé😀\n", max_size=12))
def test_functions_agree_with_python(pattern: str, text: str) -> None:
    """The functions give what Python's `re` gives."""
    scope: dict[str, JsonValue] = {"t": text, "p": pattern}
    expected = [_of_python(found) for found in re.finditer(pattern, text)]
    assert evaluate(parse("find_all(t, p)"), scope) == expected
    assert evaluate(parse("match(t, p)"), scope) == (expected[0] if expected else None)
    assert evaluate(parse("replace_all(t, p, '-')"), scope) == re.sub(pattern, "-", text)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(), max_size=20), st.text(st.characters(), max_size=20))
def test_any_text_in_parts_is_whole(text: str, part: str) -> None:
    """Characters taken apart, lone surrogates and all, make the text; and a text is found as it is."""
    assert evaluate(parse("''.join(find_all(t, '(?s).'))"), {"t": text}) == text
    assert evaluate(parse(r"match(t + '|' + x, r'(?s)\|(.*)')"), {"t": text.replace("|", ""), "x": part}) == part
