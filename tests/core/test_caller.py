"""The caller of a tool."""

import pytest

from batonmcp.core.caller import NOBODY, Declined, Progress, Question

pytestmark = pytest.mark.anyio


async def test_nobody_declines_and_takes_no_note() -> None:
    """Where there is nobody, a question is declined with the reason."""
    NOBODY.progressed(Progress(done=1))
    question = Question(server="s", agent="S", about="elicitation", params={"message": "Sure?"})
    assert await NOBODY.ask(question) == Declined(because="there is nobody to ask here")
