"""Tokens, estimated: no tokenizer is the one of every model, and a budget needs no more than this."""

from math import ceil

__all__ = ["estimated_tokens"]

_CHARACTERS_PER_TOKEN = 3.6
"""Of ASCII. Tool signatures have 3.9 with o200k, plain English 4.5; what is estimated is rather too much."""


def estimated_tokens(text: str) -> int:
    """Return about how many tokens a text has: one for each character that is not ASCII."""
    if text.isascii():
        return ceil(len(text) / _CHARACTERS_PER_TOKEN)
    plain = sum(map(str.isascii, text))
    return ceil(plain / _CHARACTERS_PER_TOKEN) + len(text) - plain
