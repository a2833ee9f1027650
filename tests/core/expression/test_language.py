"""An expression is parsed once, evaluated often and renamed safely."""

import sys

import pytest
from pydantic import JsonValue

from batonmcp.core.errors import ExpressionFailed, ExpressionInvalid
from batonmcp.core.expression import CONSTANT_NAMES, FUNCTION_NAMES, Limits, evaluate, parse, rename


def test_expression_keeps_its_source_and_names() -> None:
    """An expression knows its text and what it needs."""
    expression = parse("[a for a in trends.anomalies if a.n > limit]")
    assert expression.source == "[a for a in trends.anomalies if a.n > limit]"
    assert expression.names == {"trends", "limit"}


def test_expressions_of_one_text_are_equal() -> None:
    """Equality is that of the text."""
    assert parse("a.b") == parse("a.b") != parse("a.c")


def test_expression_is_evaluated_often() -> None:
    """Each evaluation has its own variables."""
    expression = parse("[x + n for x in xs]")
    assert evaluate(expression, {"xs": [1, 2], "n": 1}) == [2, 3]
    assert evaluate(expression, {"xs": [5], "n": 0, "other": 1}) == [5]


@pytest.mark.parametrize(
    ("source", "scope", "result"),
    [
        ("len(trends.anomalies) > 0", {"trends": None}, False),
        ("[a.severity for a in trends.anomalies]", {"trends": None}, []),
        ("trends.a[0]['b'].upper()[1:]", {"trends": None}, None),
        ("f'anomaly in {item.component}'", {"item": {"component": "db"}}, "anomaly in db"),
        ("'$100-$500 ${HOME} $1'", {}, "$100-$500 ${HOME} $1"),
        (
            "{k: sum(o.total for o in v) for k, v in group_by(orders, 'by').items()}",
            {"orders": [{"by": "a", "total": 2}, {"by": "a", "total": 3}]},
            {"a": 5},
        ),
    ],
)
def test_plan_expressions_have_their_values(source: str, scope: dict[str, JsonValue], result: JsonValue) -> None:
    """Expressions as plans hold them work, over null as well."""
    assert evaluate(parse(source), scope) == result


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("tends.a", "in `tends.a`: `tends` has no value. Did you mean 'trends'?"),
        ("len", "in `len`: `len` has no value. Call it: len(x)."),
        ("trends.b", "in `trends.b`: `trends` has no key 'b'; it has 'a'."),
    ],
)
def test_failure_names_the_expression(source: str, message: str) -> None:
    """An error holds the expression, what is wrong and a cure, and has no other error behind it."""
    with pytest.raises(ExpressionFailed) as caught:
        evaluate(parse(source), {"trends": {"a": 1}})
    assert str(caught.value).startswith(message)
    assert caught.value.source == source
    assert caught.value.__suppress_context__


def test_refusal_names_the_expression() -> None:
    """An expression outside the language is refused with its text."""
    with pytest.raises(ExpressionInvalid, match="in `a b`: it cannot be read") as caught:
        parse("a b")
    assert caught.value.info.kind == "expression_invalid"


def test_limits_hold() -> None:
    """Fuel, items and characters are limited as asked."""
    with pytest.raises(ExpressionFailed, match="more than 5 steps"):
        evaluate(parse("[1 for x in xs]"), {"xs": [1, 2, 3]}, limits=Limits(fuel=5))
    with pytest.raises(ExpressionFailed, match="a list of 3 items is too long; 2"):
        evaluate(parse("range(3)"), {}, limits=Limits(max_items=2))
    with pytest.raises(ExpressionFailed, match="a text of 6 characters is too long; 4"):
        evaluate(parse("'ab' * 3"), {}, limits=Limits(max_text=4))


def test_inputs_are_not_changed() -> None:
    """No evaluation writes to what it is given."""
    scope: dict[str, JsonValue] = {"a": {"b": [3, 1]}}
    evaluate(parse("[sorted(a.b), {**a, 'c': 1}, a.b + [2], flatten([a.b]), group_by(a.b, key=str)]"), scope)
    assert scope == {"a": {"b": [3, 1]}}


@pytest.mark.parametrize(
    ("source", "names", "renamed"),
    [
        ("a.b + len(a)", {"a": "z"}, "z.b + len(z)"),
        ("[x for x in x]", {"x": "y"}, "[x for x in y]"),
        ("a + b", {"a": "b", "b": "a"}, "b + a"),
        ("items.a + items(b)", {"items": "items_"}, "items_.a + items(b)"),
        ("f'{a}: {b!r:>{c}}'", {"a": "x", "c": "y"}, "f'{x}: {b!r:>{y}}'"),
        ("a  .b", {"c": "d", "a": "a"}, "a  .b"),
        ("sorted(a, key=lambda a: a.b)", {"a": "c"}, "sorted(c, key=lambda a: a.b)"),
    ],
)
def test_free_names_are_renamed(source: str, names: dict[str, str], renamed: str) -> None:
    """Only free names change, and the text does not where there is none."""
    assert rename(parse(source), names).source == renamed


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("[x + a for x in b]", {"a": "x"}),
        ("a + b", {"a": "b"}),
        ("a + b", {"a": "c", "b": "c"}),
        ("a", {"a": "len"}),
        ("a", {"a": "true"}),
        ("a", {"a": "for"}),
        ("a", {"a": "1x"}),
        ("a + '" + "x" * 4_080 + "'", {"a": "longer_name_of_step"}),
    ],
    ids=range(8),
)
def test_wrong_name_is_refused(source: str, names: dict[str, str]) -> None:
    """A new name that means something else, is none, or cannot be written is refused."""
    with pytest.raises(ExpressionInvalid):
        rename(parse(source), names)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="newer versions of Python write it")
def test_text_that_cannot_be_written_again_is_refused() -> None:
    """An f-string that Python cannot write as text again keeps its names."""
    with pytest.raises(ExpressionInvalid, match="cannot be written with other names"):
        rename(parse("f'{a[\"\u200b\"]}'"), {"a": "b"})


def test_reserved_names_are_known() -> None:
    """Names of functions and constants are there for whoever names steps."""
    assert {"len", "isinstance", "group_by"} < FUNCTION_NAMES
    assert sorted(CONSTANT_NAMES) == ["false", "null", "true"]
    assert not FUNCTION_NAMES & CONSTANT_NAMES
