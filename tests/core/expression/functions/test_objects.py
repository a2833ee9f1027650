"""Object functions make an object, or take one apart."""

from collections.abc import Callable

import pytest
from pydantic import JsonValue

ROWS: JsonValue = [{"id": 1, "k": "a"}, {"id": 2, "k": "b"}, {"id": 3, "k": "a"}]


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("dict([['a', 1], [2, 'b']])", {"a": 1, "2": "b"}),
        ("dict(zip(['a'], [1]))", {"a": 1}),
        ("dict({'a': 1})", {"a": 1}),
        ("len(dict(null))", 0),
        ("get({'a': 1}, 'a')", 1),
        ("get({'a': 1}, 'b')", None),
        ("get({'a': 1}, 'b', 2)", 2),
        ("get([1, 2], 1)", 2),
        ("get([1, 2], 2, default=0)", 0),
        ("get(null, 'a', 3)", 3),
        ("{k: len(v) for k, v in items(group_by(rows, 'k'))}", {"a": 2, "b": 1}),
        ("[x.id for x in group_by(rows, key=lambda x: x.k).a]", [1, 3]),
        ("group_by([1, null, true], lambda x: x)", {"1": [1], "null": [None], "true": [True]}),
        ("index_by(rows, 'id')[2].k", "b"),
        ("len(index_by(null, 'id'))", 0),
        ("items({'a': 1})", [["a", 1]]),
        ("keys({'a': 1})", ["a"]),
        ("values({'a': 1})", [1]),
        ("items(null) + keys(null) + values(null) + [1]", [1]),
    ],
)
def test_object_has_its_value(value: Callable[..., JsonValue], source: str, result: JsonValue) -> None:
    """Objects are made, grouped, looked up and taken apart."""
    assert value(source, rows=ROWS) == result


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("dict([1])", "`dict` needs pairs of a key and a value, got number 1."),
        ("dict([[1, 2, 3]])", "`dict` needs pairs of a key and a value, got a list of 3 items."),
        ("dict(3)", "`dict` needs a list, got number 3."),
        ("get(3, 'a')", "`get` cannot take text 'a' from number 3."),
        ("get([1], 'a')", "`get` cannot take text 'a' from a list of 1 item."),
        ("group_by(rows, 'x')", "`item` has no key 'x'; it has 'id', 'k'."),
        ("group_by([[1]], lambda x: x)", "the key of an object is text, got a list of 1 item."),
        ("index_by(rows, 'k')", "`index_by` found two items with the key 'a'. Use group_by(), or unique() before it."),
        ("items(3)", "`items` needs an object, got number 3."),
        ("keys([1])", "`keys` needs an object, got a list of 1 item."),
        ("values('a')", "`values` needs an object, got text 'a'."),
    ],
)
def test_object_has_its_faults(failure: Callable[..., str], source: str, message: str) -> None:
    """What no object can be made of is explained, and an item is never lost."""
    assert message in failure(source, rows=ROWS)


@pytest.mark.parametrize(
    "source", ["dict(big)", "items(big)", "keys(big)", "values(big)", "group_by(big, 'a')", "index_by(big, 'a')"]
)
def test_large_object_is_refused(failure: Callable[..., str], source: str) -> None:
    """An object larger than the limits is not copied."""
    assert failure(source, big={str(n): n for n in range(100_001)})
