"""Loops run through items, and what they fill is bounded."""

from collections.abc import Callable

import pytest
from pydantic import JsonValue


@pytest.mark.parametrize(
    ("source", "result"),
    [
        ("[x for x in a]", [1, 2, 3]),
        ("[x for x in a if x > 1 if x < 3]", [2]),
        ("[[x, y] for x in a for y in a if x < y]", [[1, 2], [1, 3], [2, 3]]),
        ("[y for x in [a, a] for y in x if y == 1]", [1, 1]),
        ("[x for x in a for x in [x, x]]", [1, 1, 2, 2, 3, 3]),
        ("[[x for x in [x, 0]] + [x] for x in a][0]", [1, 0, 1]),
        ("[k + str(v) for k, v in o.items()]", ["p1", "q2"]),
        ("[x + y + z for x, (y, [z]) in [[1, [2, [3]]]]]", [6]),
        ("[k for k in o]", ["p", "q"]),
        ("[c for c in 'ab']", ["a", "b"]),
        ("[x for x in null]", []),
        ("[x for x in []]", []),
        ("{v: k for k, v in o.items()}", {"1": "p", "2": "q"}),
        ("{x % 2 for x in a}", [1, 0]),
        ("sum(x for x in a)", 6),
    ],
)
def test_comprehension_has_its_value(value: Callable[..., JsonValue], source: str, result: JsonValue) -> None:
    """Every form of comprehension gives what Python's gives, as a list or an object."""
    assert value(source, a=[1, 2, 3], o={"p": 1, "q": 2}) == result


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[x for x in 3]", "`for` needs a list, got number 3."),
        ("[x for x, y in [[1]]]", "`for` unpacks 2 variables, got a list of 1 item."),
        ("[x for x, y in [1]]", "`for` needs a list, got number 1."),
        ("{x: 1 for x in [[]]}", "the key of an object is text"),
        ("[0 for x in a for y in a]", "takes more than 400000 steps"),
        ("[x for x in a]", "a list of 100001 items is too long"),
        ("{x: 0 for x in a}", "steps"),
        ("{str(x): 0 for x in b}", "steps"),
    ],
)
def test_loop_has_its_faults(failure: Callable[..., str], source: str, message: str) -> None:
    """What cannot be looped over, unpacked or held is explained."""
    assert message in failure(source, a=[0] * 100_001, b=[0] * 100_000)
