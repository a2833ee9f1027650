"""The circuit breaker."""

import pytest

from batonmcp.downstream.breaker import Admitted, Breaker, Refused


@pytest.fixture
def open_breaker() -> Breaker:
    """A breaker that three calls without an answer have opened at the time 0."""
    breaker = Breaker()
    for _ in range(3):
        assert breaker.admit(0) == Admitted(probe=False)
        breaker.missed(0)
    return breaker


def test_two_misses_and_an_answer_leave_it_closed() -> None:
    """Only misses in a row count, and an answer in between starts the count anew."""
    breaker = Breaker()
    for _ in range(3):
        breaker.missed(0)
        breaker.missed(0)
        breaker.answered()
    assert not breaker.is_open
    assert breaker.admit(0) == Admitted(probe=False)


def test_three_misses_open_it_for_five_seconds(open_breaker: Breaker) -> None:
    """Calls are refused at once, with the time that is left."""
    assert open_breaker.is_open
    assert open_breaker.admit(1) == Refused(4)


def test_after_the_rest_one_call_probes(open_breaker: Breaker) -> None:
    """While the probe is under way all others are refused; its answer closes the breaker."""
    assert open_breaker.admit(5) == Admitted(probe=True)
    assert open_breaker.admit(5) == Refused(0)
    open_breaker.answered()
    assert open_breaker.admit(5) == Admitted(probe=False)


def test_probe_without_an_answer_doubles_the_rest(open_breaker: Breaker) -> None:
    """Rests grow up to a minute, and an answer makes them short again."""
    now, rests = 5.0, list[float]()
    for _ in range(5):
        assert open_breaker.admit(now) == Admitted(probe=True)
        open_breaker.missed(now)
        refused = open_breaker.admit(now)
        assert isinstance(refused, Refused)
        rests.append(refused.seconds)
        now += refused.seconds
    assert rests == [10, 20, 40, 60, 60]
    open_breaker.answered()
    for _ in range(3):
        open_breaker.missed(now)
    assert open_breaker.admit(now) == Refused(5)


def test_probe_that_is_given_up_lets_the_next_call_probe(open_breaker: Breaker) -> None:
    """A caller who leaves has learned nothing."""
    admitted = open_breaker.admit(5)
    assert isinstance(admitted, Admitted)
    open_breaker.left(admitted)
    assert open_breaker.admit(5) == Admitted(probe=True)
    Breaker().left(Admitted(probe=False))


def test_late_misses_do_not_prolong_the_rest(open_breaker: Breaker) -> None:
    """Calls that were in flight when it opened end later; they say nothing new."""
    open_breaker.missed(4)
    assert open_breaker.admit(4) == Refused(1)


def test_server_may_ask_for_a_rest() -> None:
    """What a server asks for by Retry-After is kept."""
    breaker = Breaker()
    breaker.hold(0, 30)
    assert breaker.admit(10) == Refused(20)
