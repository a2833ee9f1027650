"""A place in a step's result, with the expression that reads it."""

import json
import keyword
from collections.abc import Iterator
from dataclasses import dataclass

from batonmcp.llm.lexical.shapes import Shape
from batonmcp.llm.lexical.words import split_name, stem

__all__ = ["Place", "places_of"]

_VARIABLES = "abcdefgh"
_MAX_DEPTH = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in a result.

    Attributes:
        shape: What stands there.
        words: The stems of its name.
        owner: The stems of the name of the object or list that it is in.
        around: The stems of all names on the way to it, its own included.
        expression: Reads it; of a place inside a list, from the variable of the innermost one.
        loops: The `for` parts of a comprehension over the lists that it is in.
        tests: Conditions for an item of these lists to have it.
        depth: How many names lead to it.
    """

    shape: Shape
    words: tuple[str, ...]
    owner: tuple[str, ...]
    around: frozenset[str]
    expression: str
    loops: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    depth: int = 0

    @property
    def variable(self) -> str:
        """The variable of the innermost list that it is in."""
        return _VARIABLES[len(self.loops) - 1]

    @property
    def listed(self) -> str:
        """The expression of all values, one for each item of the lists that it is in."""
        if not self.loops:
            return self.expression
        tests = f" if {' and '.join(self.tests)}" if self.tests else ""
        return f"[{self.expression} {' '.join(self.loops)}{tests}]"


def places_of(step: str, shape: Shape, *, many: bool) -> Iterator[Place]:
    """Yield the places of a step's result, outer ones first.

    Args:
        step: The step's id.
        shape: What one call of its tool returns.
        many: Whether the step has a result for each of several items.
    """
    types = frozenset({"array"}) if many else shape.types
    whole = Shape(types=types, items=shape) if many else shape
    queue = [Place(shape=whole, words=(), owner=(), around=frozenset(), expression=step)]
    while queue:
        place = queue.pop(0)
        yield place
        if place.depth < _MAX_DEPTH:
            queue.extend(_inside(place))


def _inside(place: Place) -> Iterator[Place]:
    if place.shape.items and len(place.loops) < len(_VARIABLES):
        yield _item(place)
    for name, member in place.shape.members.items():
        words = tuple(stem(word) for word in split_name(name))
        reads = f"{place.expression}.{name}" if _plain(name) else f"{place.expression}[{json.dumps(name)}]"
        tests = list(place.tests)
        if place.loops and name not in place.shape.required:
            tests.append(f"{json.dumps(name)} in {place.expression}")
        if place.loops and "null" in member.types:
            tests.append(f"{reads} != null")
        yield Place(
            shape=member,
            words=words,
            owner=place.words,
            around=place.around | set(words),
            expression=reads,
            loops=place.loops,
            tests=tuple(tests),
            depth=place.depth + 1,
        )


def _item(place: Place) -> Place:
    """Return what stands for each item of a list."""
    variable = _VARIABLES[len(place.loops)]
    loops = place.loops
    if place.tests:
        loops = (*loops[:-1], f"{loops[-1]} if {' and '.join(place.tests)}")
    return Place(
        shape=place.shape.items or Shape(),
        words=place.words,
        owner=place.owner,
        around=place.around,
        expression=variable,
        loops=(*loops, f"for {variable} in {place.expression}"),
        depth=place.depth,
    )


def _plain(name: str) -> bool:
    return name.isidentifier() and name.isascii() and not keyword.iskeyword(name)
