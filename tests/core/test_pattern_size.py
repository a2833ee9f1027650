"""The size of regular expressions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.core.pattern_size import pattern_size


@pytest.mark.parametrize(
    ("pattern", "size"),
    [
        ("", 0),
        ("abc", 3),
        (r"\d[a-z\]]é", 3),
        ("a{5}", 5),
        ("a{2,7}", 7),
        ("a{7,}", 7),
        ("a{0}b", 2),
        ("(?:ab){10}", 30),
        ("(a{10}){10}", 110),
        ("((a{100}){100}){100}", 1_010_100),
        ("(?P<name>a)(?=b)(?<!c)", 6),
        (r"\{5}a{", 5),
        ("a{999999999}{999999999}", 10_000_000),
        (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", 36),
    ],
)
def test_repetitions_are_written_out(pattern: str, size: int) -> None:
    """What follows each other adds up, what lies inside each other multiplies."""
    assert pattern_size(pattern) == size


@given(st.text(alphabet="ab()[]{}0123,\\?:*+|^$P<>=!", max_size=40))
def test_any_text_has_a_size(pattern: str) -> None:
    """A text that is no expression has a size as well."""
    assert 0 <= pattern_size(pattern) <= 10_000_000
