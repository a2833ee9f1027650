"""A fit: a tool that may be what a clause asks for, with the arguments that the query gives it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from batonmcp.llm.lexical.arguments import Filled, fill
from batonmcp.llm.lexical.bm25 import Index, Ranked
from batonmcp.llm.lexical.phrases import Known
from batonmcp.llm.lexical.profiles import Profile
from batonmcp.llm.lexical.tokens import Token
from batonmcp.llm.lexical.verbs import main_verb, performs, permits, reads

__all__ = ["Fit", "completed", "fits_of", "knows", "refit"]

_LEAST_SHARE = 0.4
"""Share of a clause's words, weighed by how much they tell, that a tool must know."""
_LEAST_OF_BEST = 0.5
"""Share of the best score that another tool must reach to stand in for the best."""
_CANDIDATES = 12
_CALLS = frozenset({"call", "invoke", "run", "tool", "use", "using", "with"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A tool for a clause.

    Attributes:
        profile: The tool.
        tokens: The clause's words.
        filled: The arguments found for it.
        score: Its rank among the clause's fits.
        unused: The words and values that say something and that the tool makes nothing of.
    """

    profile: Profile
    tokens: tuple[Token, ...]
    filled: Filled
    score: float
    unused: tuple[Token, ...] = ()


def fits_of(tokens: Sequence[Token], index: Index, *, guarded: bool = True) -> list[Fit]:
    """Return the tools that fit a clause, the best first; some may still lack arguments.

    Where the clause asks for a change that some tool makes, no tool that only reads stands in for that.

    Args:
        tokens: The clause's words.
        index: The tools.
        guarded: Whether tools that may change something need their verb to be said.
    """
    tokens = _denied(tokens, index)
    named = list(_named(tokens, index))
    if named:
        fits = [_fit(ranked, tokens, index) for ranked in named]
        return sorted(fits, key=lambda fit: (len(fit.filled.missing), -fit.score))
    words = {word: token.weight for token in tokens for word in token.stems if token.weight}
    ranked = index.rank(words)[:_CANDIDATES]
    fits = [
        _fit(candidate, tokens, index)
        for candidate in ranked
        if candidate.score >= _LEAST_OF_BEST * ranked[0].score
        and not (guarded and not permits(candidate.profile, tokens))
    ]
    fits = sorted((fit for fit in fits if fit.score > 0), key=lambda fit: -fit.score)
    return [fit for fit in fits if performs(fit.profile, tokens)] or fits


def completed(fit: Fit, tokens: Sequence[Token], index: Index) -> Fit:
    """Return the fit with what it lacks taken from other words of the query, where these are values by themselves."""
    if not fit.filled.missing:
        return fit
    other = fill(fit.profile, tokens, _knower(fit.profile, index), typed_only=True)
    found = {name: other.arguments[name] for name in fit.filled.missing if name in other.arguments}
    filled = Filled(
        arguments={**fit.filled.arguments, **found},
        taken={**fit.filled.taken, **{name: other.taken[name] for name in found}},
        missing=tuple(name for name in fit.filled.missing if name not in found),
    )
    return replace(fit, filled=filled)


def refit(fit: Fit, tokens: Sequence[Token], index: Index) -> Fit:
    """Return a fit of the same tool for other words."""
    return _fit(Ranked(profile=fit.profile, score=fit.score), tokens, index)


def knows(profile: Profile, token: Token, index: Index) -> bool:
    """Tell whether a word is one that a tool's definition has."""
    return any(near in profile.vocabulary for word in token.stems for near in index.known(word))


def _fit(candidate: Ranked, tokens: Sequence[Token], index: Index) -> Fit:
    profile = candidate.profile
    known = _knower(profile, index)
    filled = fill(profile, tokens, known)
    telling = [token for token in tokens if token.weight]
    own = [token for token in telling if known(token)]
    unused = [token for token in telling if token not in own and token.index not in filled.all_taken]
    values = [token for token in tokens if token.kind not in {"word", "mark"} and token.index not in filled.all_taken]
    covered, open_worth = _worth(own, index), _worth(unused, index)
    fitting = covered > 0 and covered >= _LEAST_SHARE * (covered + open_worth)
    whole = _worth(telling, index) + len(values)
    explained = 1 - (open_worth + len(values)) / whole if whole else 1.0
    named = telling == own and any(token.weight == 1 for token in own)
    fitting = fitting and filled.fits and (named or _evidence(profile, own, filled, index) >= 1)
    return Fit(
        profile=profile,
        tokens=tuple(tokens),
        filled=filled,
        score=candidate.score * max(explained, 0.01) if fitting else 0.0,
        unused=(*(token for token in unused if token.weight == 1), *values),
    )


def _worth(tokens: Sequence[Token], index: Index) -> float:
    """Return how much some words tell: each by its weight and by how few tools have it."""
    return sum(token.weight * _rarity(token, index) for token in tokens)


def _evidence(profile: Profile, own: Sequence[Token], filled: Filled, index: Index) -> float:
    """Count what speaks for a tool: a word of its name or result is 1; another, a faint one or a sure value is half."""
    found = filled.sure / 2
    for token in own:
        if any(near in profile.heart for word in token.stems for near in (word, *index.abbreviations(word))):
            found += 1 if token.weight == 1 else 0.5
        else:
            found += 0.5 if token.weight == 1 else 0
    return found


def _denied(tokens: Sequence[Token], index: Index) -> Sequence[Token]:
    """Return the tokens with "unx" for the x of "not x", where a tool knows that."""
    found: list[Token] = []
    for place, token in enumerate(tokens):
        denied = any(before.lower == "not" for before in tokens[max(0, place - 2) : place])
        opposites = tuple(f"un{word}" for word in token.stems)
        known = denied and opposites and all(word in index.known(word) for word in opposites)
        found.append(replace(token, stems=opposites) if known else token)
    return found


def _knower(profile: Profile, index: Index) -> Known:
    return lambda token: knows(profile, token, index)


def _rarity(token: Token, index: Index) -> float:
    return max((index.rarity(near) for word in token.stems for near in (index.known(word) or (word,))), default=1.0)


def _named(tokens: Sequence[Token], index: Index) -> Iterator[Ranked]:
    """Yield the tools that the clause calls by their names.

    Only behind `use` and the like, or as the clause's verb, is a plain word or a quoted text a tool's name, and any
    name that of a tool which may change something: "what does delete_x do?" does not ask for it.
    """
    by_text = {token.text.lower(): place for place, token in enumerate(tokens) if token.kind in {"word", "quoted"}}
    for qualified, profile in index.profiles.items():
        place = by_text.get(qualified.lower(), by_text.get(profile.tool.name.lower()))
        if place is None:
            continue
        text = tokens[place].text
        plain = text.isalpha() and (text.islower() or text.istitle())
        before = tokens[place - 1].lower if place else ""
        called = before in _CALLS or (not plain and main_verb(tokens) == text.lower())
        if called or (tokens[place].kind == "word" and not plain and reads(profile)):
            yield Ranked(profile=profile, score=1.0)
