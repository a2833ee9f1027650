"""Literal patterns are checked when an expression is parsed."""

from collections.abc import Callable

import pytest

from batonmcp.core.expression import parse


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("match(a, '(')", "the pattern '(' cannot be used: missing ): (."),
        ("[find_all(x.b, pattern='(?<=a)b') for x in a]", "there is no lookaround"),
        ("replace_all(a, r'(a)\\1', '')", "invalid escape sequence: \\1. The syntax is RE2's"),
        ("match(a, 'x' + match(a, '*'))", "no argument for repetition operator"),
        ("match(a, '" + "x" * 1_001 + "')", "a pattern of 1001 characters is too long; 1000 are allowed."),
        ("match(a)", "Write match(text, pattern)."),
    ],
)
def test_wrong_pattern_is_refused(refusal: Callable[[str], str], source: str, message: str) -> None:
    """A literal that is no pattern is said before anything runs, wherever it stands."""
    assert message in refusal(source)


@pytest.mark.parametrize("source", ["match(a, b)", "match(a, f'{b}(')", "match('(', 'a')", "match(a, 1)", "a.match"])
def test_other_values_are_left_to_the_run(source: str) -> None:
    """What is no literal pattern is not looked at."""
    assert parse(source).source == source


def test_many_large_patterns_are_refused(refusal: Callable[[str], str]) -> None:
    """Parsing compiles no more than one evaluation may."""
    calls = ", ".join(f"match(a, '\\pL{{8}}{number}')" for number in range(100))
    assert "takes more than 400000 steps" in refusal(f"[{calls}]")
