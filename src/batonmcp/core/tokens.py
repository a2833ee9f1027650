"""Tokens, estimated: no tokenizer is the one of every model, and a budget needs no more than this."""

import re
from math import ceil
from typing import Final

__all__ = ["believed_tokens", "estimated_tokens", "tokens_by_piece", "tokens_of"]

_SIGN: Final = r"!-/:-@\[-`{-~"
_PIECE: Final = re.compile(
    rf"[{_SIGN} \t]?(?:[A-Z]*[a-z]+|[A-Z]+)|[0-9]{{1,3}}| ?[{_SIGN}]{{1,3}}|\s{{1,5}}|.", re.ASCII | re.DOTALL
)
"""What a token keeps within, about as o200k splits a text before it looks anything up: a word with the space or sign
before it, three digits, a few signs, some white space; and here every character that is not ASCII.
"""

_LONGEST: Final = 5
"""A word of more characters is more than one token: of signatures that is rather too much."""

_CHARACTERS_PER_TOKEN = 3.6
"""Of ASCII. Tool signatures have 3.9 with o200k, plain English 4.5; what is estimated is rather too much."""

_FEWEST = 10
"""A count is believed from one in so many of what is estimated: no text has so few tokens for its length."""


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has: one for each character that is not ASCII."""
    if text.isascii():
        return tokens_of(len(text))
    plain = sum(map(str.isascii, text))
    return tokens_of(plain) + len(text) - plain


def tokens_of(characters: int) -> int:
    """Return about how many tokens so many ASCII characters have."""
    return ceil(characters / _CHARACTERS_PER_TOKEN)


def tokens_by_piece(text: str) -> int:
    """Return about how many tokens a text has, by its words and numbers: for a text with more of these than sentences.

    There characters do not tell: a number is a token of its own, and so is the sign or space before it, so that a list
    of `server_17: 8 tools` has 2.4 characters a token with o200k. Looking for them takes ten times as long.
    """
    lengths = list(map(len, _PIECE.findall(text)))
    longer = sum(length - _LONGEST for length in lengths if length > _LONGEST)
    return len(lengths) + ceil(longer / _LONGEST)


def believed_tokens(counted: int, estimated: int, *, most: int) -> int:
    """Return the tokens that an endpoint counted, or the estimate where it did not count, or wrongly beyond doubt.

    Args:
        counted: By the endpoint; zero where it does not say.
        estimated: By us.
        most: As many as there may be.
    """
    return counted if 0 < counted <= most and counted * _FEWEST >= estimated else estimated
