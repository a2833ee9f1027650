"""Tokens, estimated: no tokenizer is the one of every model, and a budget needs no more than this."""

from math import ceil

__all__ = ["believed_tokens", "estimated_tokens", "tokens_of"]

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


def believed_tokens(counted: int, estimated: int, *, most: int) -> int:
    """Return the tokens that an endpoint counted, or the estimate where it did not count, or wrongly beyond doubt.

    Args:
        counted: By the endpoint; zero where it does not say.
        estimated: By us.
        most: As many as there may be.
    """
    return counted if 0 < counted <= most and counted * _FEWEST >= estimated else estimated
