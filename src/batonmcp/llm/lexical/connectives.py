"""A connective: words of a query that tie one part of it to another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from batonmcp.llm.lexical.tokens import Token

__all__ = ["BEYOND", "Bond", "Joint", "Marker", "joint_at", "marker_at", "negates"]

Bond: TypeAlias = Literal["condition", "each", "basis"]

BEYOND = frozenset({"otherwise", "unless"})
"""Words whose meaning a keyword match does not reach, so that a plan without it would be wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """A connective between two parts.

    Attributes:
        length: How many tokens it is.
        order: Whether the part behind it comes second.
        ends_sentence: Whether a sentence ends here.
        conjoins: Whether it is more than a punctuation mark.
    """

    length: int
    order: bool = False
    ends_sentence: bool = False
    conjoins: bool = False

    def then(self, other: "Joint") -> "Joint":
        """Return what two connectives in a row mean together."""
        return Joint(
            length=self.length + other.length,
            order=self.order or other.order,
            ends_sentence=self.ends_sentence or other.ends_sentence,
            conjoins=self.conjoins or other.conjoins,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """The words before what a part depends on, such as `if` or `for each`.

    Attributes:
        length: How many tokens it is.
        bond: In which way the part depends on it.
        negative: Whether it holds when there is nothing.
    """

    length: int
    bond: Bond
    negative: bool = False


_ORDERED = (
    "and then",
    "and after that",
    "and afterwards",
    "and next",
    "and finally",
    "after that",
    "after this",
    "after which",
    "followed by",
    "then",
    "afterwards",
    "afterward",
    "subsequently",
)
_ORDERED_AT_START = ("next", "finally")
_PLAIN = ("and also", "as well as", "along with", "together with", "in addition to", "and", "plus", "also", "&")
_SENTENCE_ENDS = frozenset({".", "?", "!", ";", "\n"})
_MARKERS: Sequence[tuple[str, Bond]] = (
    ("in case of", "condition"),
    ("in case", "condition"),
    ("when there", "condition"),
    ("whenever", "condition"),
    ("should there be", "condition"),
    ("if", "condition"),
    ("for each of", "each"),
    ("for every one of", "each"),
    ("for all of", "each"),
    ("for each", "each"),
    ("for every", "each"),
    ("based on", "basis"),
    ("depending on", "basis"),
    ("according to", "basis"),
)
_COMPLEMENTIZERS = frozenset(
    ["ask", "check", "determine", "find", "know", "me", "out", "see", "tell", "us", "verify", "whether", "wonder"]
)
_AFTER_ONCE = frozenset(["done", "i", "it", "that", "they", "you", "we"])
_NEGATIONS = ("do not", "don't", "not", "no", "never", "without", "except", "excluding")
_MIN_GERUND = 5


def joint_at(tokens: Sequence[Token], place: int, *, starts: bool) -> Joint | None:
    """Return the connective that begins at a place, `starts` telling that another, or nothing, stands before it."""
    for phrases, order in ((_ORDERED, True), (_PLAIN, False), (_ORDERED_AT_START if starts else (), True)):
        length = _longest(phrases, tokens, place)
        if length:
            joins_values = not order and tokens[place].lower == "and" and _between(tokens, place)
            return None if joins_values else Joint(length=length, order=order, conjoins=True)
    token = tokens[place]
    if token.lower == "before" and not starts and _gerund(tokens, place + 1):
        return Joint(length=1, order=True)
    if token.lower == "but" and negates(tokens[place + 1 :]):
        return Joint(length=1)
    if token.kind == "mark" and (token.text == "," or token.text in _SENTENCE_ENDS):
        return Joint(length=1, ends_sentence=token.text in _SENTENCE_ENDS)
    return None


def marker_at(tokens: Sequence[Token], place: int) -> Marker | None:
    """Return the marker that begins at a place."""
    lower = tokens[place].lower
    if lower in {"after", "before"} and _gerund(tokens, place + 1):
        return Marker(length=1, bond="basis")
    if lower == "once" and place + 1 < len(tokens) and tokens[place + 1].lower in _AFTER_ONCE:
        return Marker(length=1, bond="basis")
    for phrase, bond in _MARKERS:
        length = _longest((phrase,), tokens, place)
        if length and not (phrase == "if" and place and tokens[place - 1].lower in _COMPLEMENTIZERS):
            rest = [token.lower for token in tokens[place + length :]]
            return Marker(length=length, bond=bond, negative=bond == "condition" and _denies(rest))
    return None


def negates(tokens: Sequence[Token]) -> bool:
    """Tell whether a part begins by saying what is not wanted."""
    return _longest(_NEGATIONS, tokens, 0) > 0


def _denies(words: Iterable[str]) -> bool:
    return any(word in {"no", "none", "not", "nothing", "never"} or word.endswith("n't") for word in words)


def _longest(phrases: Iterable[str], tokens: Sequence[Token], place: int) -> int:
    lengths = (len(words) for words in map(str.split, phrases) if _says(tokens, place, words))
    return max(lengths, default=0)


def _says(tokens: Sequence[Token], place: int, words: Sequence[str]) -> bool:
    here = tokens[place : place + len(words)]
    return [token.lower for token in here if token.kind in {"word", "mark"}] == list(words)


def _gerund(tokens: Sequence[Token], place: int) -> bool:
    return place < len(tokens) and tokens[place].lower.endswith("ing") and len(tokens[place].lower) >= _MIN_GERUND


def _between(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether an `and` belongs to a `between`."""
    words = [token.lower for token in tokens[:place]]
    return "between" in words and "and" not in words[words.index("between") :]
