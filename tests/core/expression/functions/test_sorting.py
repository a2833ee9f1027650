"""Sorting functions put items in order or choose by it."""

from collections.abc import Callable

import pytest
from pydantic import JsonValue


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("sorted([3, 1.5, true])", [True, 1.5, 3]),
        ("sorted('ba')", ["a", "b"]),
        ("sorted(null)", []),
        ("sorted([[2, 'a'], [1, 'b']])", [[1, "b"], [2, "a"]]),
        ("sorted([1, 2], reverse=True)", [2, 1]),
        ("[x.i for x in sorted(rows, key='n')]", [1, 0, 2]),
        ("[x.i for x in sorted(rows, key='n', reverse=true)]", [0, 2, 1]),
        ("max([1, 3, 2])", 3),
        ("max(1, 3, 2)", 3),
        ("min('b', 'a')", "a"),
        ("max({'a': 1, 'b': 0})", "b"),
        ("min(rows, key='n').i", 1),
        ("max(rows, key=lambda x: x.n).i", 0),
        ("min([], default=0)", 0),
        ("max(null, default=null)", None),
        ("max([0, -0.0])", 0),
    ],
)
def test_order_has_its_value(value: Callable[..., JsonValue], source: str, result: JsonValue) -> None:
    """Sorting is stable and choosing takes the first, as in Python."""
    assert value(source, rows=[{"i": 0, "n": 2}, {"i": 1, "n": 1}, {"i": 2, "n": 2}]) == result


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("sorted([1, 'a'])", "`sorted` cannot order number and text values. Convert the keys to one kind"),
        ("sorted([1, null])", "`sorted` cannot order null and number values. Leave null out by an `if`"),
        ("sorted([{}, {}])", "`sorted` cannot order object values. Say by what: key='field'"),
        ("max([[1], ['a']])", "`max` cannot order list values. Say by what"),
        ("min([])", "`min` got an empty list. Write min(x, default=null)."),
        ("max()", "`max` got an empty list."),
        ("max(3)", "`max` needs a list, got number 3."),
        ("sorted(big)", "items is too long"),
        ("max(big)", "steps"),
        ("sorted(texts)", "steps"),
        ("sorted([1, 2], key=lambda x: x.a)", "which has no key 'a'"),
    ],
)
def test_order_has_its_faults(failure: Callable[..., str], source: str, message: str) -> None:
    """What has no order, and too much to sort, is explained."""
    texts: list[JsonValue] = ["x" * 100_000 + str(n) for n in range(100)] * 10
    assert message in failure(source, big=[0] * 2_000_000, texts=texts)
