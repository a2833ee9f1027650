"""Whether and how long a plan that a model made can be used again for the same query.

A plan may hold what was true only then: a date that stood for "tomorrow", an hour, the value of an input. What cannot
be told from the plan counts as such.
"""

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final

from pydantic import JsonValue

from batonmcp.core.learned import learned

__all__ = ["day_of", "is_reusable", "route_key"]

_HOUR = re.compile(r"\d{1,2}:\d{2}|\d{1,2} ?[ap]\.?m\b|T\d{2}\b|\b\d{10,13}\b", re.IGNORECASE)
_DATE = re.compile(r"\b\d{1,4}[-./]\d{1,2}(?:[-./]\d{1,4})?\b|\b(?:19|20)\d{2}(?:\d{4})?\b")
_WORDS_TEXT = """
    today tomorrow yesterday tonight now week weekend month year day days hour hours minute minutes ago until till
    since next last monday tuesday wednesday thursday friday saturday sunday january february march april may june
    july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec mon tue wed
    thu fri sat sun heute morgen gestern jetzt woche wochenende monat jahr tag tage stunde stunden bis seit montag
    dienstag mittwoch donnerstag freitag samstag sonntag aujourd'hui demain hier maintenant semaine mois jour
    jours heure heures lundi mardi mercredi jeudi vendredi samedi dimanche hoy ayer ahora semana mes dia dias hora
    horas lunes martes jueves viernes domingo oggi domani ieri adesso settimana mese anno giorno giorni ora ore
    hoje amanha ontem agora ano
"""
_WORDS: Final = frozenset(_WORDS_TEXT.split())
"""Words that speak of dates and times, in some languages; a query in other letters is bound to its day in any case."""

_WRITTEN: Final = ("arguments", "when", "for_each")
_WORD = re.compile(r"[\w']+")
_NOT_ASCII = re.compile(r"[^\x00-\u024f]")


def route_key(
    query: str, *, inputs: Mapping[str, JsonValue], servers: Iterable[str] | None, fingerprint: str, planner: str
) -> str:
    """Return the key under which a plan is kept.

    Args:
        query: The task. Its case counts, as names and paths have one; blanks and the last sign do not.
        inputs: Of them only the names and types count.
        servers: The only servers to use.
        fingerprint: Of the tools that were offered.
        planner: The model, and the version of what it is told.
    """
    words = " ".join(unicodedata.normalize("NFC", query).split()).rstrip(" .!?")
    limited = sorted(servers) if servers is not None else None
    parts = [words, learned(dict(inputs)), limited, fingerprint, planner]
    return sha256(json.dumps(parts, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()


def is_reusable(plan: JsonValue, *, query: str, inputs: Mapping[str, JsonValue]) -> bool:
    """Whether a plan holds neither an hour that the query does not name nor the value of an input."""
    literals = list(_literals(plan))
    if any(hour not in query for text in literals for hour in _HOUR.findall(text)):
        return False
    values = {text for text in _leaves(dict(inputs)) if text not in {"", "true", "false", "null"}}
    return not any(value in text for value in values for text in literals)


def day_of(plan: JsonValue, *, query: str, now: datetime) -> str | None:
    """Return the day that a plan is good for, `YYYY-MM-DD`; None if it is good for any."""
    speaks_of_time = bool(_WORDS & {word.lower() for word in _WORD.findall(query)}) or bool(_NOT_ASCII.search(query))
    dates = (date for text in _literals(plan) for date in _DATE.findall(text))
    return f"{now:%Y-%m-%d}" if speaks_of_time or any(date not in query for date in dates) else None


def _literals(plan: JsonValue) -> Iterator[str]:
    """Yield what stands in the arguments and expressions of a plan's steps, and in its result."""
    match plan:
        case {"steps": [*steps]}:
            parts = [part for step in steps if isinstance(step, dict) for part in map(step.get, _WRITTEN)]
            yield from _leaves([*parts, plan.get("result")])
        case _:
            yield from _leaves(plan)


def _leaves(value: JsonValue) -> Iterator[str]:
    """Yield the texts and numbers in a value, as texts."""
    match value:
        case dict():
            for member in value.values():
                yield from _leaves(member)
        case list():
            for item in value:
                yield from _leaves(item)
        case str():
            yield value
        case bool() | None:
            return
        case _:
            yield json.dumps(value)
