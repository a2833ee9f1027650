"""A number in a query, with the parameter that it is for."""

from collections.abc import Collection, Iterator, Sequence

from batonmcp.llm.lexical.parameters import Parameter
from batonmcp.llm.lexical.phrases import Known
from batonmcp.llm.lexical.tokens import Token
from batonmcp.llm.lexical.values import Value
from batonmcp.llm.lexical.words import STOP_WORDS, stem

__all__ = ["numbers"]

_COUNTS = frozenset(
    {"limit", "max", "maximum", "count", "n", "num", "number", "top", "size", "results", "rows", "amount"}
)
_COUNTED = frozenset({"last", "latest", "first", "top", "next", "recent", "newest", "max", "maximum", "only", "most"})
_BY_NAME, _BY_COUNT = 8, 4


def numbers(
    parameters: Sequence[Parameter], tokens: Sequence[Token], taken: Collection[int], known: Known
) -> Iterator[tuple[Parameter, Value]]:
    """Yield the numbers with what they are for: by the words around them, else in order if they are all required."""
    wanted = [parameter for parameter in parameters if parameter.want == "number"]
    places = [place for place, token in enumerate(tokens) if token.kind == "number" and token.index not in taken]
    pairs = [
        (-_tie(parameter, tokens, place, known), place, order)
        for place in places
        for order, parameter in enumerate(wanted)
    ]
    placed: dict[int, int] = {}
    for strength, place, order in sorted(pairs):
        if strength < 0 and place not in placed and order not in placed.values():
            placed[place] = order
    open_places = [place for place in places if place not in placed]
    required = [order for order, it in enumerate(wanted) if it.required and order not in placed.values()]
    if len(open_places) == len(required) or any(wanted[order].many for order in required):
        placed.update(zip(open_places, required, strict=False))
    for place, order in placed.items():
        token = tokens[place]
        yield wanted[order], Value(value=token.number, taken=frozenset({token.index}))


def _tie(parameter: Parameter, tokens: Sequence[Token], place: int, known: Known) -> int:
    """Say how strongly the words around a number tie it to a parameter."""
    before = [token.lower for token in tokens[max(0, place - 2) : place]]
    behind = tokens[place + 1 : place + 2]
    names = {stem(word) for word in parameter.words if word not in STOP_WORDS}
    unit = {word for token in behind for word in token.stems}
    if names & unit or (before and stem(before[-1]) in names):
        return _BY_NAME
    if _COUNTS & set(parameter.words):
        counted = _COUNTED & set(before) or any(token.weight and known(token) for token in behind)
        return _BY_COUNT if counted else 0
    described = unit & parameter.vocabulary
    return len(described | (parameter.vocabulary & {stem(word) for word in before})) if described else 0
