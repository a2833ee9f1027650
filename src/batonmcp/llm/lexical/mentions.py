"""A mention: a parameter's name in a query, with the value behind it."""

from collections.abc import Iterator, Sequence

from batonmcp.llm.lexical.parameters import Parameter
from batonmcp.llm.lexical.phrases import Known
from batonmcp.llm.lexical.tokens import Token, text_of
from batonmcp.llm.lexical.values import Value

__all__ = ["mentioned"]

_MARKS = frozenset({"=", ":"})
_TRUE = frozenset({"true", "yes", "on"})
_FALSE = frozenset({"false", "no", "off"})


def mentioned(parameter: Parameter, tokens: Sequence[Token], known: Known) -> Iterator[Value]:
    """Yield the values in `name=value`, `name: value` and, where the value cannot be mistaken, `name value`."""
    for place in _named(parameter.words, tokens):
        marked = place < len(tokens) and tokens[place].text in _MARKS
        if place + marked < len(tokens):
            value = _behind(parameter, tokens[place + marked :], known, marked=marked)
            if value:
                yield value


def _named(words: Sequence[str], tokens: Sequence[Token]) -> Iterator[int]:
    """Yield the places behind each mention of a name, given as its words."""
    joined = {sep.join(words) for sep in ("", "_", "-")}
    for place, token in enumerate(tokens):
        if token.lower in joined:
            yield place + 1
        elif len(words) > 1 and [other.lower for other in tokens[place : place + len(words)]] == list(words):
            yield place + len(words)


def _behind(parameter: Parameter, tokens: Sequence[Token], known: Known, *, marked: bool) -> Value | None:
    token = tokens[0]
    taken = frozenset({token.index})
    match parameter.want:
        case "number":
            return Value(value=token.number, taken=taken) if token.kind == "number" else None
        case "boolean":
            said = marked and token.lower in _TRUE | _FALSE
            return Value(value=token.lower in _TRUE, taken=taken) if said else None
        case "prose" if marked and token.kind != "quoted":
            return Value(value=text_of(tokens), taken=frozenset(other.index for other in tokens))
        case "other":
            return None
        case _:
            return Value(value=token.text, taken=taken) if marked or _sure(parameter, token, known) else None


def _sure(parameter: Parameter, token: Token, known: Known) -> bool:
    """Tell whether what follows a name without a mark is its value."""
    if token.kind == "quoted":
        return True
    if parameter.want != "name" or token.kind in {"mark", "number"}:
        return False
    value = token.kind != "word" or (token.weight > 0 and not known(token))
    return value and (parameter.required or not token.text.islower())
