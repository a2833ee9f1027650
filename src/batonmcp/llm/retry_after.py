"""When an endpoint that is overloaded wants to be asked again."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["retry_after"]

_LONGEST = 31 * 86_400.0


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """Return how many seconds to wait, None if the headers do not say, or nothing that makes sense.

    Args:
        headers: Of the response, with names in lower case.
        now: To count to a date from.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    said = headers.get("retry-after", "").strip()
    seconds = _number(said)
    return _bounded(_until(said, now) if seconds is None else seconds)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (moment - now).total_seconds()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _bounded(seconds: float | None) -> float | None:
    if seconds is None or not math.isfinite(seconds) or seconds > _LONGEST:
        return None
    return max(seconds, 0.0)
