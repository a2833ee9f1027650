"""An exchange, decided step by step without an endpoint."""

import json
from typing import Any

import pytest

from batonmcp.config.settings import LlmEndpoint
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import LlmError
from batonmcp.llm.breaker import Breaker
from batonmcp.llm.dialect import Dialect
from batonmcp.llm.exchange import Exchange
from batonmcp.llm.patience import Answer, Pause
from batonmcp.llm.port import Function, Reply, Request

SECRET = "s3cret-0123456789"  # noqa: S105 - what must not be shown
HERE = LlmEndpoint(base_url="http://llm.test/v1", api_key=SECRET, model="m")
ROUTE = Request(
    stage="route",
    system="S",
    user=f"The key is {SECRET}.",
    functions=[Function(name="a__x", description="", parameters={})],
    temperature=0,
)


def exchange(retries: int = 2) -> Exchange:
    """Return an exchange of which the first request is out."""
    begun = Exchange(ROUTE, HERE, Dialect(), Breaker(lambda: 0.0), retries=retries, discretion=Discretion({SECRET}))
    begun.body()
    return begun


def answer(document: object, status: int = 200, **headers: str) -> Answer:
    """Return an answer."""
    return Answer(status=status, headers=headers, body=json.dumps(document).encode())


def complaint(status: int, message: str = "No.", **headers: str) -> Answer:
    """Return a complaint."""
    return answer({"error": {"message": message}}, status, **headers)


SAID: dict[str, Any] = {"choices": [{"message": {"content": "None fits."}}]}


def test_reply_at_once() -> None:
    """A good answer is a reply."""
    assert exchange().hear(answer(SAID), left=1, jitter=0) == Reply(text="None fits.")


def test_secrets_are_not_sent() -> None:
    """Nothing that is known as a secret goes out, whatever tools or people have put into the prompt."""
    assert SECRET not in json.dumps(exchange().body())


@pytest.mark.parametrize(
    "heard",
    [
        complaint(400, f"I do not know {SECRET}"),
        complaint(500, "x" * 290 + SECRET),
        answer({"choices": [{"message": {"refusal": f"not {SECRET}"}}]}),
        answer({"choices": [{"message": {"tool_calls": [{"name": "a__x", "arguments": "{" + SECRET}]}}]}),
        answer({"error": {"message": SECRET}}),
    ],
)
def test_secrets_are_in_no_error(heard: Answer) -> None:
    """Whatever an endpoint repeats is not passed on, not even a part of it."""
    with pytest.raises(LlmError) as caught:
        exchange(retries=0).hear(heard, left=1, jitter=0)
    assert "s3cret" not in str(caught.value)


def test_pauses_grow_and_differ() -> None:
    """Pauses double with each attempt; chance takes up to half of them away."""
    begun = exchange()
    assert begun.lost("reset", left=60, jitter=0) == Pause(seconds=0.5)
    begun.body()
    assert begun.hear(complaint(503), left=60, jitter=1) == Pause(seconds=0.5)
    begun.body()
    with pytest.raises(LlmError, match="answered 503"):
        begun.hear(complaint(503), left=60, jitter=0)


def test_requested_pause_is_never_cut() -> None:
    """What an endpoint asks for is waited for in full, and a little more at random."""
    asked = {"retry-after": "10"}
    assert exchange().hear(complaint(429, **asked), left=60, jitter=0) == Pause(seconds=10)
    assert exchange().hear(complaint(429, **asked), left=60, jitter=1) == Pause(seconds=10.25)


def test_no_pause_that_outlasts_the_caller() -> None:
    """A pause longer than the time left is an error at once, be it asked for or our own."""
    with pytest.raises(LlmError) as asked:
        exchange().hear(complaint(429, **{"retry-after": "10"}), left=9, jitter=0)
    assert asked.value.retry_after == 10
    with pytest.raises(LlmError) as own:
        exchange().hear(complaint(500), left=0.1, jitter=0)
    assert own.value.retry_after is None
    with pytest.raises(LlmError, match=r"cannot be reached \(reset\)"):
        exchange().lost("reset", left=0.1, jitter=0)


def test_rest_that_was_asked_for_is_waited_for_if_it_can_be() -> None:
    """What the endpoint asked others for holds for the next one, too."""
    breaker = Breaker(lambda: 0.0)
    breaker.ill(asked=10)
    begun = Exchange(ROUTE, HERE, Dialect(), breaker, retries=2, discretion=Discretion())
    assert begun.rest(left=60) == Pause(seconds=10)
    with pytest.raises(LlmError, match="asked to be left alone; it is asked again in 10 s") as caught:
        begun.rest(left=9)
    assert (caught.value.info.kind, caught.value.retry_after) == ("llm_rate_limited", 10)


def test_rest_of_one_that_fails_is_never_waited_for() -> None:
    """An endpoint that fails too often costs its callers no time."""
    breaker = Breaker(lambda: 0.0)
    begun = Exchange(ROUTE, HERE, Dialect(), breaker, retries=2, discretion=Discretion())
    for _ in range(10):
        assert begun.rest(left=60) is None
        begun.late(1)
    with pytest.raises(LlmError, match="has failed half of the time") as caught:
        begun.rest(left=60)
    assert (caught.value.info.kind, caught.value.retry_after) == ("llm_overloaded", 15)


def test_answer_without_end() -> None:
    """What is larger than any reply is none."""
    with pytest.raises(LlmError, match="more than any reply is long"):
        exchange().hear(Answer(status=200, headers={}, body=b"", endless=True), left=60, jitter=0)


def test_endpoint_may_forbid_to_be_asked_again() -> None:
    """A header that says so is obeyed."""
    with pytest.raises(LlmError):
        exchange().hear(complaint(500, **{"x-should-retry": "false"}), left=60, jitter=0)


def test_change_and_wait_are_counted_apart() -> None:
    """Saying it otherwise does not use up the patience with a busy endpoint."""
    begun = exchange(retries=1)
    assert begun.hear(complaint(400, "temperature is not supported"), left=60, jitter=0) == Pause(seconds=0)
    assert "temperature" not in begun.body()
    assert begun.hear(complaint(503), left=60, jitter=0).__class__ is Pause
    assert "temperature" not in begun.body()
    assert begun.hear(answer(SAID), left=60, jitter=0) == Reply(text="None fits.", requests=3)


def test_no_second_try_without_retries() -> None:
    """Who wants no retries gets none, also for a reply of no use."""
    with pytest.raises(LlmError, match="no choices"):
        exchange(retries=0).hear(answer({"choices": []}), left=60, jitter=0)
