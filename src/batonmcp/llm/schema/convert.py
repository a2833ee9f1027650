"""The conversion of a schema, subschema by subschema, within bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from batonmcp.llm.reply.shapes import as_list, as_object, is_list, is_object
from batonmcp.llm.schema.constraints import constraints
from batonmcp.llm.schema.flatten import Flattener
from batonmcp.llm.schema.merge import listed_properties, required_in
from batonmcp.llm.schema.types import inferred, type_of, types_in
from batonmcp.llm.schema.unions import NULL, UNIONS, branches_of, either, is_nullable, without_unions
from batonmcp.llm.schema.words import description_of, values_of

__all__ = ["Bounds", "Overfull", "converted"]

_MOST_SUBSCHEMAS: Final = 2_000
_MOST_PROPERTIES = 500
_MOST_BRANCHES = 32
_LEVELS_OF_UNIONS = 3


class Overfull(Exception):
    """There are more subschemas than fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much of a schema is kept.

    Attributes:
        deepest: Levels below the root.
        description: Longest description, in characters.
        strict: Whether too many subschemas are an error; else what is left then is kept as anything.
    """

    deepest: int
    description: int
    strict: bool = True


def converted(document: object, bounds: Bounds, *, plain: bool) -> dict[str, Any]:
    """Convert a whole schema.

    Raises:
        Overfull: It has too many subschemas, and the bounds are strict.
    """
    return _Conversion(as_object(document), bounds, plain=plain).root()


class _Conversion:
    """A conversion on its way; it counts."""

    def __init__(self, document: Mapping[str, Any], bounds: Bounds, *, plain: bool) -> None:
        self._document = document
        self._bounds = bounds
        self._plain = plain
        self._seen = 0
        self._flattener = Flattener(document, self._count)

    def root(self) -> dict[str, Any]:
        """Return an object with all properties of all alternatives; required is what all of them require."""
        flat, trail, _ = self._flattener.flat(self._document, frozenset())
        variants, required = self._alternatives(flat, trail, _LEVELS_OF_UNIONS)
        whole = {key: value for key, value in flat.items() if key not in UNIONS}
        whole["properties"] = {name: either(own) for name, own in variants.items()}
        whole["required"] = required
        result: dict[str, Any] = {"type": "object"}
        words = description_of(whole, "", self._bounds.description)
        if words:
            result["description"] = words
        return {**result, "properties": {}, **self._object(whole, trail, 0)}

    def _alternatives(
        self, flat: Mapping[str, Any], trail: frozenset[str], levels: int
    ) -> tuple[dict[str, list[Any]], list[str]]:
        """Return the variants of each property of an object, and which of them it always requires."""
        variants = {name: [own] for name, own in listed_properties(flat).items()}
        required = required_in(flat)
        for key in UNIONS if levels else ():
            branches = [self._branch(branch, trail, levels) for branch in as_list(flat.get(key))]
            branches = [branch for branch in branches if branch is not None]
            for more, _ in branches:
                for name, own in more.items():
                    known = variants.setdefault(name, [])
                    known += [variant for variant in own if variant not in known]
            if branches:
                always = [name for name in branches[0][1] if all(name in needed for _, needed in branches)]
                required = list(dict.fromkeys([*required, *always]))
        for key in ("then", "else"):
            for name, own in listed_properties(as_object(flat.get(key))).items():
                variants.setdefault(name, [own])
        return variants, required

    def _branch(
        self, branch: object, trail: frozenset[str], levels: int
    ) -> tuple[dict[str, list[Any]], list[str]] | None:
        flat, trail, _ = self._flattener.flat(branch, trail)
        types = types_in(flat.get("type"))
        if branch is False or (types and "object" not in types):
            return None
        return self._alternatives(flat, trail, levels - 1)

    def _node(self, schema: object, trail: frozenset[str], depth: int, name: str = "") -> dict[str, Any]:
        flat, trail, cut = self._flattener.flat(schema, trail)
        if self._full:
            return {}
        branches, nullable = branches_of(flat), is_nullable(flat)
        if len(branches) == 1:
            flat, trail, cut = self._flattener.flat({"allOf": [without_unions(flat), branches[0]]}, trail)
        values, few = values_of(flat, branches)
        types = _types(flat, values, open_=len(branches) > 1)
        if nullable and types and "null" not in types:
            types, values = [*types, "null"], [*values, None] if values else values
        result = self._outside(flat, name, types, values if few else [], [] if few else values)
        if depth >= self._bounds.deepest or cut:
            return {**result, "items": {}} if "array" in types else result
        if len(branches) > _MOST_BRANCHES and not values:
            return result
        if len(branches) > 1 and not values:
            return self._union(result, flat, [*branches, *([NULL] if nullable else [])], trail, depth)
        return {**result, **self._inside(flat, types, trail, depth)}

    def _outside(
        self, flat: Mapping[str, Any], name: str, types: list[str], values: list[Any], many: list[Any]
    ) -> dict[str, Any]:
        """Return what is told of a value by itself."""
        result: dict[str, Any] = {}
        if types:
            result["type"] = types[0] if len(types) == 1 else types
        words = description_of(flat, name, self._bounds.description, many=many)
        if words:
            result["description"] = words
        if values:
            result["enum"] = values
        return {**result, **constraints(flat, types, plain=self._plain)}

    def _inside(self, flat: Mapping[str, Any], types: list[str], trail: frozenset[str], depth: int) -> dict[str, Any]:
        """Return what is told of what a value holds."""
        result = self._object(flat, trail, depth) if "object" in types else {}
        if "array" in types:
            result["items"] = self._items(flat, trail, depth)
        return result

    def _union(
        self, result: dict[str, Any], flat: Mapping[str, Any], branches: list[Any], trail: frozenset[str], depth: int
    ) -> dict[str, Any]:
        shared = without_unions(flat)
        shared.pop("description", None)
        common = shared if "properties" in shared or "items" in shared else {}
        nodes: list[dict[str, Any]] = []
        for branch in branches:
            node = self._node({"allOf": [branch, common]} if common else branch, trail, depth + 1)
            if node not in nodes:
                nodes.append(node)
        kept = {key: value for key, value in result.items() if key in {"description", "default", "examples"}}
        return {**kept, "anyOf": nodes} if len(nodes) > 1 else {**nodes[0], **kept}

    def _object(self, flat: Mapping[str, Any], trail: frozenset[str], depth: int) -> dict[str, Any]:
        listed = listed_properties(flat)
        if flat.get("additionalProperties") is not False:  # what is required, but not described, may be anything
            listed = {**listed, **{name: True for name in required_in(flat) if name not in listed}}
        required = [name for name in required_in(flat) if name in listed and listed[name] is not False]
        names = [name for name, own in listed.items() if own is not False]
        if len(names) > _MOST_PROPERTIES:
            names = list(dict.fromkeys([*required, *names]))[:_MOST_PROPERTIES]
            required = [name for name in required if name in names]
            flat = {**flat, "additionalProperties": True}
        result: dict[str, Any] = {}
        if listed:
            result["properties"] = {name: self._node(listed[name], trail, depth + 1, name) for name in names}
        if required:
            result["required"] = required
        others = flat.get("additionalProperties")
        if others is False and not flat.get("patternProperties"):
            result["additionalProperties"] = False
        elif is_object(others) and others:
            result["additionalProperties"] = self._node(as_object(others), trail, depth + 1)
        return result

    def _items(self, flat: Mapping[str, Any], trail: frozenset[str], depth: int) -> dict[str, Any]:
        """Return what each member of an array may be; of those with a place of their own, any in any place."""
        places = as_list(flat.get("prefixItems")) if "prefixItems" in flat else []
        items: Any = flat.get("items")
        members = [*places, *as_list(items)]
        if is_list(items) or places:
            members += [flat["additionalItems"]] if is_object(flat.get("additionalItems")) else []
        return self._node(either(members), trail, depth + 1) if members else {}

    @property
    def _full(self) -> bool:
        return self._seen > _MOST_SUBSCHEMAS

    def _count(self) -> bool:
        self._seen += 1
        if self._full and self._bounds.strict:
            raise Overfull
        return not self._full


def _types(flat: Mapping[str, Any], values: list[Any], *, open_: bool) -> list[str]:
    """Return the types that fit the listed values; those that are not written are found out unless left open."""
    types = types_in(flat.get("type"))
    if values and not all(type_of(value) in types or "number" in types for value in values):
        types = []
    return types if types or (open_ and not values) else inferred(flat, values)
