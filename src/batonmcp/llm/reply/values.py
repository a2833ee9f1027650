"""JSON values that stand in a text which may go on after them."""

import json
import math
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["first_value", "value_at", "values_in", "whole_characters"]

_MOST_ATTEMPTS = 64
_LARGEST_TEXT = 1_000_000
_START = re.compile(r"[{\[]")
_MARKS = frozenset("\n>]`|")
"""What may stand before a value: the end of a line, a tag, a marker or a fence."""

_BETWEEN = " \t\r\n;,"
"""What may stand between two values, of which the first begins where values are meant."""

_SPACES = frozenset(" \t\r")
_INDENT = 200


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


# Models write line ends into strings as they are, which is why it is not strict about these.
_DECODER = json.JSONDecoder(parse_constant=_finite, parse_float=_finite, strict=False)


def value_at(text: str, place: int = 0) -> tuple[Any, int]:
    """Read the JSON value that begins at a place; return it, and where it ends.

    Raises:
        ValueError: None begins there, or it is not complete, or nested too deeply.
    """
    try:
        return _DECODER.raw_decode(text, place)
    except RecursionError as error:
        raise ValueError(text[:100]) from error


def values_in(text: str) -> Iterator[tuple[Any, bool]]:
    """Yield the objects and lists that begin a line, or come right after a tag, a marker or a fence.

    With each comes whether nothing but marks stands around it. Values in the middle of a sentence are examples.
    """
    place = attempts = last = 0
    while attempts < _MOST_ATTEMPTS and len(text) <= _LARGEST_TEXT and (found := _START.search(text, place)):
        place = found.start()
        if not _begins(text, place) and not (last and not text[last:place].strip(_BETWEEN)):
            place += 1
            continue
        attempts += 1
        try:
            value, end = value_at(text, place)
        except ValueError:
            place += 1
            continue
        yield value, not text[:place].strip() and not text[end:].strip()
        place = last = end


def first_value(text: str) -> int | None:
    """Return where the first of them begins, whole or not; None if none does."""
    return next((found.start() for found in _START.finditer(text) if _begins(text, found.start())), None)


def whole_characters(value: Any) -> Any:  # noqa: ANN401 - JSON in, JSON out
    """Return a value in which half characters, which JSON can escape and nothing can encode, are replaced.

    Raises:
        ValueError: It is nested too deeply to be written.
    """
    try:
        written = json.dumps(value, ensure_ascii=False)
    except RecursionError as error:
        deep = "nested too deeply"
        raise ValueError(deep) from error
    try:
        written.encode()
    except UnicodeEncodeError:
        # Two halves that were escaped one by one are a character after all.
        return json.loads(written.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return value


def _begins(text: str, place: int) -> bool:
    """Whether a place is where values are meant: looked at from there backwards, over a few spaces only."""
    at = place
    while at and text[at - 1] in _SPACES and place - at < _INDENT:
        at -= 1
    return not at or text[at - 1] in _MARKS or text.endswith("functools", 0, at)
