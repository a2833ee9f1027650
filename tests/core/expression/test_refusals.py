"""Refusals name what the language leaves out, and a cure."""

import ast

import pytest

from batonmcp.core.expression.refusals import refused_call, refused_method, refused_node


@pytest.mark.parametrize(
    ("node", "message", "cure"),
    [
        (ast.BitAnd(), "`&` is not part of the language.", "Write `and`"),
        (ast.Starred(value=ast.Name(id="a")), "`*` is not part of the language.", "a + b"),
        (ast.Slice(), "a slice in a tuple", "one dimension"),
        (ast.Expression(body=ast.Name(id="a")), "Expression is not part of the language.", "simpler terms"),
    ],
)
def test_kind_of_term_is_named(node: ast.AST, message: str, cure: str) -> None:
    """A kind of term is called by what the writer typed, or else by Python's word for it."""
    fault = refused_node(node)
    assert message in fault.message
    assert cure in fault.cure


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("lenn", "Did you mean 'len'? The functions are abs, all"),
        ("foo", "The functions are abs"),
        ("upper", "It is a method: x.upper(...)."),
        ("map", "[f(x) for x in items]"),
        ("type", "isinstance(x, str)"),
    ],
)
def test_unknown_function_has_a_cure(name: str, cure: str) -> None:
    """An unknown function gets what is near, or how the language says it."""
    fault = refused_call(name)
    assert fault.message == f"there is no function `{name}`."
    assert fault.cure.startswith(cure) or cure in fault.cure


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("uper", "Did you mean 'upper'"),
        ("sorted", "It is a function: sorted(x)."),
        ("append", "a + [x]"),
        ("format", "f'{a} {b}'"),
        ("dumps", "to_json(x)"),
        ("findall", "find_all(text, pattern)"),
        ("group", "the groups as a list"),
    ],
)
def test_unknown_method_has_a_cure(name: str, cure: str) -> None:
    """An unknown method gets what is near, or how the language says it."""
    fault = refused_method(name)
    assert fault.message == f"there is no method `{name}`."
    assert cure in fault.cure
