"""Patterns are compiled and searched within the budget, whatever they are."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget, Limits
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.pattern import MAX_GROUPS, MAX_PATTERN, compile_pattern, encoded
from hostile_expressions import HOSTILE_PATTERNS

FUEL = 400_000


def _spans(source: str, text: str, fuel: int = FUEL) -> list[tuple[int, int]]:
    budget = Budget(Limits(fuel=fuel))
    return [found.span(0) for found in compile_pattern(source, budget).matches(encoded(text), budget)]


def test_matches_are_found_from_left_to_right() -> None:
    """Matches are spans of bytes that do not overlap, and empty ones stand between characters."""
    assert _spans("é+", "aéébé") == [(1, 5), (6, 8)]
    assert _spans("", "é😀") == [(0, 0), (2, 2), (6, 6)]
    assert _spans("^a", "aa") == [(0, 1)]
    assert _spans("x", "") == []


def test_pattern_knows_its_groups() -> None:
    """Names are in the order of their groups."""
    pattern = compile_pattern("(?P<z>a)(b)(?<a>c)", Budget(Limits()))
    assert (list(pattern.names.items()), pattern.groups) == ([("z", 1), ("a", 3)], 3)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("(?=a)", "invalid perl operator: (?="),
        ("(?<!a)b", "invalid perl operator: (?<!"),
        (r"(a)\1", r"invalid escape sequence: \1"),
        ("(?P<a>x)(?P=a)", "invalid perl operator: (?P"),
        (r"a\Z", r"invalid escape sequence: \Z"),
        ("a{1000}{1000}", "bad repetition operator"),
        ("(a{1000}){1000}", "invalid repetition size"),
        ("a{1001}", "invalid repetition size: {1001}"),
        (r"(?i)(\pL?\pN?){200}", "pattern too large"),
        ("(" * 500 + ")" * 499, "missing )"),
        ("()" * (MAX_GROUPS + 1), "it has 101 groups; 100 are allowed"),
        ("(?P<a>x)|(?P<a>y)", "two groups have the same name"),
        (r"a\C", r"\C is half a character"),
        ("a\b", "the pattern has a backspace in it"),
        ("\\", "trailing \\"),
        ("x" * (MAX_PATTERN + 1), "a pattern of 1001 characters is too long"),
    ],
)
def test_wrong_pattern_is_explained(source: str, message: str) -> None:
    """An error says what is wrong with the pattern, at bounded length."""
    with pytest.raises(Fault) as caught:
        compile_pattern(source, Budget(Limits()))
    assert message in caught.value.message
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("source", [r"\\C", "(?:" * 240 + "a" + ")" * 240, "a{1000}", r"\p{L}{10}", "(?i)[^a]{20}"])
def test_large_pattern_is_compiled(source: str) -> None:
    """Depth and repetition have limits that no honest pattern meets."""
    assert compile_pattern(source, Budget(Limits())).groups == 0


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab(|)[]{}?*+.^$\\1,PpLCdz<>:=!-é\ud800"), max_size=25), st.text(max_size=20))
def test_any_pattern_is_used_or_refused(source: str, text: str) -> None:
    """No pattern and no text crash the search."""
    try:
        _spans(source, text)
    except Fault:
        return


@pytest.mark.parametrize(("source", "text"), HOSTILE_PATTERNS, ids=range(len(HOSTILE_PATTERNS)))
def test_hostile_search_is_refused(source: str, text: str) -> None:
    """A search that takes too long, or could, ends with the fuel."""
    with pytest.raises(Fault, match=r"takes more than 400000 steps|could take too long"):
        _spans(source, text)


@pytest.mark.parametrize(
    ("source", "text", "count"),
    [
        ("(a+)+$", "a" * 100_000, 1),
        ("(a+)+$", "a" * 100_000 + "b", 0),
        (r"\d{4}-\d{2}-\d{2}", "on 2024-05-06 it was sold\n" * 4_000, 4_000),
        (r"(?P<user>[\w.+-]+)@(?P<host>[\w.-]+)", "mail to ann@example.com, " * 2_000, 2_000),
        (r"\p{L}+", "кириллица " * 1_000, 1_000),
    ],
    ids=range(5),
)
def test_honest_search_has_its_matches(source: str, text: str, count: int) -> None:
    """Linear time is enough for what backtracks elsewhere, and for thousands of matches."""
    assert len(_spans(source, text)) == count


def test_search_pays_for_the_text() -> None:
    """The fuel for a search grows with the text."""
    assert _spans("x", "a" * 50_000, fuel=80_000) == []
    with pytest.raises(Fault, match="could take too long"):
        _spans("x", "a" * 50_000, fuel=2_000)
    with pytest.raises(Fault, match="more than 2000 steps"):
        _spans("a", "a" * 100, fuel=2_000)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[match(t, 'a{' + str(x) + '}') for x in range(200)]", "there are more than 100 different patterns."),
        ("[match(t, r'\\pL{20}' + str(x)) for x in range(200)]", "takes more than 400000 steps"),
        ("[match(t, 'a') for x in range(100000)]", "takes more than 400000 steps"),
        ("find_all(t * 1000000, 'a')", "could take too long"),
    ],
)
def test_many_patterns_are_refused(failure: Callable[..., str], source: str, message: str) -> None:
    """Compiling is paid for, once for each pattern of an evaluation."""
    assert message in failure(source, t="a")


def test_pattern_is_paid_for_once(value: Callable[..., JsonValue]) -> None:
    """A pattern may be used on thousands of items."""
    rows: JsonValue = [{"s": f"order #{number}"} for number in range(3_000)]
    assert value("match([match(r.s, '#(\\d+)') for r in rows][-1], p)", rows=rows, p=r"\d+") == "2999"


def test_library_is_loaded_by_the_first_pattern() -> None:
    """An expression without patterns does not pay for the library."""
    script = (
        "import sys; from batonmcp.core.expression import parse; parse('len(a)'); assert 're2' not in sys.modules;"
        "parse(\"match(a, 'b')\"); assert 're2' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
