"""The work that schemas make."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.schema_work import WorkEstimate

MUCH = 1_000_000


def tower(levels: int, keyword: str = "allOf") -> dict[str, Any]:
    """Return a schema whose references branch at every level."""
    twice = {f"a{level}": {keyword: [{"$ref": f"#/$defs/a{level + 1}"}] * 2} for level in range(levels)}
    return {"$ref": "#/$defs/a0", "$defs": {**twice, f"a{levels}": {"type": "integer"}}}


def nested(levels: int) -> JsonValue:
    """Return a value of so many objects inside each other."""
    value: JsonValue = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize("keyword", ["allOf", "anyOf", "oneOf"])
def test_branching_references_multiply(keyword: str) -> None:
    """Thirty levels of two make a billion, whatever the value; five make a few dozen."""
    assert WorkEstimate(tower(30, keyword)).of(1).comparisons > 1 << 30
    assert WorkEstimate(tower(5, keyword)).of(1).comparisons < 500


def test_recursion_multiplies_with_the_levels_of_the_value() -> None:
    """Two ways down at each level: harmless for a flat value, not for a deep one."""
    branch = {"properties": {"a": {"$ref": "#"}}}
    estimate = WorkEstimate({"allOf": [branch, branch | {"x": 1}]})
    assert estimate.of(nested(3)).comparisons < 200
    assert estimate.of(nested(40)).comparisons > 1 << 40


def test_plain_recursion_does_not() -> None:
    """A tree of nodes costs in proportion to the tree."""
    node = {"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}, "v": {}}, "items": {"$ref": "#"}}
    assert WorkEstimate(node).of(nested(90)).comparisons < 300


def test_a_wide_object_costs_in_proportion() -> None:
    """Of a thousand properties each member meets one."""
    estimate = WorkEstimate({"items": {"properties": {f"p{number}": {"a": number} for number in range(1000)}}})
    rows: JsonValue = [{f"p{number}": number for number in range(100)} for _ in range(100)]
    assert estimate.of(rows).comparisons < 3 * 100 * 100


def test_structured_constants_count() -> None:
    """Each value is compared with each of them."""
    estimate = WorkEstimate({"items": {"enum": [{"v": number} for number in range(1000)]}})
    rows: JsonValue = [{"v": 0} for _ in range(100)]
    assert estimate.of(rows).comparisons > MUCH


def test_characters_count_where_a_pattern_looks_at_them() -> None:
    """Also several levels down, with nothing above; without patterns a long text costs nothing."""
    inner = {"properties": {"a": {"properties": {"b": {"pattern": "x{500}"}}}}}
    work = WorkEstimate(inner).of({"a": {"b": "y" * 1000}})
    assert (work.characters, work.length) == (6 * 1002, 1002)
    assert WorkEstimate({"type": "string"}).of("y" * MUCH).characters == 0


def test_unevaluated_counts_twice() -> None:
    """What it asks is found by judging once more."""
    once = WorkEstimate({"allOf": [{}]}).of(1).comparisons
    assert WorkEstimate({"allOf": [{}], "unevaluatedProperties": False}).of(1).comparisons == 2 * once


def test_an_estimate_itself_is_bounded() -> None:
    """A large schema whose work only grows slowly is given up rather than followed through every level."""
    chain = {f"a{n}": {"properties": {"a": {"$ref": f"#/$defs/a{n}"}}} for n in range(900)}
    document = {"allOf": [{"$ref": "#/$defs/a1"}], "properties": {"a": {"$ref": "#"}}, "$defs": chain}
    assert WorkEstimate(document).of(nested(60)).comparisons > 1 << 50


SCHEMAS = st.recursive(
    st.sampled_from([{}, {"type": "integer"}, {"$ref": "#/$defs/d"}]),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "properties": st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
            "additionalProperties": inner,
            "items": inner,
        },
    ),
    max_leaves=8,
)


def judged(schema: dict[str, Any], root: dict[str, Any], value: JsonValue) -> int:
    """Count how many subschemas look at how many values, the plain way."""
    count = 1
    for other in [*schema.get("allOf", []), *schema.get("anyOf", [])]:
        count += judged(other, root, value)
    if "$ref" in schema:
        count += judged(root["$defs"]["d"], root, value)
    if isinstance(value, dict):
        for key, member in value.items():
            inner = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            count += judged(inner, root, member) if inner is not None else 0
    if isinstance(value, list) and "items" in schema:
        count += sum(judged(schema["items"], root, member) for member in value)
    return count


VALUES = st.recursive(
    st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
)


@given(SCHEMAS, VALUES)
def test_the_estimate_is_never_too_low(schema: dict[str, Any], value: JsonValue) -> None:
    """What a validator does at most is at most what was estimated."""
    root = {**schema, "$defs": {"d": {"properties": {"a": {"type": "integer"}}}}}
    assert WorkEstimate(root).of(value).comparisons >= judged(root, root, value)
