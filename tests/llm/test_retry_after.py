"""When an endpoint wants to be asked again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.llm.retry_after import retry_after

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "1e309"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "99999999"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 13:00:30 +0100"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 12:00:30"}, 30.0),
        ({"retry-after": "Sun, 22 Nov 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 22 Nov 9999999 11:00:00 GMT"}, None),
        ({"retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "1500", "retry-after": "60"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "60"}, 60.0),
        ({"retry-after-ms": "inf"}, None),
    ],
)
def test_seconds_dates_milliseconds_and_nonsense(headers: dict[str, str], seconds: float | None) -> None:
    """Each form is read; what makes no sense, or is a month away, is as if it were not there."""
    assert retry_after(headers, NOW) == seconds


@given(st.text(max_size=40), st.text(max_size=20), st.datetimes(timezones=st.just(UTC)))
def test_any_header_is_a_bounded_wait_or_none(after: str, milliseconds: str, now: datetime) -> None:
    """No header can raise, or make anybody sleep for ever."""
    seconds = retry_after({"retry-after": after, "retry-after-ms": milliseconds}, now)
    assert seconds is None or 0 <= seconds <= timedelta(days=31).total_seconds()
