"""JSON Schema as the judge of values."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, cast

import jsonschema_rs
from pydantic import JsonValue

__all__ = ["Schema", "Violation", "referenced"]

_LINEAR = jsonschema_rs.RegexOptions(size_limit=1_000_000, dfa_size_limit=10_000_000)
_MAX_VIOLATIONS = 20
_LONGEST_MESSAGE = 500
_BRANCHES = frozenset({"then", "else"})

_ABOUT_CONTAINER = (
    jsonschema_rs.ValidationErrorKind.Required,
    jsonschema_rs.ValidationErrorKind.AdditionalProperties,
    jsonschema_rs.ValidationErrorKind.FalseSchema,  # what `additionalProperties: false` without `properties` gives
    jsonschema_rs.ValidationErrorKind.MaxItems,
    jsonschema_rs.ValidationErrorKind.MaxProperties,
    jsonschema_rs.ValidationErrorKind.MinItems,
    jsonschema_rs.ValidationErrorKind.MinProperties,
    jsonschema_rs.ValidationErrorKind.Type,
)
"""Violations at a container that stay true whatever values are filled in inside it later."""

_ABOUT_TYPE = (
    jsonschema_rs.ValidationErrorKind.AnyOf,
    jsonschema_rs.ValidationErrorKind.Constant,
    jsonschema_rs.ValidationErrorKind.Enum,
    jsonschema_rs.ValidationErrorKind.OneOfNotValid,
    jsonschema_rs.ValidationErrorKind.Type,
)
"""Violations that a value of another type may mend; one that breaks a bound or a pattern is wrong in any type."""


def referenced(root: Mapping[str, Any], reference: str) -> object:
    """Return what a `$ref` within a document points to, None if nothing.

    Source: JSON Pointer, RFC 6901, as a URI fragment.
    """
    node: object = root
    for key in reference.removeprefix("#").strip("/").split("/"):
        plain = key.replace("~1", "/").replace("~0", "~")
        node = cast("object", node.get(plain)) if isinstance(node, dict) else None
    return node


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One way in which a value breaks a schema.

    Attributes:
        path: Keys and indexes from the value's root to the place.
        message: What is wrong there, in the validator's words.
        about_container: Whether it stays true whatever stands inside that place.
        about_type: Whether the same value in another type may fit.
        conditional: Whether it holds only because of what an `if` of the schema found elsewhere in the value.
    """

    path: tuple[str | int, ...]
    message: str
    about_container: bool
    about_type: bool
    conditional: bool


class Schema:
    """A JSON Schema, compiled on first use.

    Patterns run in linear time and references never leave the document, so no pattern can hang the process and no
    schema can make it fetch anything. (Schemas whose references branch at every level still cost time that grows with
    each.) A schema that cannot be compiled accepts every value; `defect` says why.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = dict(document)

    @property
    def defect(self) -> str | None:
        """Why the schema cannot judge anything, or None."""
        return self._compiled[1]

    def violations(self, value: JsonValue) -> list[Violation]:
        """Return what is wrong with `value`, at most twenty violations, nothing when it fits."""
        validator = self._compiled[0]
        if validator is None:
            return []
        try:
            if validator.is_valid(cast("Any", value)):  # the usual end, and far cheaper than looking for reasons
                return []
            errors = list(islice(validator.iter_errors(cast("Any", value)), _MAX_VIOLATIONS))
        except ValueError as error:
            # More than 255 levels, or half a surrogate pair: no server could read the value either.
            message = f"cannot be checked: {error}"
            return [Violation(path=(), message=message, about_container=False, about_type=False, conditional=False)]
        return [_violation(error) for error in errors]

    @cached_property
    def _compiled(self) -> tuple[jsonschema_rs.Validator | None, str | None]:
        try:
            return jsonschema_rs.validator_for(self.document, pattern_options=_LINEAR, offline=True), None
        except (ValueError, RecursionError) as error:
            return None, str(error).splitlines()[0][:300]


def _violation(error: jsonschema_rs.ValidationError) -> Violation:
    return Violation(
        path=tuple(error.instance_path),
        message=error.message[:_LONGEST_MESSAGE],
        about_container=isinstance(error.kind, _ABOUT_CONTAINER),
        about_type=isinstance(error.kind, _ABOUT_TYPE),
        conditional=not _BRANCHES.isdisjoint(error.evaluation_path),
    )
