"""The types of expressions, as far as the output schemas of the steps they name tell."""

import ast
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias, cast

from batonmcp.core.expression import Expression
from batonmcp.core.expression.wording import listed, nearest
from batonmcp.core.schema import referenced

__all__ = ["Document", "element", "mismatch", "selected", "unselectable"]

Document: TypeAlias = Mapping[str, Any]
"""A JSON Schema document; its own root for `$ref`."""

_SCALARS = {"boolean", "integer", "number", "string"}
_MAX_REFS = 8


def unselectable(expression: Expression, known: Mapping[str, Document | None]) -> Iterator[tuple[str, str]]:
    """Yield what an expression selects that cannot be there, with a cure.

    Only what a schema rules out counts: a key of an object that has no others, or a key of something that is none.

    Args:
        expression: It may name steps of which nothing is known.
        known: By name, the schema of a value.
    """
    tree = ast.parse(expression.source.strip(), mode="eval").body
    bound = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    free = {name: known[name] for name in expression.names if name in known and name not in bound}
    found: list[tuple[str, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute | ast.Subscript) and id(node) not in called:
            _step(node, free, lambda message, cure: found.append((message, cure)))
    yield from dict.fromkeys(found)


def selected(expression: Expression, known: Mapping[str, Document | None]) -> Document | None:
    """Return the schema of an expression that only selects; None if it does more, or its schema is not known."""
    return _schema(ast.parse(expression.source.strip(), mode="eval").body, known)


def element(schema: Document | None) -> Document | None:
    """Return the schema of an array's elements, if it is one."""
    resolved = _resolved(schema) if schema else None
    items = resolved.get("items") if resolved and resolved.get("type") == "array" else None
    return _within(resolved, items) if resolved else None


def mismatch(given: Document | None, wanted: Document | None) -> tuple[str, str] | None:
    """Return the type of a value and the type of the place it is for, if the one never fits the other.

    A value that is known as null says nothing: what is learned of it was learned where there was none.
    """
    kinds = [_resolved(schema).get("type") if schema else None for schema in (given, wanted)]
    match kinds:
        case ["null", _]:
            return None
        case [str() as one, str() as other] if one != other and (one, other) != ("integer", "number"):
            return (one, other) if (one, other) != ("number", "integer") else None
        case _:
            return None


Report: TypeAlias = Callable[[str, str], None]


def _ignore(_message: str, _cure: str) -> None:
    """Drop a report."""


def _schema(node: ast.expr, known: Mapping[str, Document | None]) -> Document | None:
    match node:
        case ast.Name(id=name):
            return known.get(name)
        case ast.Attribute() | ast.Subscript():
            return _step(node, known, _ignore)
        case _:
            return None


def _step(node: ast.Attribute | ast.Subscript, known: Mapping[str, Document | None], report: Report) -> Document | None:
    """Return the schema of one selection, and report it if there is nothing to select."""
    base = _schema(node.value, known)
    if base is None:
        return None
    schema, place = _resolved(base), ast.unparse(node.value)
    key = node.attr if isinstance(node, ast.Attribute) else _constant(node.slice)
    match schema.get("type"), key:
        case "array", str():
            report(f"`{place}` is a list and has no {key!r}.", f"Index it, or use [x.{key} for x in {place}].")
            return None
        case "array", int():
            return element(schema)
        case str() as kind, str() if kind in _SCALARS:
            report(f"`{place}` is a {kind} and has no {key!r}.", "Select from an object.")
            return None
        case _, str():
            return _member(schema, key, place, report)
        case _:
            return None


def _member(schema: Document, key: str, place: str, report: Report) -> Document | None:
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return None
    members = cast("dict[str, Any]", properties)
    if key in members:
        return _within(schema, members[key])
    if schema.get("additionalProperties") is False and "patternProperties" not in schema:
        report(f"`{place}` has no {key!r}.", f"{nearest(key, members)} It has {listed(members)}.".strip())
    return None


def _constant(node: ast.expr) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _within(outer: Document, inner: object) -> Document | None:
    """Return a part of a schema together with the definitions that its references need."""
    if not isinstance(inner, dict):
        return None
    definitions = {key: outer[key] for key in ("$defs", "definitions") if key in outer}
    return {**definitions, **cast("dict[str, Any]", inner)}


def _resolved(schema: Document) -> Document:
    """Follow references into the definitions."""
    for _ in range(_MAX_REFS):
        match schema:
            case {"$ref": str(ref)} if ref.startswith("#/"):
                schema = _within(schema, referenced(schema, ref)) or {}
            case _:
                return schema
    return {}
