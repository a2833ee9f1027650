"""A word: its stem and how much it says about what somebody wants."""

import re
from functools import lru_cache

__all__ = ["STOP_WORDS", "split_name", "stem", "stems", "weight"]

FAINT_WEIGHT = 0.3
"""Weight of a word that says how, not what: the verb of nearly every request, or the age and order of the wanted."""

_STOP_TEXT = """
    a about after all also am an and any anything are as at be been being between both but by can could did do does
    doing done during each either else every for from had has have having he her here hers him his how i if im in into
    is it its just kindly let like lot many may maybe me might mine more most much must my need no nor not of
    off on once one ones only or other our ours out over own per please really same shall she should since so some
    somehow something than thank thanks that the their theirs them then there these they thing things this those
    through to too under until up us very via want was we were what whats when where whether which while who
    whom whose why will with within without would yes yet you your yours
"""
_FAINT_TEXT = """
    analyse analyze available back bring call check compare current currently data describe detail display
    existing explain fetch find first following full get give go going grab help info information kind last
    latest list live look make moment new next now old overview pull query recent request right result retrieve return
    run say see show specific summarise summarize summary tell today tomorrow tonight top type use using
    yesterday
"""

STOP_WORDS = frozenset(_STOP_TEXT.split())
"""Words that say nothing about which tool is meant."""

_FAINT = frozenset(_FAINT_TEXT.split())
_NO_PLURALS = frozenset({"always", "lens", "news", "series", "species"})
_DOUBLED = re.compile(r"([bdfgmnprt])\1$")
_VOWEL = re.compile(r"[aeiouy]")
_SHORT = 4
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORD = re.compile(r"[^\W_]+")


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """Reduce an English word to a stem that its usual forms share: `queries`, `query` and `queried`, say.

    A few suffixes, not a whole stemmer: it only has to bring the words of a query and of a tool together.
    """
    word = word.lower()
    if word == "ids":
        return "id"
    if len(word) < _SHORT or word in _NO_PLURALS or not word.isascii():
        return word
    word = _without_ending(_singular(word))
    for suffix, put in (("ization", ""), ("isation", ""), ("ation", ""), ("ion", ""), ("ysi", "y"), ("ytic", "y")):
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORT - (put == "y"):
            word = word.removesuffix(suffix) + put
            break
    word = re.sub(r"y[sz]e?$", "y", word) if len(word) > _SHORT else word
    word = word.removesuffix("e") if len(word) >= _SHORT and not word.endswith("ee") else word
    return re.sub(r"(?<=.{5})at$", "", word)


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > _SHORT:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us")) else word


def _without_ending(word: str) -> str:
    for ending in ("ing", "ied", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) >= _SHORT - 1 and _VOWEL.search(root):
            return root + "y" if ending == "ied" else _DOUBLED.sub(r"\1", root)
    return word


@lru_cache(maxsize=16_384)
def split_name(name: str) -> tuple[str, ...]:
    """Split `userId`, `user_id` and `user-id` into lower-case words."""
    return tuple(_WORD.findall(_CAMEL.sub(" ", name).lower()))


def stems(text: str) -> list[str]:
    """Return the stems of all words of a text that are no stop words, identifiers split into theirs."""
    return [stem(word) for word in split_name(text) if word not in STOP_WORDS]


@lru_cache(maxsize=16_384)
def weight(word: str) -> float:
    """Return how much a word says: 0 for a stop word, little for a faint one, 1 for every other."""
    lowered = word.lower()
    if lowered in STOP_WORDS or len(lowered) == 1:
        return 0.0
    return FAINT_WEIGHT if lowered in _FAINT or stem(lowered) in _FAINT_STEMS else 1.0


_FAINT_STEMS = frozenset(stem(word) for word in _FAINT)
