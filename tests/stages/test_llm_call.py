"""A call of the LLM in a run."""

import pytest

from batonmcp.core.errors import LlmError
from batonmcp.core.events import Event, LlmCalled
from batonmcp.llm.port import Reply, Request, Tokens
from batonmcp.stages.llm_call import call_llm
from doubles.ports import ScriptedLLM

pytestmark = pytest.mark.anyio

REQUEST = Request(stage="synthesize", system="s", user="u", temperature=0.7)


async def test_a_call_is_told_with_its_stage_and_tokens() -> None:
    """The reply comes back as it is, and one event says what it took."""
    said = Reply(text="x", tokens=Tokens(prompt=3, completion=2, cached=1))
    told: list[Event] = []
    assert await call_llm(ScriptedLLM(said), REQUEST, told.append) is said
    assert told == [LlmCalled(stage="synthesize", prompt_tokens=3, completion_tokens=2, cached_tokens=1)]


async def test_a_call_that_fails_is_not_told() -> None:
    """Without a reply there are no tokens to tell of."""
    told: list[Event] = []
    with pytest.raises(LlmError, match="down"):
        await call_llm(ScriptedLLM(LlmError(kind="llm_unavailable", message="down")), REQUEST, told.append)
    assert told == []
