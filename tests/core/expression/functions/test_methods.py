"""Methods do what Python's do."""

from collections.abc import Callable

import pytest
from pydantic import JsonValue

from batonmcp.core.expression.functions.methods import METHODS

TEXTS = ["", "a", "Hello, World", "  x\ty \n", "straße ÄÖ", "12", "½", "ABC", "aa-bb-aa"]


@pytest.mark.parametrize(
    "name",
    [
        *("capitalize", "casefold", "isalnum", "isalpha", "isdigit", "islower", "isnumeric", "isspace", "isupper"),
        *("lower", "lstrip", "rsplit", "rstrip", "split", "splitlines", "strip", "title", "upper"),
    ],
)
@pytest.mark.parametrize("text", TEXTS)
def test_method_agrees_with_python(value: Callable[..., JsonValue], name: str, text: str) -> None:
    """A method without arguments gives what Python's gives."""
    assert value(f"a.{name}()", a=text) == getattr(text, name)()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        *[("count", [part]) for part in ("a", "", "aa")],
        *[("endswith", [part]) for part in ("aa", "", "x")],
        *[("startswith", [part]) for part in ("aa", "", "x")],
        ("find", ["-"]),
        ("partition", ["-"]),
        ("removeprefix", ["aa"]),
        ("removesuffix", ["aa"]),
        ("replace", ["a", "xyz"]),
        ("replace", ["", "-"]),
        ("replace", ["a", "", 1]),
        ("rpartition", ["-"]),
        ("rsplit", ["-", 1]),
        ("split", ["-"]),
        ("split", ["-", 1]),
        ("split", [None, 1]),
        ("splitlines", [True]),
        ("strip", ["a"]),
        ("lstrip", ["aA"]),
        ("rstrip", ["a"]),
        ("zfill", [10]),
        ("zfill", [-1]),
        ("join", [["a", "b"]]),
    ],
)
@pytest.mark.parametrize("text", TEXTS)
def test_method_takes_arguments(
    value: Callable[..., JsonValue], name: str, arguments: list[JsonValue], text: str
) -> None:
    """A method with arguments gives what Python's gives, with a list for a tuple."""
    expected = getattr(text, name)(*arguments)
    assert value(f"a.{name}({', '.join(map(repr, arguments))})", a=text) == (
        [*expected] if name.endswith("partition") else expected
    )


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("'abc'.startswith(['x', 'a'])", True),
        ("'abc'.endswith(('x', 'y'))", False),
        ("'abc'.index('c')", 2),
        ("[1, 2, 1.0].count(1)", 2),
        ("[1, [2]].index([2])", 1),
        ("{'a': 1}.get('a')", 1),
        ("{'a': 1}.get('b', 2)", 2),
        ("{'a': 1}.items()", [["a", 1]]),
        ("{'a': 1}.keys()", ["a"]),
        ("{'a': 1}.values()", [1]),
        ("null.upper()", None),
        ("null.items()", None),
        ("null.get('a', 1)", 1),
    ],
)
def test_method_of_any_kind(value: Callable[..., JsonValue], source: str, result: JsonValue) -> None:
    """Texts, lists and objects have methods, and those of null give null."""
    assert value(source) == result


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[1].upper()", "`.upper()` is a method of text, got a list of 1 item."),
        ("'a'.keys()", "`.keys()` is a method of objects, got text 'a'."),
        ("(3).count(1)", "`.count()` is a method of text or lists, got number 3."),
        ("'a'.index('b')", "`.index` did not find text 'b' in text 'a'. Check with `in` first."),
        ("[1].index(2)", "`.index` did not find number 2 in a list of 1 item."),
        ("'a'.split(1)", "a method of text needs text, got number 1. Convert with str()."),
        ("'a'.split('')", "text cannot be split at an empty text. Use list(x) for its characters."),
        ("'a'.split('b', 'c')", "a method of text needs a whole number, got text 'c'."),
        ("', '.join([1])", "`.join` needs a list of texts, got number 1 in it. Use the function join"),
        ("'a'.startswith(1)", "needs text, got number 1"),
        ("'a'.replace('', 'x' * 1000000)", "a text of 2000001 characters is too long"),
        ("'a'.zfill(10 ** 9)", "a text of 1000000000 characters is too long"),
        ("text.split('a')", "items is too long"),
        ("text.split()", "items is too long"),
        ("text.splitlines()", "items is too long"),
        ("text.find('a' * 1000)", "steps"),
        ("text.strip('a' * 1000)", "steps"),
        ("('b' + text).upper()", "characters is too long"),
        ("' '.join([text, text])", "characters is too long"),
        ("big.count(1)", "steps"),
        ("big.index(1)", "steps"),
    ],
)
def test_method_has_its_faults(failure: Callable[..., str], source: str, message: str) -> None:
    """A method of another kind of value, wrong arguments and too much work are explained."""
    assert message in failure(source, text="a \n\n" * 250_000, big=[0] * 2_000_000)


def test_methods_keep_to_values() -> None:
    """No method formats by Python's attributes, encodes, or changes a value in place."""
    assert not METHODS.keys() & {"format", "format_map", "encode", "translate", "append", "pop", "update", "sort"}
