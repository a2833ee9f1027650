"""The caller of a tool."""

import pytest

from batonmcp.core.caller import NOBODY, Declined, Progress, Question

pytestmark = pytest.mark.anyio


async def test_nobody_declines_and_takes_no_note() -> None:
    """Where there is nobody, a question is declined with the reason."""
    NOBODY.progressed(Progress(done=1))
    question = Question(server="s", agent="S", about="elicitation", params={"message": "Sure?"})
    assert await NOBODY.ask(question) == Declined(because="there is nobody to ask here")


@pytest.mark.parametrize(
    ("progress", "tidied"),
    [
        (Progress(done=40, total=100, message="copying"), Progress(done=40.0, total=100.0, message="copying")),
        (Progress(done=float("nan")), Progress(done=0.0)),
        (Progress(done=-1, total=-5), Progress(done=0.0, total=0.0)),
        (Progress(done=5, total=3), Progress(done=3.0, total=3.0)),
        (Progress(done=5, total=float("inf")), Progress(done=5.0)),
        (Progress(done=10**400, total=1), Progress(done=0.0, total=1.0)),
        (Progress(done=1, message="a\x1b[2J\u202e\nb"), Progress(done=1.0, message="a[2J b")),
        (Progress(done=1, message="x" * 10_000), Progress(done=1.0, message="x" * 199 + "…")),
    ],
)
def test_progress_is_tidied(progress: Progress, tidied: Progress) -> None:
    """Numbers that are none, or make no sense, become such as do; a message is short and can be shown."""
    assert progress.tidied() == tidied
