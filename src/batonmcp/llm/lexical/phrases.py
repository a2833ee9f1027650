"""A phrase: words of a query that may stand for a text argument without quotes."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeAlias

from batonmcp.llm.lexical.parameters import Role
from batonmcp.llm.lexical.tokens import Token, text_of
from batonmcp.llm.lexical.values import Value, role_of

__all__ = ["Known", "alike", "identifiers", "nouns", "remainder"]

Known: TypeAlias = Callable[[Token], bool]
"""Tells whether a word is one of the tool's own, not a value for it."""

_PREPOSITIONS = frozenset(
    {"about", "at", "by", "called", "for", "from", "in", "into", "named", "of", "on", "to", "titled"}
)
_FILLERS = frozenset({"a", "an", "the", "now", "please", "today", "right", "currently", "again", "me"})
_MOST_WORDS = 4
_IDENTIFIER = re.compile(r"\d|_|[a-z][A-Z]")
_POSSESSIVE = re.compile(r"['\u2019]s?$")


def nouns(tokens: Sequence[Token], taken: Collection[int], known: Known) -> list[Value]:
    """Return what stands behind prepositions, capitalised phrases first, the last plain one before earlier ones.

    Without any, so does a capitalised word in the middle of the clause that the tool does not know ("AAPL stock
    price"), or an identifier.
    """
    proper: list[Value] = []
    plain: list[Value] = []
    for place, token in enumerate(tokens):
        if token.lower in _PREPOSITIONS and token.kind == "word":
            phrase = _phrase(tokens, place + 1, taken, known)
            if phrase:
                value = _value(phrase, role=role_of(tokens, place + 1))
                (proper if phrase[0].capitalised else plain).append(value)
    if not proper and not plain:
        proper = [_value(run) for run in _capitalised_runs(tokens, taken, known)]
        proper += identifiers(tokens, taken, known)
    return [*proper, *reversed(plain)]


def identifiers(tokens: Sequence[Token], taken: Collection[int], known: Known) -> list[Value]:
    """Return the words that are written as only identifiers are: `a1b2c3`, `some_name`."""
    words = (token for token in tokens if token.kind == "word" and token.index not in taken and not known(token))
    return [_value([token]) for token in words if _IDENTIFIER.search(token.text)]


def remainder(tokens: Sequence[Token], taken: Collection[int], known: Known) -> Value | None:
    """Return the text that is left of a clause behind the words that ask for the tool itself."""
    first = next((place for place, token in enumerate(tokens) if _is_own(token, known)), len(tokens))
    place = first
    while place < len(tokens) and (tokens[place].weight == 0 or _is_own(tokens[place], known)):
        place += 1
    if place == first or place == len(tokens):
        return None
    rest = list(tokens[place:])
    while rest and (rest[-1].kind == "mark" or rest[-1].lower in _FILLERS or rest[-1].index in taken):
        rest.pop()
    free = [token for token in rest if token.index not in taken]
    return _value(rest) if free and free == rest else None


def alike(texts: Collection[str], tokens: Sequence[Token], taken: Collection[int], known: Known) -> Iterator[Value]:
    """Yield the words that are written like texts which a schema shows as values.

    An identifier such as `a-1` is one anywhere, a plain word only behind a preposition and where every text is plain.
    """
    forms = {_form(text) for text in texts}
    for place, token in enumerate(tokens):
        if token.kind != "word" or token.index in taken or token.weight != 1 or known(token):
            continue
        form = _form(token.lower)
        identifier = not token.text.isalpha() and form in forms
        behind = [other.lower for other in tokens[max(0, place - 1) : place]]
        if identifier or (forms == {form} and behind and behind[0] in _PREPOSITIONS and _ends(tokens, place)):
            yield _value([token])


def _phrase(tokens: Sequence[Token], start: int, taken: Collection[int], known: Known) -> list[Token]:
    found: list[Token] = []
    for token in tokens[start:]:
        if not found and token.lower in _FILLERS:
            continue
        if token.kind not in {"word", "number"} or token.index in taken or token.lower in _PREPOSITIONS:
            break
        if len(found) == _MOST_WORDS or (found and found[0].capitalised and not token.capitalised):
            break
        found.append(token)
    while found and known(found[0]) and not found[0].capitalised:
        found.pop(0)
    while found and (found[-1].lower in _FILLERS or found[-1].weight == 0):
        found.pop()
    return found if any(token.weight and not known(token) for token in found) else []


def _capitalised_runs(tokens: Sequence[Token], taken: Collection[int], known: Known) -> Iterator[list[Token]]:
    run: list[Token] = []
    for place, token in enumerate(tokens):
        starts = place == 0 and not (token.text.isupper() and len(token.text) > 1)
        if token.capitalised and token.weight == 1 and not starts and token.index not in taken and not known(token):
            run.append(token)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _is_own(token: Token, known: Known) -> bool:
    return token.kind == "word" and token.weight > 0 and known(token)


def _ends(tokens: Sequence[Token], place: int) -> bool:
    """Tell whether no word that says something follows directly: `a for b now`, not `a for b c`."""
    return place + 1 >= len(tokens) or tokens[place + 1].weight == 0


def _form(text: str) -> str:
    """Return how a text is written: `a-1` and `bc-23` alike."""
    return re.sub(r"a(-a)+", "a-a", re.sub(r"\d+", "0", re.sub(r"[^\W\d_]+", "a", text)))


def _value(tokens: Sequence[Token], *, role: Role | None = None) -> Value:
    text = _POSSESSIVE.sub("", text_of(tokens))
    return Value(value=text, taken=frozenset(token.index for token in tokens), role=role)
