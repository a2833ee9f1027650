"""What is behind the server: each implementation does all that hosts may ask for."""

import anyio
import pytest

from batonmcp.core.outcome import Failed
from batonmcp.host.backend import OpenBackend
from batonmcp.stages.audience import Audience
from batonmcp.stages.task import Task
from doubles.asking import AskingBackend
from doubles.hub import GET, Hub, plan

pytestmark = pytest.mark.anyio

TIME_S = 20.0


async def nothing(*_given: object) -> str:
    """Do nothing."""
    await anyio.lowlevel.checkpoint()
    return "done"


@pytest.mark.parametrize("opens", [Hub().open, AskingBackend(nothing).open], ids=["orchestrating", "asking"])
async def test_it_does_what_hosts_ask_for(opens: OpenBackend) -> None:
    """It runs tasks, has or has not what was kept, reads resources or says that it cannot."""
    with anyio.fail_after(TIME_S):
        async with opens() as backend:
            record = await backend.run(Task(query="q", plan=plan(GET), output="data"), Audience())
            assert record.status == "ok"
            assert await backend.kept("nonsense") is None
            assert isinstance(await backend.read_resource("nobody", "file:///x"), Failed)
            assert await backend.approvals.pending() == []
