"""The record of a run."""

import json
from dataclasses import replace
from typing import Literal

from batonmcp.core.attachment import Attachment
from batonmcp.core.events import LlmCalled
from batonmcp.core.record import RunRecord, StepRecord, Usage


def tokens(stage: Literal["route", "synthesize"], prompt: int, completion: int) -> LlmCalled:
    """Return the event of an LLM call of which nothing was cached."""
    return LlmCalled(stage=stage, prompt_tokens=prompt, completion_tokens=completion, cached_tokens=0)


def test_as_json() -> None:
    """It is JSON, with the names of attachments in place of what is in them; its own lists stay its own."""
    image = Attachment(name="image", media="image", mime="image/png", size=3)
    step = StepRecord(id="s1", tool="a__x", server="a", effect="read", attachments=[image])
    record = RunRecord(run_id="r", query="q", planner="llm", steps=[step])
    document = record.as_json()
    assert json.loads(json.dumps(document)) == document
    assert document["steps"][0]["attachments"] == [image.as_json()]
    record.notes.append("later")
    step.status = "running"
    assert (document["notes"], document["steps"][0]["status"]) == ([], "pending")


def test_a_cost_is_known_if_all_of_it_is() -> None:
    """What one call cost is not told as the cost of all; a call that took nothing costs nothing."""
    priced = replace(tokens("route", 100, 10), cost_usd=0.25)
    nothing, unpriced = tokens("route", 0, 0), tokens("synthesize", 100, 10)
    for calls, cost in (
        ((priced, priced), 0.5),
        ((nothing, priced, nothing), 0.25),
        ((priced, unpriced), None),
        ((unpriced, priced), None),
        ((nothing,), None),
        ((), None),
    ):
        usage = Usage()
        for call in calls:
            usage.add(call)
        assert usage.cost_usd == cost
