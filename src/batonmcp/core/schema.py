"""JSON Schema as the judge of values."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import jsonschema_rs
from pydantic import JsonValue

__all__ = ["Schema", "Violation"]

_LINEAR = jsonschema_rs.RegexOptions(size_limit=1_000_000, dfa_size_limit=10_000_000)
_MAX_VIOLATIONS = 20

_ABOUT_CONTAINER = (
    jsonschema_rs.ValidationErrorKind.Required,
    jsonschema_rs.ValidationErrorKind.AdditionalProperties,
    jsonschema_rs.ValidationErrorKind.UnevaluatedProperties,
    jsonschema_rs.ValidationErrorKind.MaxProperties,
    jsonschema_rs.ValidationErrorKind.MinProperties,
    jsonschema_rs.ValidationErrorKind.Type,
)
"""Violations at a container that stay true whatever values are filled in inside it later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Violation:
    """One way in which a value breaks a schema.

    Attributes:
        path: Keys and indexes from the value's root to the place.
        message: What is wrong there, in the validator's words.
        about_container: Whether it stays true whatever stands inside that place.
    """

    path: tuple[str | int, ...]
    message: str
    about_container: bool


class Schema:
    """A JSON Schema, compiled on first use.

    Patterns run in linear time and references never leave the document, so a hostile schema can neither hang the
    process nor make it fetch anything. A schema that cannot be compiled accepts every value; `defect` says why.
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
        found: list[Violation] = []
        for error in validator.iter_errors(cast("Any", value)):
            found.append(
                Violation(
                    path=tuple(error.instance_path),
                    message=error.message[:500],
                    about_container=isinstance(error.kind, _ABOUT_CONTAINER),
                )
            )
            if len(found) == _MAX_VIOLATIONS:
                break
        return found

    @cached_property
    def _compiled(self) -> tuple[jsonschema_rs.Validator | None, str | None]:
        try:
            return jsonschema_rs.validator_for(self.document, pattern_options=_LINEAR, offline=True), None
        except (ValueError, RecursionError) as error:
            return None, str(error).splitlines()[0][:300]
