"""The form in which a host's person decides about a plan, and what their answer means."""

from typing import Final

from mcp_types import ElicitRequest, ElicitRequestFormParams
from pydantic import JsonValue

from batonmcp.core.approval import Approved, Refused, Ruling
from batonmcp.core.caller import Answer, Declined, Question

__all__ = ["ballot", "ruling_of"]

_ONCE: Final = "once"
_ALWAYS: Final = "always for these tools"
_NO: Final = "no"

_CLOSED: Final = Refused(because="the question was closed without an answer")
_NO_CHOICE: Final = Refused(because="the form came back without a choice of those it offers")


def ballot(message: str) -> tuple[Question, ElicitRequest]:
    """Return the question about a plan, and the request that puts it to a host."""
    schema: dict[str, JsonValue] = {
        "type": "object",
        "properties": {
            "decision": {
                "type": "string",
                "title": "Run it?",
                "description": "Once, always for these tools as they are defined now, or no.",
                "enum": [_ONCE, _ALWAYS, _NO],
            }
        },
        "required": ["decision"],
    }
    params = {"message": message, "requestedSchema": schema}
    question = Question(server="batonmcp", agent="batonmcp", about="elicitation", params=params)
    return question, ElicitRequest(params=ElicitRequestFormParams.model_validate(params, by_name=False))


def ruling_of(answer: Answer | Declined) -> Ruling | None:
    """Return what an answer decides. None: the host could not ask.

    Only the choice itself counts: a form that is sent without one decides against.
    """
    if isinstance(answer, Declined):
        return Refused(because="the run is over") if answer.over else None
    match answer.result:
        case {"action": "accept", "content": {"decision": "once"}}:
            return Approved()
        case {"action": "accept", "content": {"decision": "always for these tools"}}:
            return Approved(always=True)
        case {"action": "decline"} | {"action": "accept", "content": {"decision": "no"}}:
            return Refused(because="a person refused it")
        case {"action": "accept"}:
            return _NO_CHOICE
        case _:
            return _CLOSED
