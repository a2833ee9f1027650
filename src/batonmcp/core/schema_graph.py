"""A JSON Schema as a graph: its subschemas, and which of them judge the same value or a value inside it."""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from batonmcp.core.pattern_size import pattern_size
from batonmcp.core.reference import referenced

__all__ = ["MOST_SUBSCHEMAS", "Astray", "Node", "TooMuch", "schema_graph"]

MOST_SUBSCHEMAS = 2_000

_LARGEST_PATTERNS = 20_000
_PER_PATTERN = 40
_PLACES: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("not", "if", "then", "else", "propertyNames", "contentSchema"), ("here", "schemas")),
    **dict.fromkeys(("allOf", "anyOf", "oneOf"), ("here", "schemas")),
    **dict.fromkeys(("dependentSchemas", "dependencies"), ("here", "object")),
    **dict.fromkeys(("additionalProperties", "items", "prefixItems", "additionalItems"), ("each", "schemas")),
    **dict.fromkeys(("contains", "unevaluatedProperties", "unevaluatedItems"), ("every", "schemas")),
    **dict.fromkeys(("$defs", "definitions"), ("", "object")),
    "properties": ("each", "object"),
    "patternProperties": ("every", "object"),
}
"""Keywords that hold subschemas: which values these judge, and whether they stand alone, in a list, or in an object."""

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_OF_SCHEMAS = ("http://json-schema.org/", "https://json-schema.org/")
_SCHEMA_OF_SCHEMAS = 100
"""What it takes to judge whether a value is a schema, which is all that can be referred to outside of a document."""

_CONTAINER = 20
"""How many times more than a plain value a list or an object takes to be compared."""


_MANY = f"it has more than {MOST_SUBSCHEMAS:,} subschemas"
_LONG = "its patterns are too long, or repeat too much"
_ENDLESS = "it refers to itself without end"
_ADDRESSED = "it refers to parts of itself by addresses of their own"


class TooMuch(ValueError):
    """A schema is larger than what is judged by; the message says in what."""


class Astray(ValueError):
    """A schema refers to where it cannot be followed; the message says where."""


@dataclass(slots=True, eq=False)
class Node:
    """One subschema.

    Attributes:
        own: What it takes to hold one value against its own keywords.
        patterns: The same for each character of a text.
        here: Subschemas that judge the same value.
        each: Subschemas of which at most one judges any one value inside it.
        every: Subschemas of which all may judge any value inside it.
        twice: Whether it looks at what it contains once more, to find out what was evaluated.
    """

    own: int = 1
    patterns: int = 0
    here: list["Node"] = field(default_factory=list["Node"])
    each: list["Node"] = field(default_factory=list["Node"])
    every: list["Node"] = field(default_factory=list["Node"])
    twice: bool = False


def schema_graph(document: Mapping[str, Any]) -> tuple[Node, list[Node]]:
    """Return the root of a document, and all its subschemas, each after those that it has under `here`.

    Raises:
        TooMuch: There are too many of them, or too long patterns.
        Astray: They refer to themselves without end, or by addresses.
    """
    return _Builder(document).build()


