"""The error for a complaint."""

import pytest

from batonmcp.config.settings import LlmEndpoint
from batonmcp.llm.complaint import Complaint
from batonmcp.llm.refusal import is_passing, refusal, was_read

HERE = LlmEndpoint(base_url="http://user:pw@llm.test/v1", api_key="k", model="m")
WITHOUT_KEY = LlmEndpoint(base_url="http://llm.test/v1", api_key=None, model="m")
AZURE = LlmEndpoint(base_url="http://llm.test", api_key="k", model="m", api_version="2024-10-21")
TOO_LONG = "This model's maximum context length is 8192 tokens."
FILTERED = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."


@pytest.mark.parametrize(
    ("status", "message", "code", "kind", "passing", "cure"),
    [
        (400, "No.", "", "llm_rejected", False, "that it can call tools"),
        (400, TOO_LONG, "context_length_exceeded", "llm_context_length", False, "a larger context"),
        (400, "the request exceeds the available context size", "", "llm_context_length", False, "larger context"),
        (500, "context size exceeded, n_ctx 4096", "", "llm_context_length", False, "larger context"),
        (413, "Too large.", "", "llm_context_length", False, "larger context"),
        (429, "Request too large for gpt-4 on tokens per min", "tokens", "llm_context_length", False, "larger"),
        (400, FILTERED, "content_filter", "llm_content_filter", False, "Ask otherwise"),
        (401, "Bad key.", "", "llm_auth", False, "check OPENAI_API_KEY"),
        (402, "Pay.", "", "llm_rate_limited", False, "pay for more"),
        (403, "No access.", "", "llm_auth", False, "OPENAI_API_KEY) is not allowed to use this model"),
        (404, "No such model.", "", "llm_not_found", False, "the model's name and base_url"),
        (408, "", "", "llm_timeout", True, "Try again later"),
        (409, "", "", "llm_overloaded", True, "Try again later"),
        (429, "Slow down.", "rate_limit_exceeded", "llm_rate_limited", True, "rate limit or quota is used up: wait"),
        (429, "No money.", "insufficient_quota", "llm_rate_limited", False, "pay for more"),
        (500, "Oops.", "", "llm_overloaded", True, "Try again later"),
        (501, "Not here.", "", "llm_overloaded", False, "Try again later"),
        (503, "", "", "llm_overloaded", True, "Try again later"),
        (504, "", "", "llm_timeout", True, "Try again later"),
        (529, "Overloaded.", "overloaded_error", "llm_overloaded", True, "Try again later"),
    ],
)
def test_kind_and_cure_of_each_status(
    status: int,
    message: str,
    code: str,
    kind: str,
    passing: bool,  # noqa: FBT001 - a table
    cure: str,
) -> None:
    """Each status, with what is said along with it, has a kind, a cure, and may pass or not."""
    complaint = Complaint(status=status, message=message, code=code)
    error = refusal(complaint, HERE)
    assert error.info.kind == kind
    assert cure in error.info.cure
    assert is_passing(complaint) is passing
    assert f"llm.test answered {status} for model 'm'" in error.info.message
    assert "pw" not in str(error)


def test_key_is_named_by_its_variable() -> None:
    """What to set depends on whose endpoint it is, and on whether there is a key at all."""
    complaint = Complaint(status=401)
    assert "asks for an API key: set OPENAI_API_KEY" in refusal(complaint, WITHOUT_KEY).info.cure
    assert "check AZURE_OPENAI_API_KEY" in refusal(complaint, AZURE).info.cure


def test_wait_that_is_too_long_says_when_to_come_back() -> None:
    """What an endpoint asks for is told to people, and to programs."""
    error = refusal(Complaint(status=429, message="Slow down."), HERE, wait=30.4, too_late=True)
    assert "It asks to come back in 30 s, which is later than this run can wait." in error.info.message
    assert error.info.cure.startswith("Ask again in 30 s")
    assert error.retry_after == 30.4
    tired = refusal(Complaint(status=429, message="Slow down."), HERE, wait=1)
    assert tired.info.message.endswith("Slow down. It asks to come back in 1 s.")


def test_long_complaint_is_cut() -> None:
    """What an endpoint says at length does not become an error of the same length."""
    assert len(str(refusal(Complaint(status=400, message="x" * 4_000), HERE))) < 600


@pytest.mark.parametrize(
    ("status", "message", "read"),
    [
        (400, FILTERED, True),
        (504, "", True),
        (408, "", True),
        (400, TOO_LONG, False),
        (429, "", False),
        (500, "", False),
        (401, "", False),
    ],
)
def test_what_a_model_has_read_is_to_be_paid_for(status: int, message: str, read: bool) -> None:  # noqa: FBT001 - data
    """A filter reads, and so does a model that takes too long; what is turned away at the door is not read."""
    assert was_read(Complaint(status=status, message=message)) is read
