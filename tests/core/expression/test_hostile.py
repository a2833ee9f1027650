"""Hostile expressions and hostile data end in an error, within their budget of work and memory.

The assertions are about the error, not about wall time: fuel is what bounds that.
"""

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.errors import ExpressionFailed, ExpressionInvalid
from batonmcp.core.expression import Expression, evaluate, parse
from hostile_expressions import hostile_expressions, hostile_scope

MEGABYTE = 2**20


@pytest.mark.parametrize(("source", "message"), hostile_expressions())
def test_hostile_expression_ends_in_an_error(source: str, message: str) -> None:
    """Too much work, too large a value or a cycle is refused with the reason."""
    with pytest.raises(ExpressionFailed) as caught:
        evaluate(parse(source), hostile_scope())
    assert message in caught.value.info.message


@pytest.mark.parametrize(
    "source",
    ["len(big)", "1 in big", "any(big)", "big[5:10]", "deep[0][0]", "loop[0][0]", "knot.a.b[0]", "len(str(two))"],
)
def test_modest_work_on_hostile_data_is_done(source: str) -> None:
    """What does not walk the data has its value, however large or cyclic they are."""
    evaluate(parse(source), hostile_scope())


@pytest.mark.parametrize(
    "source",
    [
        "[str(x) * 1000 for x in range(100000)]",
        "[[0] * 1000 for x in range(100000)]",
        "['x'.zfill(100000) for x in range(100000)]",
        "[long[x:] for x in range(100000)]",
        "[{'a': [x, x]} for x in range(100000)]",
        "[wide.items() for x in range(100)]",
        "[list(long[:1000]) for x in range(100000)]",
        "[x.split('1') for x in texts]",
        "parse_json('[' + '{},' * 200000 + '1]')",
        "[f'{x:1000}' for x in range(100000)]",
        "to_json(['\\0' * 100000] * 9)",
    ],
)
def test_memory_is_bounded(source: str) -> None:
    """No evaluation holds more than some dozens of megabytes, whether it fails or not."""
    expression, scope = parse(source), hostile_scope()
    tracemalloc.start()
    try:
        _attempt(expression, scope)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * MEGABYTE


def _attempt(expression: Expression, scope: dict[str, JsonValue]) -> None:
    try:
        evaluate(expression, scope)
    except ExpressionFailed:
        return


TOKENS = (
    "a b x len sorted . ( ) [ ] { } , : + - * ** / % == < and not in is if else for lambda key= 1 2.5 'a' f'{a}' :="
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(TOKENS.split()), max_size=12).map(" ".join) | st.text(max_size=30))
def test_any_text_is_parsed_or_refused(source: str) -> None:
    """Whatever the text, it is an expression or refused; and an expression has a value or fails."""
    try:
        expression = parse(source)
    except ExpressionInvalid:
        return
    _attempt(expression, {"a": 1, "b": [1, 2], "x": {"a": 1}})
