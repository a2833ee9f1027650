"""An audience that was not told otherwise."""

import pytest

from batonmcp.core.approval import Approval, Undecided
from batonmcp.core.caller import NOBODY
from batonmcp.core.events import Noted
from batonmcp.stages.audience import Audience
from builders import plan_of, registry, tool

pytestmark = pytest.mark.anyio


async def test_where_nobody_can_be_asked() -> None:
    """Where no person can be asked, nothing is decided: neither yes nor no; and events go nowhere."""
    plan = plan_of({"steps": [{"id": "one", "tool": "a__put"}]}, registry(tool("a__put", effect="write")))
    audience = Audience()
    audience.listen(Noted(text="Heard by nobody."))
    asked = Approval(query="q", plan=plan, concerns=(), calls={}, begun=False)
    assert await audience.decide(asked) == Undecided()
    assert audience.caller is NOBODY
    assert audience.recorder is None
