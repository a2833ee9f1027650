"""What a schema says in words, and the values that it lists."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from batonmcp.llm.reply.shapes import as_list, as_object

__all__ = ["LONGEST_DESCRIPTION", "clipped", "description_of", "values_of"]

LONGEST_DESCRIPTION = 1_024
"""Longest description of a function that OpenAI takes, and others after it; in characters."""

_MOST_VALUES = 250
_SHOWN = 10
_CONSTANT = frozenset({"const", "enum", "title", "description", "type"})


def clipped(text: str, longest: int = LONGEST_DESCRIPTION) -> str:
    """Return the beginning of a text that endpoints would find too long, up to a space."""
    text = text.encode("utf-8", "replace").decode()
    if len(text) <= longest:
        return text
    begun = text[: longest - 1]
    return f"{begun.rpartition(' ')[0] or begun}…"


def description_of(schema: Mapping[str, Any], name: str, longest: int, *, many: Iterable[Any] = ()) -> str:
    """Return the description of a subschema, which may be its title; with some of the values of a list too long."""
    words = schema.get("description")
    title = schema.get("title")
    if not isinstance(words, str) or not words.strip():
        words = title if isinstance(title, str) and _plainly(title) != _plainly(name) and name else ""
    shown = ", ".join(json.dumps(value, ensure_ascii=False) for value in list(many)[:_SHOWN])
    return clipped(f"{words.strip()} One of {shown}, and so on.".strip() if shown else words.strip(), longest)


def values_of(schema: Mapping[str, Any], branches: list[Any]) -> tuple[list[Any], bool]:
    """Return the values that are listed, each once, and whether they are few enough to be given as a list.

    They stand in one list, or one by one as alternatives.
    """
    listed = _listed(schema)
    if not listed and len(branches) > 1 and all(_is_constant(branch) for branch in branches):
        listed = [value for branch in branches for value in _listed(as_object(branch))]
    distinct: dict[str, Any] = {json.dumps(value, sort_keys=True): value for value in listed}
    return list(distinct.values()), len(distinct) <= _MOST_VALUES


def _listed(schema: Mapping[str, Any]) -> list[Any]:
    return [schema["const"]] if "const" in schema else as_list(schema.get("enum"))


def _is_constant(branch: object) -> bool:
    keys = as_object(branch).keys()
    return bool(keys & {"const", "enum"}) and keys <= _CONSTANT


def _plainly(text: str) -> str:
    return "".join(filter(str.isalnum, text)).lower()
