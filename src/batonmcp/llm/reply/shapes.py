"""Parts of a JSON document that may be of any type, taken as the type that they should have."""

from typing import Any, TypeGuard, cast

__all__ = ["as_list", "as_object", "as_text", "is_list", "is_object"]


def as_object(value: object) -> dict[str, Any]:
    """Return an object, an empty one in place of anything else."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return a list; an object that stands where a list of such should be is taken as its only member."""
    if isinstance(value, dict):
        return [cast("dict[str, Any]", value)] if value else []
    return cast("list[Any]", value) if isinstance(value, list) else []


def is_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether it is an object."""
    return isinstance(value, dict)


def is_list(value: object) -> TypeGuard[list[Any]]:
    """Whether it is a list."""
    return isinstance(value, list)


def as_text(value: object) -> str:
    """Return a text without spaces around it, an empty one in place of anything else."""
    return value.strip() if isinstance(value, str) else ""
