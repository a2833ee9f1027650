"""Templates: expressions stand for values, and nothing else is touched."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.errors import ExpressionFailed
from batonmcp.core.expression import Expression, parse
from batonmcp.core.template import Path, Template

KEYS = st.one_of(st.text(max_size=5), st.sampled_from(["$from", "$raw", "$expr", "${a}"]))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(max_size=10),
    st.sampled_from(["$1", "$100-$500", "${HOME}", "{{a}}", "a.b", "{$from}", "%s"]),
)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=12,
)
PLAIN_KEYS = KEYS.filter(lambda key: key not in {"$from", "$raw"})
MARKS: list[JsonValue] = [{"$from": "one.a"}, {"$from": " [x  for x in b]"}, {"$raw": {"$from": "("}}, {"$raw": None}]
SOURCES: st.SearchStrategy[JsonValue] = st.recursive(
    st.one_of(SCALARS, st.sampled_from(MARKS)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(PLAIN_KEYS, inner, max_size=3)),
    max_leaves=8,
)


def compiled(source: str, _path: Path) -> Expression:
    """Parse a source."""
    return parse(source)


def template(value: Any) -> Template:  # noqa: ANN401 - JSON
    """Return the template that a JSON value stands for."""
    return Template.of(value, compiled)


def is_marked(value: JsonValue) -> bool:
    """Whether a value holds an expression or a raw value somewhere."""
    match value:
        case {"$from": str()} | {"$raw": _} if len(value) == 1:
            return True
        case dict():
            return any(map(is_marked, value.values()))
        case list():
            return any(map(is_marked, value))
        case _:
            return False


def dumped(value: JsonValue) -> str:
    """Write a value so that 1, 1.0 and true differ."""
    return json.dumps(value)


@pytest.mark.parametrize(
    "value",
    [
        "$100-$500",
        "${HOME}",
        "$var1",
        "$1 and $2",
        "{{ name }}",
        "one.value",
        "{$from: one}",
        {"$expr": "one.value"},
        {"$from": 1},
        {"$from": None},
        {"$from": ["one"]},
        {"$from": {"a": "one"}},
        {"$from": "one", "other": 1},
        {"$raw": 1, "other": 2},
        {"from": "one"},
        {"$FROM": "one"},
        {},
        [],
        None,
        0,
        False,
        {"a": [{"b": {"$from": "one", "c": "$from"}}]},
    ],
    ids=str,
)
def test_what_only_looks_like_an_expression_passes_untouched(value: JsonValue) -> None:
    """Real arguments hold dollars and braces; only an object with exactly the key `$from` and a text is taken."""
    made = template(value)
    assert list(made.expressions()) == []
    assert (
        dumped(made.fill({"one": {"value": 1}})) == dumped(made.as_json()) == dumped(made.skeleton()) == dumped(value)
    )


@settings(deadline=None)
@given(TREES.filter(lambda tree: not is_marked(tree)))
def test_a_template_without_expressions_fills_to_itself(tree: JsonValue) -> None:
    """Every JSON value that holds no mark is its own value, its own source and its own skeleton, types included."""
    made = template(tree)
    assert made.names == frozenset()
    assert dumped(made.fill({})) == dumped(made.as_json()) == dumped(made.skeleton()) == dumped(tree)


@settings(deadline=None)
@given(SOURCES)
def test_as_json_gives_the_source_back(tree: JsonValue) -> None:
    """What was written can be shown, saved and read again."""
    made = template(tree)
    assert dumped(made.as_json()) == dumped(tree)
    assert template(made.as_json()).as_json() == tree


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ({"$from": "one.a"}, 5),
        ({"x": {"$from": "one"}}, {"x": {"a": 5, "b": ["t", None]}}),
        ([{"$from": "one.b[0]"}, "one.b[0]"], ["t", "one.b[0]"]),
        ({"x": {"$from": "one.b[1]"}}, {"x": None}),
        ({"x": {"y": [{"$from": "one.a + 1"}]}}, {"x": {"y": [6]}}),
        ({"x": {"$from": "f'{one.a}'"}}, {"x": "5"}),
        ({"x": {"$from": "one.a > 4"}}, {"x": True}),
    ],
    ids=str,
)
def test_an_expression_becomes_its_value_with_its_type(written: JsonValue, value: JsonValue) -> None:
    """A number stays a number, null stays null, and the rest of the template stays as it is."""
    assert dumped(template(written).fill({"one": {"a": 5, "b": ["t", None]}})) == dumped(value)


@pytest.mark.parametrize(
    "raw", [{"$from": "one"}, {"$raw": 1}, "text", None, [{"$from": "one"}], {"a": {"$raw": {}}}], ids=str
)
def test_raw_passes_anything_untouched(raw: JsonValue) -> None:
    """What looks like an expression can be passed as it stands, one level of `$raw` taken off."""
    made = template({"a": {"$raw": raw}})
    assert made.names == frozenset()
    assert made.fill({"one": 1}) == made.skeleton() == {"a": raw}
    assert made.as_json() == {"a": {"$raw": raw}}


def test_every_expression_is_found_with_its_path() -> None:
    """Keys and indexes lead to each, and its free names are all there."""
    made = template(
        {"a": [0, {"b": {"$from": "one.x"}}], "c": {"$from": "[y for y in two if y]"}, "d": {"$raw": {"$from": "e"}}}
    )
    assert [(path, expression.source) for path, expression in made.expressions()] == [
        (("a", 1, "b"), "one.x"),
        (("c",), "[y for y in two if y]"),
    ]
    assert made.names == {"one", "two"}


def test_each_source_is_compiled_once_with_its_path() -> None:
    """Whoever compiles knows where a mistake stands."""
    seen: list[tuple[str, Path]] = []

    def note(source: str, path: Path) -> Expression:
        seen.append((source, path))
        return parse(source)

    made = Template.of([{"$from": "a"}, {"b": {"$from": "c"}}], note)
    made.fill({"a": 1, "c": 2})
    assert seen == [("a", (0,)), ("c", (1, "b"))]


def test_a_source_that_cannot_be_compiled_leaves_null() -> None:
    """The rest can still be looked at, so that every problem is found at once."""
    made = Template.of(
        {"a": {"$from": "("}, "b": {"$from": "one"}}, lambda source, _: None if source == "(" else parse(source)
    )
    assert made.skeleton() == {"a": None, "b": None}
    assert made.names == {"one"}


def test_the_skeleton_has_null_for_expressions_only() -> None:
    """What is known before the run can be judged before the run."""
    made = template({"a": {"$from": "one"}, "b": [1, {"$from": "one"}], "c": {"$raw": {"$from": "x"}}})
    assert made.skeleton() == {"a": None, "b": [1, None], "c": {"$from": "x"}}


def test_an_expression_that_does_not_work_is_raised() -> None:
    """It never becomes a value in silence."""
    with pytest.raises(ExpressionFailed, match="has no key 'b'"):
        template({"a": {"$from": "one.b"}}).fill({"one": {"c": 1}})


def test_filling_twice_gives_two_values() -> None:
    """One item's arguments are not another's."""
    made = template({"a": {"b": [{"$from": "item"}]}})
    assert [made.fill({"item": item}) for item in (1, 2)] == [{"a": {"b": [1]}}, {"a": {"b": [2]}}]
