"""A token: a piece of a query with its kind."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from batonmcp.llm.lexical.words import STOP_WORDS, split_name, stem, weight

__all__ = ["Kind", "Token", "text_of", "tokens_of"]

Kind: TypeAlias = Literal["quoted", "url", "email", "glob", "date", "time", "zone", "path", "number", "word", "mark"]

_AREAS = "Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific"
_PATTERNS: Sequence[tuple[Kind, str]] = (
    ("quoted", r'"[^"]*"|“[^”]*”|`[^`]*`|(?<!\w)\'[^\']*\'(?!\w)'),
    ("url", r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s<>\"']+|\bwww\.[^\s<>\"']+"),
    ("email", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    ("glob", r"[\w./~-]*\*[\w./*?{},\[\]-]*"),
    ("date", r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?(?![\w-])"),
    ("time", r"\b\d{1,2}:\d{2}(?::\d{2})?(?:\s?[ap]m\b)?"),
    ("zone", rf"\b(?:{_AREAS})/\w+(?:[/-]\w+)*|\b(?:UTC|GMT)\b"),
    (
        "path",
        r"(?:[A-Za-z]:[\\/]|~?/|\.{1,2}/|\\\\)[^\s,;'\"()]*|[\w.-]+(?:/[\w.@-]+)+/?|[\w-]+(?:\.[\w-]+)*\.[A-Za-z]\w{0,4}\b",
    ),
    ("number", r"(?:(?<![\w.])[-+])?(?<!\w)\d+(?:,\d{3})*(?:\.\d+)?(?![\w-])"),
    ("word", r"\w+(?:['\u2019-]\w+|\.\d+)*"),
    ("mark", r"[^\w\s]|\n"),
)
_TOKEN = re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in _PATTERNS))
_CONTRACTED = re.compile(r"['\u2019](?:s|d|m|ll|re|ve)?$", re.IGNORECASE)
_NEGATED = re.compile(r"n['\u2019]t$", re.IGNORECASE)
_ENDS_SENTENCE = ".,;:!?)"
_NUMBER_WORDS = {
    word: number
    for number, word in enumerate(
        ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], start=2
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of a query.

    Attributes:
        index: Its place among the query's tokens.
        kind: What it looks like.
        text: As written, a quoted text without its quotes.
        lower: The text in lower case, a word without `'s` and the like.
        gap: Whether white space stands before it.
        stems: The stems of a word's parts that are no stop words.
        weight: How much it says about what is wanted.
    """

    index: int
    kind: Kind
    text: str
    lower: str
    gap: bool
    stems: tuple[str, ...] = ()
    weight: float = 0.0

    @property
    def number(self) -> int | float:
        """The value of a number."""
        plain = self.text.replace(",", "")
        return _NUMBER_WORDS.get(self.lower) or (float(plain) if "." in plain else int(plain))

    @property
    def capitalised(self) -> bool:
        """Whether it is a word with a capital at its start."""
        return self.kind == "word" and self.text[0].isupper()


def tokens_of(query: str) -> list[Token]:
    """Split a query into tokens. Quoted texts, addresses and paths stay whole."""
    found: list[Token] = []
    place = end = 0
    while match := _TOKEN.search(query, place):
        kind, text = _kind(match), match.group()
        if kind in {"url", "path", "glob"} and len(text) > 1:
            text = text.rstrip(_ENDS_SENTENCE) or text
        place = match.start() + len(text)
        found.append(_token(len(found), kind, text, gap=match.start() > end))
        end = place
    return found


def text_of(tokens: Iterable[Token]) -> str:
    """Return tokens as the text they were, white space reduced to single spaces."""
    return "".join(f" {token.text}" if token.gap else token.text for token in tokens).strip()


def _kind(match: re.Match[str]) -> Kind:
    kind = cast("Kind", match.lastgroup)
    text = match.group()
    if kind == "path" and _is_alternative(text):
        return "word"
    return "number" if kind == "word" and text.lower() in _NUMBER_WORDS else kind


def _is_alternative(text: str) -> bool:
    """Tell `and/or` and `e.g.` from a path."""
    return all(part in STOP_WORDS or len(part) == 1 for part in re.split(r"[/.]", text.lower())) and text[0].isalpha()


def _token(index: int, kind: Kind, text: str, *, gap: bool) -> Token:
    if kind == "quoted":
        return Token(index=index, kind=kind, text=text[1:-1], lower=text[1:-1].lower(), gap=gap)
    if kind != "word":
        return Token(index=index, kind=kind, text=text, lower=text.lower(), gap=gap)
    plain = _CONTRACTED.sub("", text)
    parts = [] if _NEGATED.search(plain) else [part for part in split_name(plain) if len(part) > 1]
    return Token(
        index=index,
        kind=kind,
        text=text,
        lower=plain.lower(),
        gap=gap,
        stems=tuple(stem(part) for part in parts if part not in STOP_WORDS),
        weight=max((weight(part) for part in parts), default=0.0),
    )
