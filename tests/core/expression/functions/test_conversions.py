"""Conversions make one value of another."""

from collections.abc import Callable

import pytest
from pydantic import JsonValue


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("abs(-1.5)", 1.5),
        ("bool([])", False),
        ("bool('a')", True),
        ("float('1.5')", 1.5),
        ("float(1)", 1.0),
        ("int(' 42 ')", 42),
        ("int(-3.9)", -3),
        ("int(true)", 1),
        ("round(2.5)", 2),
        ("round(1.005, 1)", 1.0),
        ("round(1234, -2)", 1200),
        ("round(7, null)", 7),
        ("str(1.0)", "1.0"),
        ("str(null)", "None"),
        ("str(true)", "True"),
        ("str(['a'])", "['a']"),
        ("to_json({'a': [true, null]})", '{"a": [true, null]}'),
        ("parse_json('{\"a\": [1, 2.5, null]}').a", [1, 2.5, None]),
        ("parse_json(' 1 ')", 1),
    ],
)
def test_conversion_has_its_value(value: Callable[..., JsonValue], source: str, result: JsonValue) -> None:
    """Each conversion gives what Python's gives, of the same type."""
    converted = value(source)
    assert (converted, type(converted)) == (result, type(result))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("abs('a')", "`abs` needs a number, got text 'a'."),
        ("int(null)", "`int` needs a number or text, got null. Give a value to use instead of null: (x or 0)."),
        ("int([1])", "`int` needs a number or text, got a list of 1 item. Use one of its parts."),
        ("int('$5')", "`int` cannot read text '$5' as a number."),
        ("int('1.5')", "`int` cannot read text '1.5'"),
        ("int('9' * 401)", "`int` reads up to 400 characters, got 401."),
        ("int('9' * 400)", "307 digits"),
        ("float('')", "`float` cannot read text ''"),
        ("float('nan')", "no JSON number"),
        ("float('-inf')", "no JSON number"),
        ("float(large)", "`float` cannot read number"),
        ("round('1')", "`round` needs a number, got text '1'."),
        ("round(1, 0.5)", "a whole number of digits up to 400, got number 0.5."),
        ("round(1, -10 ** 9)", "a whole number of digits up to 400"),
        ("round(1.7e308, -308)", "`round` makes number 1.7e+308 too large."),
        ("round(large, -1)", "307 digits"),
        ("to_json(['x' * 1000] * 2000)", "characters is too long"),
        ("parse_json(null)", "`parse_json` needs text, got null."),
        ("parse_json([1])", "got a list of 1 item. It is parsed already; use it as it is."),
        ("parse_json('{a: 1}')", "which is not JSON: Expecting property name"),
        ("parse_json('NaN')", "`parse_json` got NaN, which is no JSON number."),
        ("parse_json('[1e999]')", "no JSON number"),
        ("parse_json('[' * 100000)", "nested too deep"),
        ("parse_json('[' + '0,' * 400000)", "steps"),
    ],
)
def test_conversion_has_its_faults(failure: Callable[..., str], source: str, message: str) -> None:
    """What cannot be converted is explained."""
    assert message in failure(source, large=10**400)
