"""The words with which errors name values and suggest names, all of bounded length."""

from collections.abc import Iterable
from difflib import get_close_matches
from itertools import islice
from types import NoneType

from pydantic import JsonValue

__all__ = ["describe", "excerpt", "kind", "listed", "nearest"]

_KINDS: dict[type, str] = {
    NoneType: "null",
    bool: "boolean",
    int: "number",
    float: "number",
    str: "text",
    list: "list",
    dict: "object",
}
_EXCERPT = 60
_LISTED = 8
_COMPARED = 100


def kind(value: JsonValue) -> str:
    """Return what JSON calls the value's type.

    Args:
        value: Any JSON value.
    """
    return _KINDS.get(type(value), type(value).__name__)


def describe(value: JsonValue) -> str:
    """Return a value as a sentence names it, such as `number 3` or `a list of 2 items`.

    Args:
        value: Any JSON value.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list():
            return "a list of 1 item" if len(value) == 1 else f"a list of {len(value)} items"
        case dict():
            return f"an object with the keys {listed(value)}" if value else "an empty object"
        case str():
            return f"text {excerpt(value)!r}"
        case _:
            return f"number {excerpt(str(value))}"


def excerpt(text: str) -> str:
    """Return the text, or its beginning if it is long.

    Args:
        text: Any text.
    """
    return text if len(text) <= _EXCERPT else text[: _EXCERPT - 1] + "…"


def listed(names: Iterable[str]) -> str:
    """Return some names, quoted, and an ellipsis if there are more.

    Args:
        names: The names in the order in which to show them.
    """
    shown = [repr(excerpt(name)) for name in islice(names, _LISTED + 1)]
    return ", ".join([*shown[:_LISTED], "…"] if len(shown) > _LISTED else shown)


def nearest(name: str, names: Iterable[str]) -> str:
    """Return a question that offers the names spelled most like this one, or nothing.

    Args:
        name: What was written.
        names: What could have been meant.
    """
    candidates = [candidate for candidate in islice(names, _COMPARED) if len(candidate) <= _EXCERPT]
    close = get_close_matches(excerpt(name), candidates, n=2)
    return f"Did you mean {' or '.join(map(repr, close))}?" if close else ""
