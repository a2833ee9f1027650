"""The ranking of tools by BM25F over the words of their definitions."""

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import log

from batonmcp.core.registry import Registry
from batonmcp.llm.lexical.profiles import Field, Profile
from batonmcp.llm.lexical.words import stem

__all__ = ["Index", "Ranked"]

_K1 = 1.2
_PREFIX_SHARE = 0.6
_MIN_PREFIX = 4
_LAST = "\U0010ffff"
_NAME_IN_TEXT = re.compile(r"[\w.-]+\w")
_DEPRECATED = "deprecated"
_DEPRECATED_SHARE = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """A tool with its score."""

    profile: Profile
    score: float


class Index:
    """The tools of one registry, ready to be ranked."""

    def __init__(self, registry: Registry) -> None:
        self.profiles = {tool.qualified: Profile.of(tool) for tool in registry}
        self._postings: dict[str, list[tuple[Profile, float]]] = {}
        usual = _usual_lengths(self.profiles.values())
        for profile in self.profiles.values():
            share = _DEPRECATED_SHARE if stem(_DEPRECATED) in profile.vocabulary else 1.0
            for word, weight in _weights(profile, usual).items():
                entry = (profile, share * weight * (_K1 + 1) / (weight + _K1))
                self._postings.setdefault(word, []).append(entry)
        self._successors = _successors(self.profiles)
        self._sorted = sorted(self._postings)

    def rarity(self, word: str) -> float:
        """Return how much a stem tells tools apart: its smoothed inverse document frequency."""
        count = max(1, len(self._postings.get(word, ())))
        return 1 + log(1 + (len(self.profiles) - count + 0.5) / (count + 0.5))

    def known(self, word: str) -> Mapping[str, float]:
        """Return the stems that stand for this one: itself, else those it abbreviates or that abbreviate it."""
        if word in self._postings:
            return {word: 1.0}
        return dict.fromkeys(self.abbreviations(word), _PREFIX_SHARE)

    def abbreviations(self, word: str) -> Sequence[str]:
        """Return the stems of tools that this one abbreviates, or that abbreviate it."""
        if len(word) < _MIN_PREFIX:
            return ()
        longer = self._sorted[bisect_right(self._sorted, word) : bisect_left(self._sorted, f"{word}{_LAST}")]
        shorter = (word[:size] for size in range(_MIN_PREFIX, len(word)))
        return [*longer, *(near for near in shorter if near in self._postings)]

    def rank(self, words: Mapping[str, float]) -> list[Ranked]:
        """Rank the tools for some stems with their weights, the best first, reading tools first among equals."""
        scores: dict[str, float] = {}
        for word, weight in words.items():
            best: dict[str, float] = {}
            for near, share in self.known(word).items():
                factor = weight * share * self.rarity(near)
                for profile, part in self._postings[near]:
                    name = profile.tool.qualified
                    best[name] = max(best.get(name, 0.0), factor * part)
            for name, score in best.items():
                scores[name] = scores.get(name, 0.0) + score
        for name, successor in self._successors.items():
            scores[successor] = max(scores.get(successor, 0.0), scores.get(name, 0.0) / _DEPRECATED_SHARE)
        ranked = [Ranked(profile=self.profiles[name], score=score) for name, score in scores.items() if score]
        return sorted(ranked, key=_order)


def _order(ranked: Ranked) -> tuple[float, bool, str]:
    tool = ranked.profile.tool
    return -round(ranked.score, 9), tool.effect.kind != "read", tool.qualified


def _usual_lengths(profiles: Collection[Profile]) -> Counter[Field]:
    lengths: Counter[Field] = Counter()
    for profile in profiles:
        lengths.update({field: len(words) for field, words in profile.fields.items()})
    return Counter({field: max(1, length // len(profiles)) for field, length in lengths.items()})


def _weights(profile: Profile, usual: Mapping[Field, int]) -> Mapping[str, float]:
    """Return how much each stem says about a tool: BM25F, in which each field has a length of its own."""
    weights: dict[str, float] = {}
    for field, words in profile.fields.items():
        weight = field.weight / (1 - field.spread + field.spread * len(words) / usual[field])
        for word in words:
            weights[word] = weights.get(word, 0.0) + weight
    return weights


def _successors(profiles: Mapping[str, Profile]) -> dict[str, str]:
    """Map each deprecated tool to the tool of its server that its description says to use instead."""
    found: dict[str, str] = {}
    for qualified, profile in profiles.items():
        if stem(_DEPRECATED) in profile.vocabulary:
            said = set(_NAME_IN_TEXT.findall(profile.tool.description)) - {profile.tool.name}
            for other in profiles.values():
                if other.tool.server == profile.tool.server and other.tool.name in said:
                    found[qualified] = other.tool.qualified
    return found
