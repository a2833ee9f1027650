"""Scopes know which names are free."""

import pytest

from batonmcp.core.expression.scopes import CONSTANT_NAMES, CONSTANTS, Scopes
from batonmcp.core.expression.syntax import parse_tree


@pytest.mark.parametrize(
    ("source", "free"),
    [
        ("a.b[c]", "a c"),
        ("true and false or null or None", ""),
        ("len(a)", "a"),
        ("len", "len"),
        ("items.a + items(b)", "b items"),
        ("[x for x in a]", "a"),
        ("[x for x in x]", "x"),
        ("[x for x in a] + x", "a x"),
        ("[y for x in a for y in x.b if y > z]", "a z"),
        ("[y for x in a for y in y]", "a y"),
        ("[x for x in a if x in [x for x in b]]", "a b"),
        ("{k: v for k, [v, w] in a.items()}", "a"),
        ("{x for x in a}", "a"),
        ("(x for x in a)", "a"),
        ("sorted(a, key=lambda x: x.b + c)", "a c"),
        ("sorted(a, key=lambda a: a)", "a"),
        ("sorted(a, key=len)", "a"),
        ("sorted(a, key=b)", "a b"),
        ("[min(a, key=len) for len in b]", "a b"),
        ("f'{a} {b!r:{c}}'", "a b c"),
        ("a.upper().b", "a"),
        ("a[b:c:d]", "a b c d"),
        ("[null for null in a]", "a"),
    ],
)
def test_free_names_are_exact(source: str, free: str) -> None:
    """What an expression needs from its scope is neither more nor less than its free names."""
    assert sorted(Scopes(parse_tree(source)).free) == free.split()


def test_each_variable_has_its_slot() -> None:
    """Variables of one name in several places are different variables."""
    scopes = Scopes(parse_tree("[x for x in a if [x for x in b]] + x"))
    assert scopes.bound == {"x"}
    assert scopes.size == 5
    assert scopes.add_slot() == 5


def test_occurrences_are_those_of_the_free_name() -> None:
    """A variable of the same name is no occurrence."""
    scopes = Scopes(parse_tree("x + [x for x in x][0]"))
    assert len(scopes.occurrences("x")) == 2


def test_constants_are_those_of_json() -> None:
    """JSON's constants are known by their names."""
    assert {name: CONSTANTS[name] for name in CONSTANT_NAMES} == {"true": True, "false": False, "null": None}
