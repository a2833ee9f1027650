"""Schemas as judges: exact, and safe with a hostile schema or value."""

import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import JsonValue

from batonmcp.core.schema import Schema, Violation

SECOND = 1.0


@pytest.mark.parametrize(
    ("document", "value", "path"),
    [
        ({"type": "object"}, [], ()),
        ({"properties": {"a": {"type": "integer"}}}, {"a": "5"}, ("a",)),
        ({"properties": {"a": {"items": {"enum": ["x"]}}}}, {"a": ["x", "y"]}, ("a", 1)),
        ({"required": ["a"]}, {}, ()),
        ({"additionalProperties": False}, {"a": 1}, ()),
        ({"properties": {"a": {"$ref": "#/$defs/n"}}, "$defs": {"n": {"minimum": 3}}}, {"a": 1}, ("a",)),
    ],
)
def test_a_violation_names_its_place(document: dict[str, Any], value: JsonValue, path: tuple[str | int, ...]) -> None:
    """Keys and indexes lead to the value that is wrong, and a sentence says why."""
    (violation,) = Schema(document).violations(value)
    assert violation.path == path
    assert violation.message


def test_a_value_that_fits_has_no_violations() -> None:
    """Nothing is found where nothing is wrong, and the schema has no defect."""
    schema = Schema({"type": "object", "properties": {"a": {"type": ["integer", "null"]}}, "required": ["a"]})
    assert schema.violations({"a": None}) == []
    assert schema.defect is None


@pytest.mark.parametrize(
    ("document", "value", "about_container"),
    [
        ({"required": ["a"]}, {"b": None}, True),
        ({"additionalProperties": False}, {"b": None}, True),
        ({"properties": {"a": {}}, "additionalProperties": False}, {"b": None}, True),
        ({"maxProperties": 1}, {"a": None, "b": None}, True),
        ({"minProperties": 3}, {"a": None}, True),
        ({"minItems": 2}, [None], True),
        ({"maxItems": 1}, [None, None], True),
        ({"type": "array"}, {"a": None}, True),
        ({"enum": [{"a": 1}]}, {"a": None}, False),
        ({"anyOf": [{"required": ["b"]}]}, {"a": None}, False),
        ({"uniqueItems": True}, [None, None], False),
        ({"anyOf": [{"properties": {"a": {"type": "string"}}}], "unevaluatedProperties": False}, {"a": None}, False),
    ],
)
def test_says_what_stays_wrong_whatever_is_filled_in(
    document: dict[str, Any],
    value: JsonValue,
    about_container: bool,  # noqa: FBT001 - a table
) -> None:
    """A missing key stays missing when a value inside is computed later; a value to choose from may yet fit."""
    assert {violation.about_container for violation in Schema(document).violations(value)} == {about_container}


@pytest.mark.parametrize(
    ("schema", "value", "about_type"),
    [
        ({"type": "integer"}, "5", True),
        ({"enum": [5]}, "5", True),
        ({"const": 5}, "5", True),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "5", True),
        ({"oneOf": [{"type": "integer"}, {"type": "null"}]}, "5", True),
        ({"minimum": 6}, 5, False),
        ({"multipleOf": 2}, 5, False),
        ({"maxLength": 3}, "12345", False),
        ({"pattern": "^x"}, "5", False),
        ({"not": {"type": "string"}}, "5", False),
    ],
    ids=str,
)
def test_says_what_the_same_value_in_another_type_may_mend(
    schema: dict[str, Any],
    value: JsonValue,
    about_type: bool,  # noqa: FBT001 - a table
) -> None:
    """A number that breaks a bound is wrong as a text too, even where the schema would let the text pass."""
    assert [violation.about_type for violation in Schema(schema).violations(value)] == [about_type]


def test_says_which_violations_hang_on_an_if() -> None:
    """What only `then` or `else` asks for may not be asked for once the value that `if` looks at is known."""
    schema = Schema(
        {"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": {"required": ["c"]}, "minProperties": 1}
    )
    assert [violation.conditional for violation in schema.violations({"a": 1})] == [True]
    assert sorted(violation.conditional for violation in schema.violations({})) == [False, True]


