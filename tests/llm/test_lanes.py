"""Cosines in integers."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.llm.lanes import Lanes
from batonmcp.llm.vectors import vector_of

BYTES = st.integers(-127, 127)


def vector(*numbers: int) -> bytes:
    """Return a vector of these numbers."""
    return bytes(number % 256 for number in numbers)


def cosine(one: bytes, other: bytes) -> float:
    """Return the cosine as it is defined."""
    left, right = (memoryview(each).cast("b").tolist() for each in (one, other))
    dot = sum(a * b for a, b in zip(left, right, strict=True))
    lengths = [sqrt(sum(number * number for number in each)) for each in (left, right)]
    return dot / ((lengths[0] or 1) * (lengths[1] or 1))


@given(st.integers(1, 12).flatmap(lambda size: st.lists(st.lists(BYTES, min_size=size, max_size=size), min_size=2)))
def test_cosines_are_exact(rows: list[list[int]]) -> None:
    """Whatever the bytes, no lane runs into the next."""
    query, *vectors = [vector(*row) for row in rows]
    assert Lanes(vectors).cosines(query) == pytest.approx([cosine(query, each) for each in vectors])


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_dot_products_fit(sign: int) -> None:
    """The longest vectors of models, at their extremes, in lanes side by side."""
    most, opposite = vector(*[127] * 8_192), vector(*[-127] * 8_192)
    query = most if sign == 1 else opposite
    assert Lanes([most, opposite, most]).cosines(query) == pytest.approx([sign, -sign, sign])


def test_the_nearest_come_first() -> None:
    """By where they point, whatever their lengths; equals keep their order; no more than are wanted."""
    lanes = Lanes([vector(0, 9), vector(1, 1), vector(5, 5), vector(127, 0), vector(-3, 0)])
    assert lanes.nearest(vector(127, 1), 4) == [3, 1, 2, 0]
    assert lanes.nearest(vector(-127, 1), 1) == [4]
    assert lanes.dimensions == 2


def test_a_vector_that_points_nowhere_is_near_to_nothing() -> None:
    """It can only come of a damaged store; it raises nothing."""
    assert Lanes([vector(0, 0), vector(1, 0)]).cosines(vector(1, 0)) == [0, 1]


def test_vectors_of_different_dimensions_are_refused() -> None:
    """They would be compared with parts of each other."""
    with pytest.raises(ValueError, match="different dimensions"):
        Lanes([vector(1, 2), vector(1, 2, 3)])


@given(st.lists(st.floats(-1, 1), min_size=64, max_size=64), st.lists(st.floats(-1, 1), min_size=64, max_size=64))
def test_bytes_keep_the_cosine(one: list[float], other: list[float]) -> None:
    """A byte a dimension is enough: the cosine is off by a few hundredths at the very worst."""
    left, right = vector_of(one), vector_of(other)
    if left is None or right is None:
        return
    lengths = sqrt(sum(x * x for x in one)) * sqrt(sum(x * x for x in other))
    exact = sum(a * b for a, b in zip(one, other, strict=True)) / lengths if lengths else None
    if exact is not None:
        assert Lanes([left]).cosines(right) == pytest.approx([exact], abs=0.04)
