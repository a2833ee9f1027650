"""Whether and how long a plan that a model made can be used again for the same query.

A plan may hold what was true only then: a date that stood for "tomorrow", an hour, the value of an input. What cannot
be told from the plan counts as such.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256

from pydantic import JsonValue

from batonmcp.core.learned import learned
from batonmcp.core.plan_parts import inputs_in, leaves_of, literals_in, texts_in
from batonmcp.core.time_words import dates_in, hours_in, speaks_of_hours, speaks_of_time, time_words_in

__all__ = ["day_of", "is_reusable", "needs_wording", "route_key", "wording"]

_OF_THE_WORDING = re.compile(r"[\s.!?]")
_NUMBER = re.compile(r"\d+")


def route_key(
    query: str, *, inputs: Mapping[str, JsonValue], servers: Iterable[str] | None, fingerprint: str, planner: str
) -> str:
    """Return the key under which a plan is kept.

    Args:
        query: The task. Its case counts, as names and paths have one; blanks and the last sign do not, see `wording`.
        inputs: Of them only the names and types count.
        servers: The only servers to use.
        fingerprint: Of the tools that were offered.
        planner: The model, and the version of what it is told.
    """
    words = " ".join(unicodedata.normalize("NFC", query).split()).rstrip(" .!?")
    limited = sorted(servers) if servers is not None else None
    parts = [words, {name: learned(value) for name, value in inputs.items()}, limited, fingerprint, planner]
    return _digest(json.dumps(parts, sort_keys=True))


def wording(query: str) -> str:
    """Return a digest of a query as it is written."""
    return _digest(query)


def needs_wording(plan: JsonValue) -> bool:
    """Whether a plan is for the very wording of its query: a text of several words in it may be a part of that."""
    return any(_OF_THE_WORDING.search(text) for text in literals_in(plan))


def is_reusable(plan: JsonValue, *, query: str, inputs: Mapping[str, JsonValue]) -> bool:
    """Whether a plan holds neither an hour that the query does not name nor what may stem from the value of an input.

    A model is shown how inputs begin. So each must be taken by its name, and every other text, number and flag in the
    plan must stand in the query, and not in an input.
    """
    if any(hour not in query for text in texts_in(plan) for hour in hours_in(text)):
        return False
    literals = list(literals_in(plan))
    numbers = (number for text in literals for number in _NUMBER.findall(text))
    if speaks_of_hours(query) and not all(_stands_in(query, number) for number in numbers):
        return False
    if not inputs:
        return True
    if not inputs.keys() <= inputs_in(plan, inputs) or not all(_stands_in(query, text) for text in literals):
        return False
    values = set(leaves_of(dict(inputs))) - {""}
    return not any(value in text for value in values for text in literals)


def day_of(plan: JsonValue, *, query: str, now: datetime) -> str | None:
    """Return the day that a plan is good for, `YYYY-MM-DD`; None if it is good for any.

    Args:
        plan: The plan.
        query: For what it was made.
        now: When it was made: what a model was told.
    """
    said = time_words_in(query)
    told = list(texts_in(plan))
    dated = any(date not in query for text in told for date in dates_in(text))
    named = any(time_words_in(text) - said for text in literals_in(plan))
    return f"{now:%Y-%m-%d}" if speaks_of_time(query) or dated or named else None


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _stands_in(query: str, text: str) -> bool:
    if text.lower() not in query.lower():
        return False
    return re.search(rf"(?<!\w){re.escape(text)}(?!\w)", query, re.IGNORECASE) is not None
