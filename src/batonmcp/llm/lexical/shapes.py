"""A shape: what planning looks at in a JSON Schema."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from batonmcp.core.schema import referenced

__all__ = ["Shape", "shape_of"]

_MAX_DEPTH = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A JSON Schema with references followed and alternatives laid on top of each other.

    Attributes:
        types: The JSON types a value may have; empty if any.
        options: The values of `enum` or `const`.
        examples: The values of `examples` and `default`.
        format: Such as `date-time` or `uri`.
        description: In words.
        members: The shapes of an object's properties.
        required: The names of the properties that are always there.
        items: The shape of an array's items.
    """

    types: frozenset[str] = frozenset()
    options: tuple[object, ...] = ()
    examples: tuple[object, ...] = ()
    format: str = ""
    description: str = ""
    members: Mapping[str, "Shape"] = field(default_factory=dict[str, "Shape"])
    required: frozenset[str] = frozenset()
    items: "Shape | None" = None

    @property
    def scalars(self) -> frozenset[str]:
        """The scalar JSON types a value may have; an integer is a number too."""
        named = self.types & {"string", "number", "integer", "boolean"}
        return named | {"number"} if "integer" in named else named


def shape_of(schema: object, root: Mapping[str, Any], depth: int = 0) -> Shape:
    """Return the shape of a schema, whose local references are looked up in `root`."""
    if not isinstance(schema, dict) or depth > _MAX_DEPTH:
        return Shape()
    document = cast("dict[str, Any]", schema)
    shape = _own(document, root, depth)
    reference = document.get("$ref")
    parts: list[object] = [referenced(root, reference)] if isinstance(reference, str) else []
    for keyword in ("anyOf", "oneOf", "allOf"):
        parts.extend(_sequence(document.get(keyword)))
    for part in parts:
        shape = _over(shape, shape_of(part, root, depth + 1))
    return shape


def _own(document: Mapping[str, Any], root: Mapping[str, Any], depth: int) -> Shape:
    listed: object = document.get("type")
    types = [listed] if isinstance(listed, str) else _sequence(listed)
    examples = [*_sequence(document.get("examples")), *([document["default"]] if "default" in document else [])]
    members: object = document.get("properties")
    options = [document["const"]] if "const" in document else _sequence(document.get("enum"))
    return Shape(
        types=frozenset(kind for kind in types if isinstance(kind, str)) or _types_of(options),
        options=tuple(options),
        examples=tuple(examples),
        format=str(document.get("format", "")),
        description=f"{document.get('description') or ''}",
        members={name: shape_of(member, root, depth + 1) for name, member in cast("dict[str, Any]", members).items()}
        if isinstance(members, dict)
        else {},
        required=frozenset(name for name in _sequence(document.get("required")) if isinstance(name, str)),
        items=shape_of(document["items"], root, depth + 1) if isinstance(document.get("items"), dict) else None,
    )


def _over(shape: Shape, other: Shape) -> Shape:
    return replace(
        shape,
        types=shape.types | other.types,
        options=shape.options or other.options,
        examples=shape.examples + other.examples,
        format=shape.format or other.format,
        description=shape.description or other.description,
        members={**other.members, **shape.members},
        required=shape.required | other.required,
        items=shape.items or other.items,
    )


def _types_of(options: Iterable[object]) -> frozenset[str]:
    return frozenset({"string"}) if options and all(isinstance(option, str) for option in options) else frozenset()


def _sequence(value: object) -> Sequence[object]:
    return cast("list[object]", value) if isinstance(value, list) else []
