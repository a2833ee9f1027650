"""Any input schema of a tool, made one that endpoints accept.

Endpoints take less than JSON Schema, each another part of it: an object at the root with nothing alternative beside it,
no references, no booleans for schemas. What they cannot be told is left out, which makes the schema looser. It is
stricter in two things that nobody means: a type that is not written is told by the keywords, and a property that only
some alternatives at the root describe is what these say. The tool's own schema stays the judge of arguments.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from batonmcp.llm.schema.convert import Bounds, Overfull, converted
from batonmcp.llm.schema.plain import plainly
from batonmcp.llm.schema.words import LONGEST_DESCRIPTION

__all__ = ["safe_schema"]

_LARGEST = 32_000
_DEEPEST = (8, 5, 4, 3, 2)
_BARE = Bounds(deepest=1, description=120, strict=False)
_REMEMBERED = 4_096


def safe_schema(document: Mapping[str, Any], *, plain: bool = False) -> dict[str, Any]:
    """Return a schema that endpoints accept, for an object with no other properties than the given one's.

    What is too deep or too large is cut from its deepest levels upwards. The same schema always gives the same, and the
    result belongs to all who ask for it: it must not be changed.

    Args:
        document: The tool's own.
        plain: Without patterns, formats and bounds, and one type at a time, for endpoints that make a grammar of it, or
            a schema of their own kind.
    """
    try:
        written = json.dumps(document)
    except (TypeError, ValueError, RecursionError):
        return {"type": "object", "properties": {}}
    return _remembered(written, plain)


@lru_cache(maxsize=_REMEMBERED)
def _remembered(written: str, plain: bool) -> dict[str, Any]:  # noqa: FBT001 - cached by position
    document = json.loads(written)
    for deepest in _DEEPEST:
        try:
            result = converted(document, Bounds(deepest=deepest, description=LONGEST_DESCRIPTION), plain=plain)
        except Overfull:
            continue
        if len(json.dumps(result)) <= _LARGEST:
            return plainly(result) if plain else result
    result = converted(document, _BARE, plain=plain)
    return plainly(result) if plain else result
