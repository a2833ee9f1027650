"""What is written in a plan: its texts and numbers, its expressions, and the inputs that these take."""

import ast
import json
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from batonmcp.core.expression.syntax import parse_tree
from batonmcp.core.ids import INPUTS

__all__ = ["inputs_in", "leaves_of", "literals_in", "texts_in"]

_CONDITIONS: Final = ("when", "for_each")
_PLACES: Final = frozenset({0, 1})
"""Numbers that stand in expressions for the first, the next, the last, or none."""


def texts_in(plan: JsonValue) -> Iterator[str]:
    """Yield what stands in a plan, and its expressions as they are written."""
    yield from leaves_of(_arguments(plan))
    yield from _expressions(plan)


def literals_in(plan: JsonValue) -> Iterator[str]:
    """Yield the texts, numbers and flags in a plan, those of its expressions included."""
    yield from leaves_of(_arguments(plan))
    for source in _expressions(plan):
        names: set[int] = set()
        for node in ast.walk(parse_tree(source)):
            match node:
                case ast.Subscript(value=whole, slice=ast.Constant() as name) if _is_inputs(whole):
                    names.add(id(name))
                case ast.Constant() if id(node) in names:
                    pass
                case ast.Constant(value=str(text)) if any(map(str.isalnum, text)):
                    yield text
                case ast.Constant(value=int() | float() as number) if number not in _PLACES:
                    yield json.dumps(number)
                case _:
                    pass


def inputs_in(plan: JsonValue, inputs: Mapping[str, JsonValue]) -> frozenset[str]:
    """Return the names of the inputs that a plan's expressions take, all of them where one takes `inputs` itself."""
    names: set[str] = set()
    for source in _expressions(plan):
        selected: set[int] = set()
        for node in ast.walk(parse_tree(source)):
            match node:
                case ast.Attribute(value=whole, attr=name) if _is_inputs(whole):
                    selected.add(id(whole))
                    names.add(name)
                case ast.Subscript(value=whole, slice=ast.Constant(value=str(name))) if _is_inputs(whole):
                    selected.add(id(whole))
                    names.add(name)
                case _ if _is_inputs(node) and id(node) not in selected:
                    names.update(inputs)
                case _:
                    pass
    return frozenset(names)


def leaves_of(value: JsonValue) -> Iterator[str]:
    """Yield the texts, numbers and flags in a value, as texts; its expressions are left out."""
    match value:
        case {"$from": str()} if len(value) == 1:
            return
        case dict():
            for member in value.values():
                yield from leaves_of(member)
        case list():
            for item in value:
                yield from leaves_of(item)
        case str():
            yield value
        case None:
            return
        case _:
            yield json.dumps(value)


def _arguments(plan: JsonValue) -> JsonValue:
    match plan:
        case {"steps": [*steps]}:
            return [step.get("arguments") for step in steps if isinstance(step, dict)]
        case _:
            return plan


def _is_inputs(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == INPUTS


def _expressions(plan: JsonValue) -> Iterator[str]:
    """Yield the sources of a plan's expressions."""
    match plan:
        case {"steps": [*steps], **rest}:
            for step in steps:
                if isinstance(step, dict):
                    yield from (source for part in _CONDITIONS if isinstance(source := step.get(part), str))
                    yield from _sources(step.get("arguments"))
            if isinstance(result := rest.get("result"), str):
                yield result
        case _:
            return


def _sources(value: JsonValue) -> Iterator[str]:
    """Yield the sources in arguments."""
    match value:
        case {"$from": str(source)} if len(value) == 1:
            yield source
        case {"$raw": _} if len(value) == 1:
            return
        case dict():
            for member in value.values():
                yield from _sources(member)
        case list():
            for item in value:
                yield from _sources(item)
        case _:
            return