@pytest.mark.parametrize(
    "pattern", ["^(a+)+$", "^(a|a)*$", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$", "(.*a){20}"], ids=str
)
def test_a_hostile_pattern_ends_at_once(pattern: str) -> None:
    """A pattern that takes a backtracking engine years takes no time, or is refused."""
    schema = Schema({"properties": {"a": {"pattern": pattern}}})
    began = time.perf_counter()
    schema.violations({"a": "a" * 20_000 + "!"})
    assert time.perf_counter() - began < SECOND


@pytest.mark.parametrize("pattern", ["((((a{1,100}){1,100}){1,100}){1,100})", "(?=x)y", r"(a)\1"], ids=str)
def test_a_pattern_that_linear_time_cannot_do_is_a_defect(pattern: str) -> None:
    """Look-around, back-references and patterns that grow too large are not run in some slower way."""
    assert Schema({"properties": {"a": {"pattern": pattern}}}).defect


@pytest.mark.parametrize(
    "reference", ["https://example.com/s.json", "file:///etc/passwd", "other.json#/a", "#/$defs/no"]
)
def test_a_reference_out_of_the_document_is_refused(reference: str) -> None:
    """Nothing is fetched and no file is read: the schema is broken, and says so."""
    schema = Schema({"properties": {"a": {"$ref": reference}}})
    assert schema.defect
    assert schema.violations({"a": 1}) == []


def test_a_reference_to_a_file_that_exists_is_refused(tmp_path: Path) -> None:
    """It is not that the file could not be used: it is not read."""
    file = tmp_path / "schema.json"
    file.write_text('{"type": "integer"}')
    schema = Schema({"$ref": file.as_uri()})
    assert schema.defect is not None
    assert "disabled" in schema.defect
    assert schema.violations("text") == []


@pytest.mark.parametrize(
    "document",
    [
        {"type": 5},
        {"type": "text"},
        {"properties": []},
        {"required": ["a", "a"]},
        {"$schema": "https://example.com/my-own"},
        {"properties": {"a": {"const": "\ud800"}}},
    ],
    ids=str,
)
def test_a_broken_schema_accepts_everything_and_says_why(document: dict[str, Any]) -> None:
    """A server's mistake does not make its tool unusable, but it can be told in one line."""
    schema = Schema(document)
    assert schema.violations({"a": 1}) == schema.violations(None) == []
    assert schema.defect is not None
    assert "\n" not in schema.defect
    assert len(schema.defect) <= 300


def test_a_schema_nested_without_end_is_a_defect() -> None:
    """It is reported, and does not exhaust the stack."""
    document: dict[str, Any] = {}
    for _ in range(5_000):
        document = {"properties": {"a": document}}
    assert Schema(document).defect


@pytest.mark.parametrize(
    "document",
    [{"$ref": "#"}, {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}}],
    ids=str,
)
def test_a_schema_that_refers_to_itself_ends(document: dict[str, Any]) -> None:
    """A circle of references asks for nothing."""
    assert Schema(document).violations({}) == []


@pytest.mark.parametrize("levels", [300, 900])
def test_a_value_nested_too_deep_is_a_violation(levels: int) -> None:
    """A value that cannot be walked does not fit; nothing is raised."""
    value: JsonValue = None
    for _ in range(levels):
        value = [value]
    (violation,) = Schema({"type": "array"}).violations({"a": value})
    assert "cannot be checked" in violation.message


def test_half_a_surrogate_pair_is_a_violation() -> None:
    """Text that no server could receive does not fit; nothing is raised."""
    (violation,) = Schema({"properties": {"a": {"pattern": "^x"}}}).violations({"a": "\ud800"})
    assert "cannot be checked" in violation.message


