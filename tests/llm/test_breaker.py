"""The rest that an endpoint is given."""

import random

import pytest

from batonmcp.llm.breaker import Breaker, Rest


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


def failing(clock: Clock, times: int = 10) -> Breaker:
    """Return a breaker that has heard of so many failures."""
    breaker = Breaker(clock)
    for _ in range(times):
        breaker.ill()
    return breaker


def test_few_failures_are_no_reason(clock: Clock) -> None:
    """Nine failures may be anything, and so may ten among more good answers, or long ago."""
    assert failing(clock, 9).rest() is None
    mixed = Breaker(clock)
    for _ in range(11):
        mixed.well()
    for _ in range(9):
        mixed.ill()
    assert mixed.rest() is None
    old = failing(clock, 9)
    clock.now += 61
    old.ill()
    assert old.rest() is None


def test_failing_half_of_the_time_is_one(clock: Clock) -> None:
    """It is left alone, and it is known for how long still."""
    breaker = Breaker(clock)
    for _ in range(5):
        breaker.well()
        breaker.ill()
    assert breaker.rest() == Rest(seconds=15, asked=False)
    clock.now += 5
    assert breaker.rest() == Rest(seconds=10, asked=False)


def test_one_goes_ahead_after_a_rest(clock: Clock) -> None:
    """The next one may ask; the others wait for what comes of it, and are not locked out if nothing does."""
    breaker = failing(clock)
    clock.now += 15
    assert breaker.rest() is None
    assert breaker.rest() == Rest(seconds=5, asked=False)
    clock.now += 5
    assert breaker.rest() is None


def test_rest_doubles_and_ends(clock: Clock) -> None:
    """Each failure after a rest makes the next one longer, up to a limit; a good answer makes all good."""
    breaker = failing(clock)
    rests: list[float] = []
    for _ in range(6):
        rest = breaker.rest()
        assert rest is not None
        rests.append(rest.seconds)
        clock.now += rest.seconds
        assert breaker.rest() is None
        breaker.ill()
    assert rests == [15, 30, 60, 120, 120, 120]
    clock.now += 120
    assert breaker.rest() is None
    breaker.well()
    assert breaker.rest() is None
    breaker.ill()
    assert breaker.rest() is None


def test_what_the_endpoint_asks_for(clock: Clock) -> None:
    """A single request to be left alone is enough, and the longest one counts."""
    breaker = Breaker(clock)
    breaker.ill(asked=30)
    breaker.ill(asked=10)
    assert breaker.rest() == Rest(seconds=30, asked=True)
    clock.now += 30
    assert breaker.rest() is None
    assert breaker.rest() is None


def test_ten_minutes_of_failures(clock: Clock) -> None:
    """Of an endpoint that fails for ten minutes, a few requests are all that it gets to see."""
    breaker, sent = Breaker(clock), 0
    chance = random.Random(1)  # noqa: S311 - a reproducible course
    for _ in range(600):
        clock.now += 1
        if breaker.rest() is None:
            sent += 1
            if chance.random() < 0.9:
                breaker.ill()
            else:
                breaker.well()
    assert sent < 60
