"""The cost of an expression is known before it is run."""

import pytest

from batonmcp.core.expression.cost import only_selects, steps_of
from batonmcp.core.expression.syntax import parse_tree


def test_each_term_costs() -> None:
    """Every term counts, a call more than others."""
    assert steps_of(parse_tree("a.b")) == 2
    assert steps_of(parse_tree("len(a.b)")) > steps_of(parse_tree("a.b.c")) > steps_of(parse_tree("a.b"))
    assert steps_of(parse_tree("a"), parse_tree("b")) == 2


@pytest.mark.parametrize(
    "source",
    [
        "a",
        "a.b[0].c[1:]",
        "a[b + 1]",
        "a or b or []",
        "a if b > 1 else c",
        "[x for x in a if x.b == 1]",
        "[x.b for x in a.c]",
        "[y.c for x in a for y in x.b]",
        "sorted(a.b, key=lambda x: -x.c)[:3]",
        "[v for k, v in group_by(a, 'b').items()]",
        "[[y for y in x.b] for x in a]",
    ],
)
def test_selection_is_recognised(source: str) -> None:
    """What only selects, filters, sorts or groups is no larger than what it came from."""
    assert only_selects(parse_tree(source))


@pytest.mark.parametrize(
    "source",
    [
        "1",
        "[a, a]",
        "{'x': a}",
        "a + a",
        "[a for x in b]",
        "['text' for x in a]",
        "[x for x in a for y in b]",
        "[x for x in a for y in x.b]",
        "[[x, x] for x in a]",
        "[x.b or a for x in b]",
        "(a or [b, b])",
        "next(a, [b, b])",
        "a.get('b', [c, c])",
        "list([a, a])",
        "{x: a for x in b}",
    ],
)
def test_anything_else_is_not_selection(source: str) -> None:
    """What may hold a part more than once, or builds something, is weighed."""
    assert not only_selects(parse_tree(source))