def test_at_most_twenty_violations_are_told() -> None:
    """A long list of the same mistake does not flood an error message."""
    schema = Schema({"items": {"type": "integer"}})
    texts: list[JsonValue] = ["x"]
    assert len(schema.violations(texts * 500)) == 20
    assert len(schema.violations(texts * 19)) == 19


def test_a_message_is_short_whatever_the_value() -> None:
    """The validator quotes the value; no more than 500 characters of it are kept."""
    (violation,) = Schema({"type": "integer"}).violations("x" * 100_000)
    assert len(violation.message) <= 500


def test_the_document_is_a_copy() -> None:
    """What a caller does to the mapping afterwards does not reach the schema."""
    document: dict[str, Any] = {"type": "object"}
    schema = Schema(document)
    document["type"] = "array"
    assert schema.document == {"type": "object"}


def test_a_violation_is_frozen() -> None:
    """A record of what was found does not change."""
    violation = Violation(path=(), message="m", about_container=False, about_type=False, conditional=False)
    with pytest.raises(AttributeError):
        violation.message = "n"  # type: ignore[misc]


def branching(levels: int) -> dict[str, Any]:
    """Return a schema whose references branch at every level."""
    twice = {f"a{level}": {"allOf": [{"$ref": f"#/$defs/a{level + 1}"}] * 2} for level in range(levels)}
    return {"$ref": "#/$defs/a0", "$defs": {**twice, f"a{levels}": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("document", "value"),
    [
        (branching(40), "text"),
        ({"items": {"enum": [{"v": number} for number in range(2_000)]}}, [{"v": 1}] * 5_000),
        ({"allOf": [{"properties": {"a": {"$ref": "#"}}, "x": n} for n in range(2)]}, {"a": {"a": {"a": {}}}}),
        ({"pattern": "(?i)[a-z\u00e9]{2000}"}, "a" * 4_000_000),
        ({"items": {"anyOf": [{"type": "integer"}, {"type": "boolean"}]}}, [None] * 49_000),
        ({"type": "integer"}, "x" * 4_000_000),
        ({"properties": {f"p{n}": {"pattern": "a{9}"} for n in range(1_900)}}, {"p1": 1}),
    ],
    ids=["branching", "constants", "recursion", "pattern", "reasons", "long text", "many patterns"],
)
def test_a_costly_judgement_ends_at_once(document: dict[str, Any], value: JsonValue) -> None:
    """Whatever a schema and a value are, telling whether they fit takes no time worth naming."""
    began = time.perf_counter()
    Schema(document).violations(value)
    assert time.perf_counter() - began < SECOND


def test_what_takes_too_long_to_judge_is_accepted() -> None:
    """The server judges its arguments itself; ours is a courtesy."""
    assert Schema(branching(40)).violations("text") == []
    assert Schema(branching(4)).violations("text") != []


def test_of_a_large_value_the_first_fault_is_told() -> None:
    """Finding all of them takes far longer than finding that there is one."""
    value: JsonValue = [*[1] * 5_000, *["x"] * 5_000]
    (violation,) = Schema({"items": {"type": "integer"}}).violations(value)
    assert violation.path == (5_000,)


def test_of_a_huge_text_only_that_it_does_not_fit_is_told() -> None:
    """To quote it would mean to copy it."""
    (violation,) = Schema({"type": "integer"}).violations("x" * 1_000_001)
    assert "too long to say where" in violation.message


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ({"properties": {str(n): {"x": n} for n in range(2_000)}}, "2,000 subschemas"),
        ({"description": "x" * 256_000}, "256,000 bytes"),
        ({"pattern": "a{30000}"}, "patterns"),
        ({"$ref": "#"}, "without end"),
        ({"$ref": "b", "$defs": {"b": {"$id": "b"}}}, "addresses"),
    ],
    ids=["subschemas", "bytes", "patterns", "circle", "addresses"],
)
def test_a_schema_past_the_limits_is_a_defect(document: dict[str, Any], says: str) -> None:
    """It accepts everything, and says which limit it is past."""
    schema = Schema(document)
    assert schema.defect is not None
    assert says in schema.defect
    assert schema.violations(None) == []
