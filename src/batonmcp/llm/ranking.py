"""The ranking of very many tools for a query, by BM25 over the words of their definitions.

Source: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; fields as in its BM25F.
"""

from collections import Counter
from collections.abc import Iterator
from heapq import nlargest
from math import log
from typing import Any, Final, cast

from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool
from batonmcp.llm.lexical.words import stems

__all__ = ["Ranking"]

_K1: Final = 1.2
_B: Final = 0.5
_NAME, _SERVER, _DESCRIPTION, _PARAMETER = 3.0, 1.5, 1.0, 0.5
_LONGEST_DESCRIPTION: Final = 600


class Ranking:
    """The tools of one registry, ready to be ranked."""

    def __init__(self, registry: Registry) -> None:
        self._names = [tool.qualified for tool in registry]
        counted = [Counter[str](dict(_weights(tool))) for tool in registry]
        usual = sum(counter.total() for counter in counted) / max(len(counted), 1)
        self._impacts: dict[str, list[tuple[int, float]]] = {}
        for place, counter in enumerate(counted):
            length = _K1 * (1 - _B + _B * counter.total() / usual) if usual else _K1
            for word, weight in counter.items():
                self._impacts.setdefault(word, []).append((place, weight * (_K1 + 1) / (weight + length)))

    def best(self, query: str, most: int) -> list[str]:
        """Return the qualified names of at most so many tools that share words with the query, the best first."""
        scores: dict[int, float] = {}
        for word in dict.fromkeys(stems(query)):
            impacts = self._impacts.get(word)
            if not impacts:
                continue
            rarity = log(1 + (len(self._names) - len(impacts) + 0.5) / (len(impacts) + 0.5))
            for place, impact in impacts:
                scores[place] = scores.get(place, 0.0) + rarity * impact
        ranked = nlargest(most, scores, key=lambda place: (scores[place], -place))
        return [self._names[place] for place in ranked]


def _weights(tool: Tool) -> Iterator[tuple[str, float]]:
    """Yield each stem of a definition with its weight, which is that of the most telling part that has it."""
    found: dict[str, float] = {}
    for weight, text in (
        (_PARAMETER, " ".join(_parameters(tool))),
        (_DESCRIPTION, tool.description[:_LONGEST_DESCRIPTION]),
        (_SERVER, f"{tool.server} {tool.agent}"),
        (_NAME, tool.name),
    ):
        found.update(dict.fromkeys(stems(text), weight))
    yield from found.items()


def _parameters(tool: Tool) -> list[str]:
    properties = tool.input_schema.document.get("properties")
    return list(cast("dict[str, Any]", properties)) if isinstance(properties, dict) else []
