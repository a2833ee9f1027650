"""Calls find their function, their method and their arguments."""

from collections.abc import Callable

import pytest
from pydantic import JsonValue

SCOPE: dict[str, JsonValue] = {
    "xs": [{"n": 2, "s": "b", "t": {"u": 1}}, {"n": 1, "s": "A", "t": {"u": 2}}, {"n": 3, "s": "c", "t": {"u": 0}}],
    "words": ["pear", "fig", "apple"],
    "counts": {"a": 1, "b": 5, "items": 2},
}


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("[x.n for x in sorted(xs, key=lambda x: x.n)]", [1, 2, 3]),
        ("[x.n for x in sorted(xs, key='n', reverse=True)]", [3, 2, 1]),
        ("[x.n for x in sorted(xs, key='t.u')]", [3, 2, 1]),
        ("[x.n for x in sorted(xs, key=lambda x: (x.s.lower(), x.n))]", [1, 2, 3]),
        ("sorted(words, key=len)", ["fig", "pear", "apple"]),
        ("sorted(words, key=lambda w: sum(1 for c in w if c == 'p'))", ["fig", "pear", "apple"]),
        ("max(counts, key=counts.get)", "b"),
        ("sorted(words, key=null)", ["apple", "fig", "pear"]),
        ("max(xs, key=lambda x: x.n).s", "c"),
        ("min(xs, key='n').s", "A"),
        ("keys(group_by(words, lambda w: w[0]))", ["p", "f", "a"]),
        ("group_by(words, key=len)['3']", ["fig"]),
        ("counts.items", 2),
        ("counts.items()[0]", ["a", 1]),
        ("[len(len) for len in words]", [4, 3, 5]),
        ("isinstance(counts, dict)", True),
        ("isinstance(1.5, (int, str))", False),
        ("isinstance(true, int)", True),
        ("isinstance((1, 2), (list, tuple))", True),
        ("'a,b'.split(sep=',', maxsplit=1)", ["a", "b"]),
        ("null.upper()", None),
        ("null.get('a', 3)", 3),
    ],
)
def test_call_has_its_value(value: Callable[..., JsonValue], source: str, result: JsonValue) -> None:
    """Functions, methods and every form of `key` are called as in Python."""
    assert value(source, **SCOPE) == result


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("foo(1)", "there is no function `foo`."),
        ("__import__('os')", "there is no function `__import__`."),
        ("a.foo()", "there is no method `foo`."),
        ("a.__class__()", "there is no method `__class__`."),
        ("a[0]()", "`a[0]` is no function. Call one by its name."),
        ("(lambda x: x)(1)", "`lambda x: x` is no function."),
        ("len()", "missing a required argument: 'value'. Write len(value)."),
        ("len(a, b)", "too many positional arguments"),
        ("sorted(a, by='x')", "'by'. Write sorted(values, key=…, reverse=…)."),
        ("sorted(a, **b)", "each named argument once, and no `**`"),
        ("sorted(a, key='x', key='y')", "each named argument once"),
        ("max(*a)", "`*` is not part of the language."),
        ("sorted(a, key=lambda: 1)", "the lambda of a `key` takes one item. Write key=lambda x: x.field."),
        ("sorted(a, key=lambda x, y: 1)", "takes one item"),
        ("sorted(a, key=lambda *x: 1)", "takes one item"),
        ("sorted(a, key=lambda x=1: 1)", "takes one item"),
        ("sorted(a, reverse=lambda x: x)", "a lambda here is not part of the language."),
        ("sorted(a, key=get)", "`get` cannot be called like this"),
        ("sorted(a, key=b.replace)", "`replace` cannot be called like this"),
        ("isinstance(a)", "takes a value and a type"),
        ("isinstance(a, ())", "takes a value and a type"),
        ("isinstance(a, b)", "The types are bool, dict, float, int, list, set, str, tuple."),
        ("isinstance(a, str, key=1)", "takes a value and a type"),
    ],
)
def test_wrong_call_is_refused(refusal: Callable[[str], str], source: str, message: str) -> None:
    """What cannot be called, or not so, is said before anything runs."""
    assert message in refusal(source)
