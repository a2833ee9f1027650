"""The form in which a host's person decides."""

from typing import Any

import pytest

from batonmcp.core.approval import Approved, Refused, Ruling
from batonmcp.core.caller import Answer, Declined
from batonmcp.host.ballot import ballot, ruling_of

SHUT = Refused(because="the question was closed without an answer")
NO_CHOICE = Refused(because="the form came back without a choice of those it offers")
NO = Refused(because="a person refused it")


def test_the_form() -> None:
    """It asks for one of three choices; none is the default, and the words are those that were given."""
    question, request = ballot("Run it all?")
    assert (question.server, question.about) == ("batonmcp", "elicitation")
    params = request.params.model_dump(mode="json", by_alias=True, exclude_none=True)
    assert (params["mode"], params["message"]) == ("form", "Run it all?")
    schema = params["requestedSchema"]
    assert schema["required"] == ["decision"]
    assert schema["properties"]["decision"]["enum"] == ["once", "always for these tools", "no"]
    assert "default" not in schema["properties"]["decision"]


@pytest.mark.parametrize(
    ("result", "ruling"),
    [
        ({"action": "accept", "content": {"decision": "once"}}, Approved()),
        ({"action": "accept", "content": {"decision": "always for these tools"}}, Approved(always=True)),
        ({"action": "accept", "content": {"decision": "once", "more": 1}}, Approved()),
        ({"action": "accept", "content": {"decision": "no"}}, NO),
        ({"action": "decline"}, NO),
        ({"action": "decline", "content": {"decision": "once"}}, NO),
        ({"action": "accept", "content": {"decision": "ONCE"}}, NO_CHOICE),
        ({"action": "accept", "content": {"decision": ["once"]}}, NO_CHOICE),
        ({"action": "accept", "content": {"decision": True}}, NO_CHOICE),
        ({"action": "accept", "content": {"Decision": "once"}}, NO_CHOICE),
        ({"action": "accept", "content": {}}, NO_CHOICE),
        ({"action": "accept", "content": None}, NO_CHOICE),
        ({"action": "accept"}, NO_CHOICE),
        ({"action": "cancel"}, SHUT),
        ({"action": "cancel", "content": {"decision": "once"}}, SHUT),
        ({"action": "Accept", "content": {"decision": "once"}}, SHUT),
        ({"content": {"decision": "once"}}, SHUT),
        ({}, SHUT),
    ],
)
def test_what_an_answer_decides(result: dict[str, Any], ruling: Ruling) -> None:
    """Only one of the choices, in a form that was sent, approves."""
    assert ruling_of(Answer(result)) == ruling


def test_what_no_answer_decides() -> None:
    """A host that could not ask has decided nothing; the end of the run has."""
    assert ruling_of(Declined(because="the host answered: no window")) is None
    assert ruling_of(Declined(because="the run is over", over=True)) == Refused(because="the run is over")
