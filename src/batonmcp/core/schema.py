"""JSON Schema as the judge of values."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, cast

import jsonschema_rs
from pydantic import JsonValue

from batonmcp.core.limits import size_of
from batonmcp.core.reference import referenced
from batonmcp.core.schema_graph import Astray
from batonmcp.core.schema_work import Work, WorkEstimate

__all__ = ["LARGEST_SCHEMA", "Schema", "Violation", "referenced"]

LARGEST_SCHEMA = 256_000
"""Largest schema that judges, in bytes."""

_LINEAR = jsonschema_rs.RegexOptions(size_limit=1_000_000, dfa_size_limit=10_000_000)
_MAX_VIOLATIONS = 20
_LONGEST_MESSAGE = 500
_MOST_COMPARISONS = 1_000_000
_MOST_CHARACTERS = 2_000_000
_MOST_REASONS = 1_500
"""Most comparisons after which all reasons are looked for: each takes a thousand times as long as a comparison."""

_LONGEST_QUOTED = 1_000_000
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
    schema can make it fetch anything. A schema that cannot be compiled, or is larger than what is worth judging by,
    accepts every value; `defect` says why. So does any schema accept a value that would take too long to judge: the
    work is estimated before it is done.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = dict(document)

    @property
    def defect(self) -> str | None:
        """Why the schema cannot judge anything, or None."""
        judge = self._judge
        return judge if isinstance(judge, str) else None

    def violations(self, value: JsonValue) -> list[Violation]:
        """Return what is wrong with `value`, at most twenty violations, nothing when it fits."""
        judge = self._judge
        if isinstance(judge, str):
            return []
        validator, estimate = judge
        try:
            work = estimate.of(value)
            if work.comparisons > _MOST_COMPARISONS or work.characters > _MOST_CHARACTERS:
                return []
            if validator.is_valid(cast("Any", value)):  # the usual end, and far cheaper than looking for reasons
                return []
            return _reasons(validator, value, work)
        except ValueError as error:
            # More than 255 levels, or half a surrogate pair: no server could read the value either.
            return [_whole(f"cannot be checked: {error}")]

    @cached_property
    def _judge(self) -> tuple[jsonschema_rs.Validator, WorkEstimate] | str:
        """What judges, or why nothing can."""
        astray: Astray | None = None
        estimate: WorkEstimate | None = None
        try:
            if size_of(self.document) > LARGEST_SCHEMA:
                return f"it is larger than {LARGEST_SCHEMA:,} bytes"
            try:
                estimate = WorkEstimate(self.document)
            except Astray as error:
                astray = error  # the compiler says it better, if it minds
            validator = jsonschema_rs.validator_for(self.document, pattern_options=_LINEAR, offline=True)
        except (ValueError, RecursionError) as error:
            return str(error).splitlines()[0][:300]
        return (validator, estimate) if estimate else str(astray)


def _reasons(validator: jsonschema_rs.Validator, value: JsonValue, work: Work) -> list[Violation]:
    """Tell what is wrong with a value: of a large one the first thing, of a huge one only that it does not fit."""
    if work.length > _LONGEST_QUOTED:
        return [_whole("does not fit; it is too long to say where")]
    if work.comparisons <= _MOST_REASONS:
        return [_violation(error) for error in islice(validator.iter_errors(cast("Any", value)), _MAX_VIOLATIONS)]
    try:
        validator.validate(cast("Any", value))
    except jsonschema_rs.ValidationError as error:
        return [_violation(error)]
    return []


def _whole(message: str) -> Violation:
    return Violation(path=(), message=message, about_container=False, about_type=False, conditional=False)


def _violation(error: jsonschema_rs.ValidationError) -> Violation:
    return Violation(
        path=tuple(error.instance_path),
        message=error.message[:_LONGEST_MESSAGE],
        about_container=isinstance(error.kind, _ABOUT_CONTAINER),
        about_type=isinstance(error.kind, _ABOUT_TYPE),
        conditional=not _BRANCHES.isdisjoint(error.evaluation_path),
    )
