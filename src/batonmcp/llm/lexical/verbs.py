"""A verb: whether what a clause asks to be done is what a tool does."""

from collections.abc import Sequence

from batonmcp.core.effect import DESTRUCTIVE_VERBS
from batonmcp.llm.lexical.profiles import Profile
from batonmcp.llm.lexical.tokens import Token
from batonmcp.llm.lexical.words import split_name, stem

__all__ = ["is_reading", "main_verb", "performs", "permits", "reads", "verb_places"]

_CHANGING_TEXT = """
    add append apply approve archive assign ban block book buy cancel checkout click clone close comment commit
    configure connect copy create deploy disable disconnect drag duplicate edit enable execute fill fork grant
    hide import init insert install invite invoice join launch leave lock mark merge modify move mute navigate
    notify open order patch pause pay pin play post press publish purchase push put react rebase refund register
    reject release reload rename replace reply reserve restart restore resume retry rotate save schedule sell
    send set share shut sign stage start stop store submit subscribe switch sync tag terminate toggle trade
    transfer trigger type uninstall unlock unset unstage unsubscribe update upgrade upload write
"""
_CHANGING = DESTRUCTIVE_VERBS | frozenset(_CHANGING_TEXT.split())
_CHANGING_STEMS = frozenset(stem(word) for word in _CHANGING)
_READING_TEXT = """
    analyse analyze browse calculate check compare compute convert count describe detect diff echo estimate
    evaluate explain extract fetch find get give identify inspect list locate log look lookup measure parse
    predict preview query read recommend resolve retrieve scan scrape search see show status suggest summarize
    tell translate validate verify view watch
"""
_READING = frozenset(_READING_TEXT.split())
_OPENERS_TEXT = """
    a again ahead also and can could do go hello hey hi i i'd just kindly let like me need now ok okay please
    should so than the then to us want we will would you
"""
_OPENERS = frozenset(_OPENERS_TEXT.split())


def main_verb(tokens: Sequence[Token]) -> str:
    """Return the word that a clause begins with once courtesies are over: the verb, if it is a request."""
    return next((token.lower for token in tokens if token.kind == "word" and token.lower not in _OPENERS), "")


def is_reading(token: Token) -> bool:
    """Tell whether a word is a verb of finding something out."""
    return token.lower in _READING


def verb_places(tokens: Sequence[Token]) -> frozenset[int]:
    """Return the index of the token that is surely a verb, as it is one and the clause begins with it; or nothing."""
    verb = main_verb(tokens)
    if verb not in _CHANGING | _READING:
        return frozenset()
    return frozenset([next(token.index for token in tokens if token.lower == verb)])


def reads(profile: Profile) -> bool:
    """Tell whether a tool only reads: its server declares it, or declares nothing and names it so (`get_x`)."""
    effect = profile.tool.effect
    if effect.kind == "read" or effect.source != "guessed":
        return effect.kind == "read"
    return not _changes(profile) and not _READING.isdisjoint(profile.name_words)


def permits(profile: Profile, tokens: Sequence[Token]) -> bool:
    """Tell whether a clause asks for what the tool does, not only for what it is about.

    A reading tool will not do where a change is asked for that its definition does not know. A tool that may change
    something needs its own verb as the clause's verb, or, if its name has no known verb, its whole name.
    """
    verb = main_verb(tokens)
    if reads(profile):
        words = (*split_name(profile.tool.name), *split_name(profile.tool.description))
        return verb not in _CHANGING or verb in words
    if _changes(profile):
        return performs(profile, tokens)
    said = {stem(token.lower) for token in tokens}
    return all(stem(word) in said for word in profile.name_words)


def performs(profile: Profile, tokens: Sequence[Token]) -> bool:
    """Tell whether a clause's verb is the verb of a tool that may change something."""
    changes = _changes(profile)
    return bool(changes) and not reads(profile) and stem(main_verb(tokens)) == stem(changes[0])


def _changes(profile: Profile) -> list[str]:
    """Return the words of a tool's name that are verbs of change."""
    words = (word for word in split_name(profile.tool.name) if word in profile.name_words)
    return [word for word in words if stem(word) in _CHANGING_STEMS]
