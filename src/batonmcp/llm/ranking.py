"""The ranking of very many tools for a query, by BM25 over the words of their definitions.

Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; fields as in its BM25F.
How it is fast is in `batonmcp.llm.scores`.
"""

from array import array
from collections.abc import Mapping, Sequence
from math import log
from typing import Any, Final, cast

from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool
from batonmcp.llm.lexical.words import stems
from batonmcp.llm.scores import Added, Scores

__all__ = ["LONGEST_DESCRIPTION", "Ranking", "parameters_of"]

_K1: Final = 1.2
_B: Final = 0.5
_NAME, _SERVER, _DESCRIPTION, _PARAMETER = 3.0, 1.5, 1.0, 0.5
LONGEST_DESCRIPTION: Final = 600
"""Characters of a description that count for its ranking."""


class Ranking:
    """The tools of one registry, ready to be ranked."""

    def __init__(self, registry: Registry) -> None:
        self._names = [tool.qualified for tool in registry]
        self._scores = Scores(len(self._names), _added([_weights(tool) for tool in registry]))

    def best(self, query: str, most: int) -> list[str]:
        """Return the qualified names of at most so many tools that share words with the query, the best first."""
        return [self._names[place] for place in self._scores.best(dict.fromkeys(stems(query)), most)]


def _added(weighed: Sequence[Mapping[str, float]]) -> Mapping[str, Added]:
    """Return what each word adds to the scores of the tools that have it, which are told by their places."""
    totals = [sum(weights.values()) for weights in weighed]
    usual = sum(totals) / max(len(totals), 1)
    found: dict[str, tuple[array[int], array[float]]] = {}
    for place, (weights, total) in enumerate(zip(weighed, totals, strict=True)):
        length = _K1 * (1 - _B + _B * total / usual) if usual else _K1
        for word, weight in weights.items():
            if word not in found:
                found[word] = array("I"), array("d")
            places, impacts = found[word]
            places.append(place)
            impacts.append(weight * (_K1 + 1) / (weight + length))
    for places, impacts in found.values():
        rarity = log(1 + (len(weighed) - len(places) + 0.5) / (len(places) + 0.5))
        impacts[:] = array("d", [rarity * impact for impact in impacts])
    return found


def _weights(tool: Tool) -> dict[str, float]:
    """Return each stem of a definition with its weight, which is that of the most telling part that has it."""
    found: dict[str, float] = {}
    for weight, text in (
        (_PARAMETER, " ".join(parameters_of(tool))),
        (_DESCRIPTION, tool.description[:LONGEST_DESCRIPTION]),
        (_SERVER, f"{tool.server} {tool.agent}"),
        (_NAME, tool.name),
    ):
        found.update(dict.fromkeys(stems(text), weight))
    return found


def parameters_of(tool: Tool) -> list[str]:
    """Return the names of a tool's parameters, as far as its schema lists them."""
    properties = tool.input_schema.document.get("properties")
    return list(cast("dict[str, Any]", properties)) if isinstance(properties, dict) else []
