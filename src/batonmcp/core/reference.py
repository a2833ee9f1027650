"""References within a JSON Schema."""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import unquote

__all__ = ["referenced"]


def referenced(root: Mapping[str, Any], reference: str) -> object:
    """Return what a `$ref` within a document points to, None if nothing.

    Source: JSON Pointer, RFC 6901, as a URI fragment.
    """
    node: object = root
    for key in unquote(reference).removeprefix("#").strip("/").split("/") if reference.strip("#/") else ():
        plain = key.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list):
            members = cast("list[object]", node)
            node = members[int(plain)] if plain.isdecimal() and int(plain) < len(members) else None
        else:
            node = cast("dict[str, object]", node).get(plain) if isinstance(node, dict) else None
    return node
