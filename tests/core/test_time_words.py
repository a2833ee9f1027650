"""Words and figures that speak of dates and times."""

import pytest

from batonmcp.core.time_words import dates_in, hours_in, speaks_of_hours, speaks_of_time, time_words_in


@pytest.mark.parametrize(
    ("text", "hours", "dates"),
    [
        ("at 09:30 on 2026-11-26", ["09:30"], ["2026-11-26"]),
        ("2026-11-26T09", ["T09"], ["2026-11"]),
        ("5 p.m., 26.11.", ["5 p.m"], ["26.11"]),
        ("since 1795694400", ["1795694400"], []),
        ("20261126 and 1999", [], ["20261126", "1999"]),
        ("room 12, 3 of them", [], []),
    ],
)
def test_figures(text: str, hours: list[str], dates: list[str]) -> None:
    """Times of day, moments as numbers, dates and years."""
    assert (hours_in(text), dates_in(text)) == (hours, dates)


@pytest.mark.parametrize(
    ("query", "of_time", "of_hours"),
    [
        ("What is there now?", True, True),
        ("The last 15 min", True, True),
        ("Next Friday", True, False),
        ("Gibt es übermorgen etwas?", True, False),
        ("Dans une heure", True, True),
        ("מה קורה", True, False),
        ("Who owns the house?", False, False),
    ],
)
def test_queries(query: str, of_time: bool, of_hours: bool) -> None:  # noqa: FBT001 - a table
    """In several languages; in letters of others every query counts as one about days."""
    assert (speaks_of_time(query), speaks_of_hours(query)) == (of_time, of_hours)


def test_words_are_compared_without_accents_and_case() -> None:
    """As they are written in the list."""
    assert time_words_in("MAÑANA, am nächsten Freitag; man\u0303ana") == {"manana", "nachsten", "freitag"}
