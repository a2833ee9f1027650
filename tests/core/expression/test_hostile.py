"""Hostile expressions and hostile data end in an error, within their budget of work and memory.

The assertions are about the error, not about wall time: fuel is what bounds that.
"""

import tracemalloc
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from batonmcp.core.errors import ExpressionFailed, ExpressionInvalid
from batonmcp.core.expression import Expression, evaluate, parse

MILLION = 1_000_000
MEGABYTE = 2**20


@cache
def _scope() -> dict[str, JsonValue]:
    deep: JsonValue = []
    for _ in range(100_000):
        deep = [deep]
    loop: list[JsonValue] = []
    loop.append(loop)
    zeros: list[JsonValue] = [0] * MILLION
    knot: dict[str, JsonValue] = {}
    knot.update(a=knot, b=[knot, knot])
    return {
        "big": zeros,
        "deep": deep,
        "knot": knot,
        "long": "a" * MILLION,
        "loop": loop,
        "objects": [{"id": number, "v": {"x": [number]}} for number in range(100_000)],
        "texts": ["x" * 1_000 + str(number) for number in range(20_000)],
        "two": [1, 2],
        "vast": 10**4_000,
        "wide": {str(number): number for number in range(100_000)},
    }


HOSTILE = {
    "takes more than 400000 steps": """
        [0 for a in range(1000) for b in range(1000)]
        [[[0 for a in range(100)] for b in range(100)] for c in range(100)]
        sum([sum([sum(range(1000)) for a in range(1000)]) for b in range(1000)])
        [a for a in objects for b in objects]
        [x for x in range(10000) if x in big]
        sorted(objects, key='id')
        sorted(objects, key=lambda x: -x.id)
        sorted(texts)
        sorted([long, long[1:] + 'b', long[1:] + 'c'] * 1000)
        max(big)
        min(texts, key=lambda x: x + x)
        unique(objects)
        group_by(big, lambda x: x)
        index_by(objects, 'id')
        objects == objects[:]
        objects[:50000] < objects[:50000]
        objects in [objects, objects]
        sum(big)
        [x for x in big]
        join(big)
        str(objects)
        to_json(objects)
        f'{objects}'
        f'{objects!r:>5}'
        enumerate(objects)
        zip(objects, objects)
        [[x, x] for x in objects]
        {x.id: x for x in objects}
        {str(x): [x] for x in range(60000)}
        [{**wide} for x in range(100)]
        long.find('a' * 1000 + 'b')
        ('b' + 'a' * 999) in long
        long.replace('a' * 1000, 'b')
        long.rsplit('b' + 'a' * 1000)
        [1 for x in range(1000) if 'b' in long]
        [long == long[:] for x in range(1000)]
        [long for x in range(10000)]
        [[long] * 1000 for x in range(10000)]
        [long.upper() for x in range(1000)]
        [long[1:] for x in range(1000)]
        parse_json('[' + '[],' * 300000 + '1]')
        [f'{1e300:.99f}' for x in range(100000)]
        [knot]
        knot == {**knot}
        str(knot)
        to_json(knot)
        [[[[[[[[[[x, x] for x in [x, x]] for x in [x, x]] for x in [x, x]] for x in [x, x]] for x in [x, x]]
            for x in [x, x]] for x in [x, x]] for x in [x, x]] for x in two * 100]
        """,
    "is too long": """
        'x' * 10 ** 9
        10 ** 300 * 'x'
        [0] * 10 ** 9
        [[0] * 10 ** 5] * 10 ** 6
        'a'.replace('', 'x' * 1000000)
        long.replace('a', 'aaa')
        long.replace('', 'b')
        long + long
        big + big
        big[::-1]
        list(big)
        list(long)
        reversed(big)
        range(10 ** 9)
        range(10 ** 300)
        long.split('a')
        'x'.zfill(10 ** 9)
        ''.join(texts * 4)
        flatten([objects, objects])
        {**wide, **wide}
        range(100000) + [1]
        """,
    "is too wide": """
        f'{1:1000000}'
        f'{1:>{10 ** 8}}'
        f'{1.5:.{10 ** 8}f}'
        """,
    "307 digits": """
        9 ** 9 ** 9
        (-2) ** 10 ** 300
        2 ** 1000 * 2 ** 1000
        sum([vast] * 1000)
        str(vast)
        [vast]
        vast % 7
        round(vast, -300)
        {vast: 1}
        f'{vast:,}'
        """,
    "levels deep": """
        [deep]
        deep == deep[:]
        deep in [deep]
        str(deep)
        to_json(deep)
        unique(deep)
        sorted([deep, deep])
        [loop]
        loop == loop[:]
        loop < loop[:]
        str(loop)
        f'{loop}'
        """,
}
"""Expressions by what is said of them; a line with more space before it goes on with the one above."""


def _cases() -> list[tuple[str, str]]:
    return [
        (" ".join(line.split()), message)
        for message, lines in HOSTILE.items()
        for line in lines.replace("\n            ", " ").splitlines()
        if line.strip()
    ]


@pytest.mark.parametrize(("source", "message"), _cases())
def test_hostile_expression_ends_in_an_error(source: str, message: str) -> None:
    """Too much work, too large a value or a cycle is refused with the reason."""
    with pytest.raises(ExpressionFailed) as caught:
        evaluate(parse(source), _scope())
    assert message in caught.value.info.message


@pytest.mark.parametrize(
    "source",
    ["len(big)", "1 in big", "any(big)", "big[5:10]", "deep[0][0]", "loop[0][0]", "knot.a.b[0]", "len(str(two))"],
)
def test_modest_work_on_hostile_data_is_done(source: str) -> None:
    """What does not walk the data has its value, however large or cyclic they are."""
    evaluate(parse(source), _scope())


@pytest.mark.parametrize(
    "source",
    [
        "[str(x) * 1000 for x in range(100000)]",
        "[[0] * 1000 for x in range(100000)]",
        "['x'.zfill(100000) for x in range(100000)]",
        "[long[x:] for x in range(100000)]",
        "[{'a': [x, x]} for x in range(100000)]",
        "[wide.items() for x in range(100)]",
        "[list(long[:1000]) for x in range(100000)]",
        "[x.split('1') for x in texts]",
        "parse_json('[' + '{},' * 200000 + '1]')",
        "[f'{x:1000}' for x in range(100000)]",
        "to_json(['\\0' * 100000] * 9)",
    ],
)
def test_memory_is_bounded(source: str) -> None:
    """No evaluation holds more than some dozens of megabytes, whether it fails or not."""
    expression, scope = parse(source), _scope()
    tracemalloc.start()
    try:
        _attempt(expression, scope)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 * MEGABYTE


def _attempt(expression: Expression, scope: dict[str, JsonValue]) -> None:
    try:
        evaluate(expression, scope)
    except ExpressionFailed:
        return


TOKENS = (
    "a b x len sorted . ( ) [ ] { } , : + - * ** / % == < and not in is if else for lambda key= 1 2.5 'a' f'{a}' :="
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(TOKENS.split()), max_size=12).map(" ".join) | st.text(max_size=30))
def test_any_text_is_parsed_or_refused(source: str) -> None:
    """Whatever the text, it is an expression or refused; and an expression has a value or fails."""
    try:
        expression = parse(source)
    except ExpressionInvalid:
        return
    _attempt(expression, {"a": 1, "b": [1, 2], "x": {"a": 1}})
