"""Tokens, estimated: no tokenizer is the one of every model, and a budget needs no more than this."""

from math import ceil

__all__ = ["believed_tokens", "estimated_tokens"]

_CHARACTERS_PER_TOKEN = 3.6
"""Of ASCII. Tool signatures have 3.9 with o200k, plain English 4.5; what is estimated is rather too much."""

_FEWEST = 10
"""A count is believed from one in so many of what is estimated: no text has so few tokens for its length."""


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has: one for each character that is not ASCII."""
    if text.isascii():
        return ceil(len(text) / _CHARACTERS_PER_TOKEN)
    plain = sum(map(str.isascii, text))
    return ceil(plain / _CHARACTERS_PER_TOKEN) + len(text) - plain


def believed_tokens(counted: int, estimated: int, *, most: int) -> int:
    """Return the tokens that an endpoint counted, or the estimate where it did not count, or wrongly beyond doubt.

    Args:
        counted: By the endpoint; zero where it does not say.
        estimated: By us.
        most: As many as there may be.
    """
    return counted if 0 < counted <= most and counted * _FEWEST >= estimated else estimated
