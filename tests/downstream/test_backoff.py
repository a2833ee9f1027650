"""The pauses between attempts."""

from hypothesis import given
from hypothesis import strategies as st

from batonmcp.downstream.backoff import Backoff


def test_pauses_double_up_to_a_minute() -> None:
    """A server that never comes up is tried more and more rarely, and for ever."""
    backoff = Backoff(jitter=lambda: 0.0)
    pauses: list[float] = []
    for _ in range(10):
        backoff.ended(lasted=0)
        pauses.append(backoff.pause())
    assert pauses == [0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_only_a_connection_that_lasted_starts_anew() -> None:
    """Ten seconds make the difference."""
    backoff = Backoff(jitter=lambda: 0.0)
    assert (backoff.pause(), backoff.pause()) == (0.5, 1)
    backoff.ended(lasted=9)
    assert backoff.pause() == 2
    backoff.ended(lasted=11)
    assert backoff.pause() == 0.5


def test_first_pauses_are_worth_waiting_for() -> None:
    """The caller waits for the first attempts, and is told the trouble later."""
    backoff = Backoff(jitter=lambda: 0.0)
    worth: list[bool] = []
    for _ in range(4):
        worth.append(backoff.soon)
        backoff.pause()
    assert worth == [True, True, True, False]


@given(jitter=st.floats(0, 1), asked=st.floats(0, 3600))
def test_pause_is_never_shorter_than_it_should_be(jitter: float, asked: float) -> None:
    """Jitter only lengthens, by a tenth at most; what the server asks for is kept."""
    pause = Backoff(jitter=lambda: jitter).pause(at_least=asked)
    assert pause >= max(0.5, asked)
    assert pause <= max(0.55, asked)
