"""The alternatives of a subschema."""

from collections.abc import Mapping
from typing import Any

from batonmcp.llm.reply.shapes import as_list, as_object, is_list, is_object

__all__ = ["NULL", "UNIONS", "branches_of", "either", "is_nullable", "without_unions"]

UNIONS = ("anyOf", "oneOf")
NULL: dict[str, Any] = {"type": "null"}

_ABOUT_PRESENCE = frozenset({"required", "not"})


def branches_of(flat: Mapping[str, Any]) -> list[Any]:
    """Return the alternatives that are about the value; none if they leave it open.

    Which properties it must have is left to the tool's schema. Draft 3 has alternatives in `type`. That it may be null
    is none, but told by `is_nullable`.
    """
    listed = next((as_list(flat[key]) for key in UNIONS if is_list(flat.get(key))), list[Any]())
    types = as_list(flat.get("type"))
    if any(map(is_object, types)):
        listed = [*listed, *(member if is_object(member) else {"type": member} for member in types)]
    branches = [branch for branch in listed if branch is not False and branch != NULL]
    telling = [branch for branch in branches if as_object(branch).keys() - _ABOUT_PRESENCE]
    if len(telling) == len(branches):
        return branches
    return branches if telling and "properties" in flat else []


def is_nullable(flat: Mapping[str, Any]) -> bool:
    """Whether it may be null, as OpenAPI marks it, or by an alternative."""
    return flat.get("nullable") is True or any(NULL in as_list(flat.get(key)) for key in UNIONS)


def either(variants: list[Any]) -> Any:  # noqa: ANN401 - a schema of any kind
    """Return a schema for values that one of the variants is about."""
    distinct = [variant for place, variant in enumerate(variants) if variant not in variants[:place]]
    return distinct[0] if len(distinct) == 1 else {"anyOf": distinct}


def without_unions(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a subschema says beside its alternatives."""
    return {key: value for key, value in flat.items() if key not in UNIONS}
