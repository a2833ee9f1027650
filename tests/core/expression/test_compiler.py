"""The compiler knows the terms of the language, and refuses all others with a cure."""

from collections.abc import Callable

import pytest
from pydantic import JsonValue


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("1", 1),
        ("1.5e3", 1500.0),
        ("1_000", 1000),
        ("0x10", 16),
        ("'a' \"b\"", "ab"),
        ("r'\\d'", "\\d"),
        ("True", True),
        ("true", True),
        ("None", None),
        ("null", None),
        ("7 // 2 ** 2 % 3", 1),
        ("-2 ** 2", -4),
        ("not 0 and 2 or 3", 2),
        ("1 if [] else 2", 2),
        ("a is None", False),
        ("a is not null", True),
        ("null is a", False),
        ("1 in [1] and 2 not in [1]", True),
        ("{1, 1.0, 2}", [1, 2]),
        ("{}", {}),
        ("()", []),
        ("f'{a=}'", "a={'class': 1}"),
        ("a['class']", 1),
    ],
)
def test_term_is_known(value: Callable[..., JsonValue], source: str, result: JsonValue) -> None:
    """Constants, operators and displays mean what they mean in Python."""
    assert value(source, a={"class": 1}) == result


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("b'a'", "`b'a'` is no JSON value. Write text, a number, true, false or null."),
        ("1j", "`1j` is no JSON value."),
        ("...", "`...` is no JSON value."),
        ("1e999", "the result is inf, which is no JSON number."),
        ("9" * 400, "a number has more than 307 digits."),
        ("(a := 1)", "`:=` is not part of the language."),
        ("lambda x: x", "a lambda here is not part of the language."),
        ("await a", "`await` is not part of the language."),
        ("(yield)", "`yield` is not part of the language."),
        ("(yield from a)", "`yield from` is not part of the language."),
        ("[*a]", "`*` is not part of the language. Join lists as a + b."),
        ("a & b", "`&` is not part of the language."),
        ("a | b", "{**a, **b}"),
        ("a ^ b", "`^` is not part of the language."),
        ("a << b", "`<<` is not part of the language."),
        ("a >> b", "`>>` is not part of the language."),
        ("a @ b", "`@` is not part of the language."),
        ("~a", "`~` is not part of the language."),
        ("a is b", "`is` compares with null, true or false only. Write `==` or `!=`."),
        ("a is 'x'", "`is` compares with null"),
        ("a[1:2, 3]", "a slice in a tuple is not part of the language."),
        ("[x async for x in a]", "`async for` is not part of the language."),
        ("[x for x.y in a]", "`for` cannot fill `x.y`."),
        ("[x for *x, y in a]", "`for` cannot fill `*x`."),
        ("{{a}}", "`{{...}}` is no template here. Write the expression itself, without braces."),
    ],
)
def test_term_is_refused(refusal: Callable[[str], str], source: str, message: str) -> None:
    """What the language leaves out is named, with what to write instead."""
    assert message in refusal(source)


@pytest.mark.parametrize(
    "source", ["a.__class__", "a.__init__.__globals__", "a['__dict__']", "''.__class__", "[].append"]
)
def test_objects_of_python_are_out_of_reach(failure: Callable[..., str], source: str) -> None:
    """An attribute reads a key and nothing else, whatever its name."""
    assert "no key" in failure(source, a={"b": 1})


def test_place_of_an_error_is_shown(failure: Callable[..., str]) -> None:
    """An error names the part of the expression that gave the wrong value."""
    assert failure("len(a.b[0].c) + 1", a={"b": [{"d": 1}]}).startswith("`a.b[0]` has no key 'c'; it has 'd'.")
