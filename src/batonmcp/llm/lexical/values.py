"""A value that a query names, with the tokens it was taken from."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from pydantic import JsonValue

from batonmcp.llm.lexical.parameters import Role, Want
from batonmcp.llm.lexical.tokens import Kind, Token
from batonmcp.llm.lexical.words import STOP_WORDS

__all__ = ["Value", "role_of", "shown", "typed", "whole"]

_KINDS: Mapping[Want, tuple[Kind, ...]] = {
    "url": ("url",),
    "email": ("email",),
    "zone": ("zone",),
    "date": ("date",),
    "time": ("time",),
    "path": ("path", "glob"),
    "glob": ("glob",),
}
_ARTICLES = frozenset({"a", "an", "the"})
_FROM = frozenset({"from", "since", "between", "after", "starting"})
_TO = frozenset({"to", "into", "until", "till", "and", "before", "ending", "through"})
_LONGEST_CITY = 4
_MIN_TEXT = 2
_WHITE = re.compile(r"[\s_]+")
_NO_AREAS = frozenset({"Brazil", "Canada", "Chile", "Etc", "Mexico", "SystemV", "US", "posix", "right"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value with the indexes of its tokens.

    Attributes:
        value: The value as JSON.
        taken: Indexes of the tokens that say it.
        role: Whether it is said to be where something comes from or goes to.
    """

    value: JsonValue
    taken: frozenset[int]
    role: Role | None = None


def typed(want: Want, tokens: Sequence[Token]) -> list[Value]:
    """Return the values that look like what is wanted, in the order of the query."""
    kinds = _KINDS.get(want, ())
    found = [
        Value(value=token.text, taken=frozenset({token.index}), role=role_of(tokens, place))
        for place, token in enumerate(tokens)
        if token.kind in kinds or (token.kind == "quoted" and want in {"path", "glob"} and _like(want, token.text))
    ]
    if want == "zone":
        found += _cities(tokens)
    return sorted(found, key=lambda value: min(value.taken))


def shown(texts: Iterable[str], tokens: Sequence[Token]) -> list[Value]:
    """Return the texts that stand in the query, whole words only, the longest first where they overlap."""
    found: list[Value] = []
    for text in sorted(set(texts), key=lambda text: (-len(text), text)):
        plain = _WHITE.sub(" ", text).lower().strip()
        if len(plain) < _MIN_TEXT or plain in STOP_WORDS:
            continue
        for size in {1, len(plain.split())}:
            for place in range(len(tokens) - size + 1):
                here = tokens[place : place + size]
                taken = frozenset(token.index for token in here)
                if _plain(here) == plain and not any(taken & value.taken for value in found):
                    found.append(Value(value=text, taken=taken, role=role_of(tokens, place)))
    return sorted(found, key=lambda value: min(value.taken))


def whole(kinds: Collection[Kind], tokens: Sequence[Token]) -> list[Value]:
    """Return the tokens of some kinds as values."""
    return [
        Value(value=token.text, taken=frozenset({token.index}), role=role_of(tokens, place))
        for place, token in enumerate(tokens)
        if token.kind in kinds
    ]


def role_of(tokens: Sequence[Token], place: int) -> Role | None:
    """Return the role that the preposition before a place gives to what stands there."""
    before = [token.lower for token in tokens[max(0, place - 2) : place] if token.lower not in _ARTICLES]
    if not before:
        return None
    return "source" if before[-1] in _FROM else "target" if before[-1] in _TO else None


def _like(want: Want, text: str) -> bool:
    return "*" in text if want == "glob" else bool(re.search(r"[\\/]|\.\w+$", text))


def _plain(tokens: Iterable[Token]) -> str:
    return " ".join(_WHITE.sub(" ", token.lower) for token in tokens)


def _cities(tokens: Sequence[Token]) -> Iterator[Value]:
    """Yield the time zones of cities named by capitalised words, `New York` for `America/New_York`."""
    place = 0
    while place < len(tokens):
        size = next((size for size in range(_LONGEST_CITY, 0, -1) if _city(tokens[place : place + size], size)), 0)
        if size:
            here = tokens[place : place + size]
            taken = frozenset(token.index for token in here)
            yield Value(value=_city(here, size), taken=taken, role=role_of(tokens, place))
        place += size or 1


def _city(tokens: Sequence[Token], size: int) -> str | None:
    whole = len(tokens) == size and tokens[0].capitalised and all(token.kind == "word" for token in tokens)
    return _zones().get(" ".join(token.lower for token in tokens)) if whole else None


@cache
def _zones() -> Mapping[str, str]:
    """Map each city that names exactly one zone of the time zone database to that zone."""
    by_city: dict[str, list[str]] = {}
    for zone in sorted(available_timezones()):
        area, _, city = zone.partition("/")
        if city and area not in _NO_AREAS:
            by_city.setdefault(city.rpartition("/")[2].replace("_", " ").lower(), []).append(zone)
    return {city: zones[0] for city, zones in by_city.items() if len(zones) == 1}
