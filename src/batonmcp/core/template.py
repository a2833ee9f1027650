"""Argument templates: JSON in which `{"$from": "<expression>"}` stands for a value."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from pydantic import JsonValue

from batonmcp.core.expression import Expression, evaluate

__all__ = ["Path", "Template"]

Path: TypeAlias = tuple[str | int, ...]

_FROM, _RAW = "$from", "$raw"


@dataclass(frozen=True, slots=True)
class _Literal:
    value: JsonValue


@dataclass(frozen=True, slots=True)
class _Raw:
    value: JsonValue


@dataclass(frozen=True, slots=True)
class _Array:
    items: "tuple[_Node, ...]"


@dataclass(frozen=True, slots=True)
class _Object:
    members: "tuple[tuple[str, _Node], ...]"


_Node: TypeAlias = _Literal | _Raw | _Array | _Object | Expression


@dataclass(frozen=True)
class Template:
    """A JSON value with expressions at some places.

    An object with exactly the key `$from` and a string is an expression, `{"$raw": x}` is `x` as it stands. Strings are
    never looked into: real arguments hold `$100` and `${HOME}`.
    """

    _root: _Node

    @classmethod
    def of(cls, value: JsonValue, compile_at: Callable[[str, Path], Expression | None]) -> "Template":
        """Compile a template.

        Args:
            value: The template as JSON.
            compile_at: Turns the source found at a path into an expression, or takes note of why it can't and gives
                None; the place then holds null.
        """

        def build(node: JsonValue, path: Path) -> _Node:
            match node:
                case {"$from": str(source)} if len(node) == 1:
                    return compile_at(source, path) or _Literal(None)
                case {"$raw": raw} if len(node) == 1:
                    return _Raw(raw)
                case dict():
                    return _Object(tuple((key, build(member, (*path, key))) for key, member in node.items()))
                case list():
                    return _Array(tuple(build(item, (*path, index)) for index, item in enumerate(node)))
                case _:
                    return _Literal(node)

        return cls(build(value, ()))

    @cached_property
    def names(self) -> frozenset[str]:
        """The free names of all its expressions."""
        return frozenset(name for _, expression in self.expressions() for name in expression.names)

    def expressions(self) -> Iterator[tuple[Path, Expression]]:
        """Yield every expression with its path."""
        return _expressions(self._root, ())

    def fill(self, scope: Mapping[str, JsonValue]) -> JsonValue:
        """Return the value, every expression evaluated over `scope`.

        Raises:
            ExpressionFailed: An expression does not work over these values.
        """
        return _fill(self._root, lambda expression: evaluate(expression, scope))

    def skeleton(self) -> JsonValue:
        """Return the value with null in place of every expression."""
        return _fill(self._root, lambda _: None)

    def as_json(self) -> JsonValue:
        """Return the template as JSON, as it would be written."""
        return _fill(self._root, lambda expression: {_FROM: expression.source}, keep_raw=True)


def _expressions(node: _Node, path: Path) -> Iterator[tuple[Path, Expression]]:
    match node:
        case Expression():
            yield path, node
        case _Array(items):
            for index, item in enumerate(items):
                yield from _expressions(item, (*path, index))
        case _Object(members):
            for key, member in members:
                yield from _expressions(member, (*path, key))
        case _Literal() | _Raw():
            return


def _fill(node: _Node, value_of: Callable[[Expression], JsonValue], *, keep_raw: bool = False) -> JsonValue:
    match node:
        case Expression():
            return value_of(node)
        case _Array(items):
            return [_fill(item, value_of, keep_raw=keep_raw) for item in items]
        case _Object(members):
            return {key: _fill(member, value_of, keep_raw=keep_raw) for key, member in members}
        case _Raw(value):
            return {_RAW: value} if keep_raw else value
        case _Literal(value):
            return value
