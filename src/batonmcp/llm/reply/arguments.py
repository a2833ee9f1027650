"""The arguments of a call, which should be the JSON text of an object."""

import ast
import json
import re
from typing import Any, cast

from batonmcp.llm.reply.shapes import as_object
from batonmcp.llm.reply.values import value_at, whole_characters

__all__ = ["NoObject", "read_arguments"]

_WRAPPINGS = 3
_LABEL = re.compile(r"^(?:<\|constrain\|>)?\s*json\s*(?:<\|message\|>)?\s*(?=[{\[])")
_LARGEST_LITERAL = 20_000


class NoObject(ValueError):
    """Arguments that are JSON, but no object."""


def read_arguments(given: object) -> dict[str, Any]:
    """Read arguments that may also be an object already, nothing, or JSON text of JSON text.

    What is complete is read however it is wrapped; what breaks off is not completed, since nobody can know how it
    would have gone on.

    Raises:
        ValueError: They are no object, or not complete.
    """
    for _ in range(_WRAPPINGS):
        if not isinstance(given, str):
            break
        given = _read(given)
    if given is None or given == []:
        return {}
    if isinstance(given, list) and len(members := cast("list[object]", given)) == 1:
        given = members[0]
    if not isinstance(given, dict):
        raise NoObject
    return cast("dict[str, Any]", whole_characters(cast("dict[str, Any]", given)))


def _read(text: str) -> object:
    text = _unfenced(text.strip())
    if not text:
        return None
    try:
        value, end = value_at(text)
    except ValueError:
        return _literal(text)
    if value == {} and text[end:].lstrip().startswith("{"):  # streams that were put together begin with an empty one
        value, _ = value_at(text, text.index("{", end))
    return value


def _unfenced(text: str) -> str:
    text = _LABEL.sub("", text)
    if not text.startswith("```"):
        return text
    return text.removeprefix("```json").removeprefix("```").removesuffix("```").strip()


def _literal(text: str) -> object:
    """Read Python's way to write an object, which models that know more Python than JSON fall into."""
    if not text.startswith("{") or len(text) > _LARGEST_LITERAL:
        raise ValueError(text[:100])
    try:
        return as_object(json.loads(json.dumps(ast.literal_eval(text), allow_nan=False)))
    except (SyntaxError, TypeError, RecursionError, MemoryError) as error:
        raise ValueError(text[:100]) from error