class _Builder:
    """Turns subschemas into nodes, each place of the document once."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._nodes: dict[int, Node] = {}
        self._waiting: list[tuple[Node, Mapping[str, Any]]] = []
        self._anchors: dict[str, list[Node]] = {}
        self._pointers: list[tuple[Node, str]] = []
        self._names: list[tuple[Node, str]] = []
        self._addressed = False
        self._pattern_size = 0

    def build(self) -> tuple[Node, list[Node]]:
        root = self._node(self._document)
        self._drain()
        while self._pointers:
            node, pointer = self._pointers.pop()
            node.here += self._among(referenced(self._document, pointer))
            self._drain()
        if self._addressed and self._names:
            raise Astray(_ADDRESSED)
        for node, name in self._names:
            self._follow(node, name)
        return root, _ordered(self._nodes.values())

    def _drain(self) -> None:
        while self._waiting:
            self._fill(*self._waiting.pop())

    def _node(self, schema: Mapping[str, Any]) -> Node:
        node = self._nodes.get(id(schema))
        if node is None:
            node = self._nodes[id(schema)] = Node()
            self._waiting.append((node, schema))
            if len(self._nodes) > MOST_SUBSCHEMAS:
                raise TooMuch(_MANY)
        return node

    def _among(self, value: object) -> Iterator[Node]:
        """Yield the nodes of a schema, or of the schemas in a list."""
        for schema in cast("list[object]", value) if isinstance(value, list) else [value]:
            if isinstance(schema, dict):
                yield self._node(cast("dict[str, Any]", schema))

    def _within(self, value: object) -> Iterator[Node]:
        """Yield the nodes of the schemas in an object."""
        if isinstance(value, dict):
            yield from self._among(list(cast("dict[str, object]", value).values()))

    def _fill(self, node: Node, schema: Mapping[str, Any]) -> None:
        for key in _PLACES.keys() & schema.keys():
            judges, form = _PLACES[key]
            found = self._within(schema[key]) if form == "object" else self._among(schema[key])
            if judges:
                getattr(node, judges).extend(found)
            else:
                deque(found, maxlen=0)
        node.twice = "unevaluatedProperties" in schema or "unevaluatedItems" in schema
        self._weigh(node, schema)
        self._note_names(node, schema)

    def _weigh(self, node: Node, schema: Mapping[str, Any]) -> None:
        node.own += _length(schema.get("required")) + _comparisons(schema.get("enum"), schema.get("const"))
        keyed = schema.get("patternProperties")
        patterns = [schema.get("pattern"), *(cast("dict[str, object]", keyed) if isinstance(keyed, dict) else ())]
        sizes = [pattern_size(pattern) for pattern in patterns if isinstance(pattern, str)]
        self._pattern_size += sum(size + _PER_PATTERN for size in sizes)
        if self._pattern_size > _LARGEST_PATTERNS:
            raise TooMuch(_LONG)
        node.patterns = (
            sum(1 + size // 100 for size in sizes) + ("format" in schema) + 10 * ("contentMediaType" in schema)
        )

    def _note_names(self, node: Node, schema: Mapping[str, Any]) -> None:
        for key in ("$anchor", "$dynamicAnchor"):
            if isinstance(name := schema.get(key), str):
                self._anchors.setdefault(f"#{name}", []).append(node)
        self._addressed |= schema is not self._document and isinstance(schema.get("$id"), str)
        for key in _REFERENCES:
            if isinstance(reference := schema.get(key), str):
                by_pointer = reference == "#" or reference.startswith("#/")
                (self._pointers if by_pointer else self._names).append((node, reference))

    def _follow(self, node: Node, name: str) -> None:
        """Follow a reference that is no pointer: to an anchor, or to the schema of schemas."""
        own_address = str(self._document.get("$id", ""))
        if name in self._anchors:
            node.here += self._anchors[name]
        elif name.startswith(_OF_SCHEMAS) and not own_address.startswith(_OF_SCHEMAS):
            node.own += _SCHEMA_OF_SCHEMAS
        else:
            elsewhere = f"it refers to `{name[:100]}`, which is not a part of it"
            raise Astray(elsewhere)


def _length(value: object) -> int:
    return len(cast("list[object]", value)) if isinstance(value, list) else 0


def _comparisons(options: object, constant: object) -> int:
    """Return what it takes to compare with constants: plain ones are looked up, others are gone through."""
    listed = cast("list[object]", options) if isinstance(options, list) else []
    return sum(_CONTAINER * _values(option) for option in (*listed, constant) if type(option) in {dict, list})


def _values(value: object) -> int:
    match value:
        case dict():
            return 1 + sum(map(_values, cast("dict[str, object]", value).values()))
        case list():
            return 1 + sum(map(_values, cast("list[object]", value)))
        case _:
            return 1


def _ordered(nodes: Iterable[Node]) -> list[Node]:
    """Return nodes in such an order that each comes after those that it has under `here`."""
    ended: dict[Node, bool] = {}
    order: list[Node] = []
    pending = list(nodes)
    while pending:
        node = pending[-1]
        if node in ended:
            pending.pop()
            if not ended[node]:
                ended[node] = True
                order.append(node)
            continue
        ended[node] = False
        for other in node.here:
            if ended.get(other) is False:
                raise Astray(_ENDLESS)
            if other not in ended:
                pending.append(other)
    return order
