"""A subschema without references and without parts that all apply: what it comes to by itself."""

from collections.abc import Callable, Mapping
from typing import Any

from batonmcp.core.reference import referenced
from batonmcp.llm.reply.shapes import as_list, as_object, is_list, is_object
from batonmcp.llm.schema.merge import merged

__all__ = ["Flattener"]

_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_LISTS = ("allOf", "extends")
_DEEPEST = 32


class Flattener:
    """Follows the references within a document.

    Args:
        document: The whole schema.
        count: Called for each subschema that is looked at; returns whether it is to be.
    """

    def __init__(self, document: Mapping[str, Any], count: Callable[[], bool]) -> None:
        self._document = document
        self._count = count
        self._anchors: dict[str, Any] | None = None

    def flat(
        self, schema: object, trail: frozenset[str], depth: int = 0
    ) -> tuple[dict[str, Any], frozenset[str], bool]:
        """Return a subschema by itself, the references that were followed to get there, and whether it is cut.

        Args:
            schema: What stands in the place of a subschema.
            trail: References that were followed on the way to it: one more of them would have no end.
            depth: How many subschemas that apply together it is in.
        """
        if not self._count():
            return {}, trail, False
        own = {"type": schema} if isinstance(schema, str) else as_object(schema)
        parts: list[tuple[object, frozenset[str]]] = [(part, trail) for key in _LISTS for part in as_list(own.get(key))]
        reference = next((own[key] for key in _REFERENCES if isinstance(own.get(key), str)), None)
        result = {key: value for key, value in own.items() if key not in (*_REFERENCES, *_LISTS)}
        cut, followed = False, trail
        if reference is not None:
            cut = reference in trail
            target = self._target(reference)
            parts.append((_outside(target) if cut else target, trail | {reference}))
        for part, on_the_way in parts if depth < _DEEPEST else ():
            flat, further, ended = self.flat(part, on_the_way, depth + 1)
            result, followed, cut = merged(result, flat), followed | further, cut or ended
        return result, followed, cut

    def _target(self, reference: str) -> object:
        """Return what a reference points to; nothing outside of the document is ever fetched."""
        if reference == "#" or reference.startswith("#/"):
            return referenced(self._document, reference)
        if self._anchors is None:
            self._anchors = {name: node for node in _nodes(self._document) for name in _names(node)}
        return self._anchors.get(reference)


def _outside(schema: object) -> dict[str, Any]:
    """Return what a subschema is, without what is in it."""
    own = as_object(schema)
    return {key: own[key] for key in ("type", "title", "description") if key in own}


def _names(node: Mapping[str, Any]) -> list[str]:
    anchors = [f"#{node[key]}" for key in ("$anchor", "$dynamicAnchor") if isinstance(node.get(key), str)]
    return anchors + [node[key] for key in ("$id", "id") if isinstance(node.get(key), str)]


def _nodes(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return every object in a document, those further in last."""
    found: list[dict[str, Any]] = []
    level: list[Any] = [document]
    while level:
        inner: list[Any] = []
        for value in level:
            if is_object(value):
                found.append(as_object(value))
                inner.extend(as_object(value).values())
            elif is_list(value):
                inner.extend(as_list(value))
        level = inner
    return found
