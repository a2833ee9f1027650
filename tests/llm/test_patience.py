"""The patience with an endpoint, whatever is asked of it; what it means for a completion is told with the exchange."""

import json

import pytest

from batonmcp.config.settings import LlmEndpoint
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import LlmError
from batonmcp.llm.breaker import Breaker
from batonmcp.llm.complaint import Complaint
from batonmcp.llm.patience import Answer, Patience, Pause, asked_to_wait

SECRET = "s3cret-0123456789"  # noqa: S105 - what must not be shown
HERE = LlmEndpoint(base_url="http://llm.test/v1", api_key=SECRET, model="m")


def patience(retries: int = 1, breaker: Breaker | None = None) -> Patience:
    """Return the patience of an exchange of which the first request is out."""
    begun = Patience(HERE, breaker or Breaker(lambda: 0.0), retries=retries, discretion=Discretion({SECRET}))
    begun.requests = 1
    return begun


def answer(status: int, message: str = "No.", **headers: str) -> Answer:
    """Return a complaint as it comes."""
    return Answer(status=status, headers=headers, body=json.dumps({"error": {"message": message}}).encode())


def test_what_may_pass_is_waited_for_as_often_as_configured() -> None:
    """The pause doubles with each request, and is an error when it has been made often enough."""
    patient = patience(retries=2)
    complaint = Complaint(status=503)
    assert patient.wait(complaint, answer(503), left=60, jitter=0) == Pause(seconds=0.5)
    patient.requests = 2
    assert patient.lost("reset", left=60, jitter=0) == Pause(seconds=1.0)
    with pytest.raises(LlmError, match="answered 503"):
        patient.wait(complaint, answer(503), left=60, jitter=0)
    with pytest.raises(LlmError, match="cannot be reached"):
        patient.lost("reset", left=60, jitter=0)


def test_what_will_not_pass_is_an_error_at_once() -> None:
    """Retries are for what another time may mend."""
    with pytest.raises(LlmError, match="answered 400"):
        patience().wait(Complaint(status=400), answer(400), left=60, jitter=0)


def test_an_endpoint_says_itself_how_long() -> None:
    """What it asks for is waited, if there is time for it; others wait meanwhile, too."""
    breaker = Breaker(lambda: 0.0)
    asking = answer(429, **{"retry-after": "10"})
    assert asked_to_wait(asking) == 10
    assert asked_to_wait(answer(429)) is None
    assert patience(breaker=breaker).wait(Complaint(status=429), asking, left=60, jitter=0) == Pause(seconds=10)
    assert patience(breaker=breaker).rest(left=60) == Pause(seconds=10)
    with pytest.raises(LlmError, match="asked to be left alone"):
        patience(breaker=breaker).rest(left=5)
    with pytest.raises(LlmError, match="later than this run can wait"):
        patience().wait(Complaint(status=429), asking, left=5, jitter=0)


def test_complaints_have_no_secrets() -> None:
    """An endpoint that repeats what it was sent does not get it into a sentence."""
    said = patience().complaint(answer(400, f"The key {SECRET} is wrong."))
    assert said is not None
    assert said.message == "The key *** is wrong."
    assert patience().complaint(Answer(status=200, headers={}, body=b"{}")) is None


def test_an_endpoint_that_fails_half_of_the_time_is_left_alone() -> None:
    """Whichever way it fails, until it has been well again."""
    breaker = Breaker(lambda: 0.0)
    for _ in range(9):
        patience(breaker=breaker).late(1.0)
    assert patience(breaker=breaker).rest(left=60) is None
    with pytest.raises(LlmError):
        patience(0, breaker).lost("reset", left=60, jitter=0)
    with pytest.raises(LlmError, match="has failed half of the time"):
        patience(breaker=breaker).rest(left=60)
    patience(breaker=breaker).well()
    assert patience(breaker=breaker).rest(left=60) is None
