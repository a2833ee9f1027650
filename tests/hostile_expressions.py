"""Hostile expressions, data and patterns: what has to end in an error, within the budget of one evaluation."""

import random
from functools import cache

from pydantic import JsonValue

__all__ = ["HOSTILE_PATTERNS", "hostile_expressions", "hostile_scope"]

_MILLION = 1_000_000


@cache
def hostile_scope() -> dict[str, JsonValue]:
    """Return what the expressions name: values that are long, wide, deep or hold themselves."""
    deep: JsonValue = []
    for _ in range(100_000):
        deep = [deep]
    loop: list[JsonValue] = []
    loop.append(loop)
    zeros: list[JsonValue] = [0] * _MILLION
    knot: dict[str, JsonValue] = {}
    knot.update(a=knot, b=[knot, knot])
    return {
        "big": zeros,
        "deep": deep,
        "knot": knot,
        "long": "a" * _MILLION,
        "loop": loop,
        "objects": [{"id": number, "v": {"x": [number]}} for number in range(100_000)],
        "texts": ["x" * 1_000 + str(number) for number in range(20_000)],
        "two": [1, 2],
        "vast": 10**4_000,
        "faces": "😀" * _MILLION,
        "wide": {str(number): number for number in range(100_000)},
    }


_HOSTILE = {
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
        zip([1] * 100000)
        [x for [x, y] in zip(range(100000), range(100000))]
        {k: v for [k, v] in items(wide)}
        items(wide)
        sorted(wide, key=lambda k: wide[k])
        min(objects, key=lambda x: [x.id])
        {x.id * 1.1: x for x in objects[:30000]}
        {x: 1 for x in range(50000)} == {x: 1 for x in range(50000)}
        dict([[x.id, x] for x in objects])
        [wide == {**wide} for x in range(100)]
        [long.strip('ab') for x in range(1000)]
        [long.count('ab') for x in range(1000)]
        [long.find('aaaabaaaa') for x in range(1000)]
        [long.replace('aa', 'c') for x in range(1000)]
        ['zq' in faces for x in range(1000)]
        [faces.isupper() for x in range(1000)]
        [('ΐ' * 100000).upper() for x in range(1000)]
        [(long[1:] + 'é').title() for x in range(1000)]
        unique([faces[x:] for x in range(100)])
        sorted([faces[x:] for x in range(100)])
        [3 ** 640 for x in range(100000)]
        parse_json('[' + '0.1,' * 190000 + '1]')
        find_all(long[:100000], '.')
        find_all(long[:30000], '(.)(.)(.)')
        replace_all(faces[:20000], '.', 'bb')
        find_all('x' * 3000 + 'A' * 8000, '.*[^A-Z]|[A-Z]')
        [match('a', r'\\pL{20}' + str(x)) for x in range(100)]
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


def hostile_expressions() -> list[tuple[str, str]]:
    """Return each expression with what is said of it."""
    return [
        (" ".join(line.split()), message)
        for message, lines in _HOSTILE.items()
        for line in lines.replace("\n            ", " ").splitlines()
        if line.strip()
    ]


_LETTERS = "".join(random.Random(1).choices("ab", k=100_000))  # noqa: S311 - no secret
_EXPLODING = "(?:(?:a|b)*a(?:a|b){20}c)"

HOSTILE_PATTERNS = (
    (_EXPLODING, _LETTERS * 2),
    (_EXPLODING + "|[ab]", _LETTERS[:5_000]),
    (".*[^A-Z]|[A-Z]", "A" * 100_000),
    (".*[^A-Z]|[A-Z]", "A" * 20_000),
    ("((a{1,30}){1,30})X", "a" * 100_000),
    ("()" * 90 + "(a|b)*a(a|b){20}c", _LETTERS),
    ("(?:a*b*){100}Z", _LETTERS),
    ("(a?){500}(a?){400}", "a" * 100_000),
    ("a", "a" * 1_000_000),
    ("", "a" * 1_000_000),
    (r"(\w+)\s(\w+)", "a " * 500_000),
)
"""Patterns, each with a text in which searching for all its matches takes too long."""
