"""The discretion of a process."""

import pytest
from pydantic import JsonValue

from batonmcp.core.caller import Answer, Caller, Declined, Progress, Question
from batonmcp.core.discretion import Discretion

pytestmark = pytest.mark.anyio

SECRET = "s3cret-canary"  # noqa: S105 - the secret of these tests


def test_it_learns_and_remembers() -> None:
    """New secrets count at once, and those before them still do."""
    discretion = Discretion(["old-secret"])
    discretion.learn({"new-secret"})
    assert discretion.text("old-secret new-secret") == "*** ***"
    discretion.learn(())
    assert discretion.value(["new-secret"]) == ["***"]


def test_it_does_not_grow_for_ever() -> None:
    """Only the last few configurations count."""
    discretion = Discretion()
    for number in range(100):
        discretion.learn({f"secret-{number:03}"})
    assert len(discretion.redaction.spellings) < 20
    assert discretion.text("secret-000 secret-099") == "secret-000 ***"


async def test_callers_hear_no_secret() -> None:
    """Questions and progress come without secrets, and the answer goes back as it is."""
    heard: list[object] = []

    async def ask(question: Question) -> Answer | Declined:
        heard.append(question)
        return Answer({"content": SECRET})

    caller = Discretion([SECRET]).caller(Caller(principal="p", ask=ask, progressed=heard.append))
    params: dict[str, JsonValue] = {"message": f"is it {SECRET}?", "requestedSchema": {"title": SECRET}}
    answer = await caller.ask(Question(server="s", agent=f"Agent {SECRET}", about="elicitation", params=params))
    caller.progressed(Progress(done=1, message=f"at {SECRET}"))
    assert answer == Answer({"content": SECRET})
    assert caller.principal == "p"
    assert len(heard) == 2
    assert SECRET not in repr(heard)
