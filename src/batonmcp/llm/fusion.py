"""The fusion of rankings that were made in different ways: the scores of one say nothing about those of another.

Source: Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
Methods", SIGIR 2009.
"""

from collections.abc import Sequence
from typing import Final

__all__ = ["fused"]

_K: Final = 60
"""Keeps the first places from counting for everything; theirs."""


def fused(*rankings: Sequence[str]) -> list[str]:
    """Return all names, the best first; equals in the order in which the rankings name them, the first one's first."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, name in enumerate(ranking, 1):
            scores[name] = scores.get(name, 0.0) + 1 / (_K + rank)
    return sorted(scores, key=scores.__getitem__, reverse=True)
