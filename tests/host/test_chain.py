"""Through which processes a call came: seen by the backend behind real clients."""

from dataclasses import dataclass, field
from typing import Any, cast

import anyio
import anyio.lowlevel
import pytest
from mcp import Client
from mcp_types import CallToolResult, RequestParamsMeta, TextContent

from batonmcp.config.lineage import CHAIN, OUR_MARK
from batonmcp.core.caller import Caller
from batonmcp.core.events import Emit
from batonmcp.core.limits import Limits
from batonmcp.host.server import Front
from batonmcp.stages.task import Task
from doubles.asking import AskingBackend
from reading import answer_in

pytestmark = pytest.mark.anyio

TIME_S = 20.0


@dataclass
class Noting:
    """Runs nothing and notes who called."""

    callers: list[Caller] = field(default_factory=list[Caller])

    async def play(self, _task: Task, _listen: Emit, caller: Caller) -> str:
        """Note it."""
        await anyio.lowlevel.checkpoint()
        self.callers.append(caller)
        return "done"

    def front(self) -> Front:
        """Return a server in front."""
        return Front(AskingBackend(self.play).open, agents=[], limits=Limits())


def text_of(result: CallToolResult) -> str:
    """Return the one text of a result."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    return answer_in(block.text)


def came_through(chain: Any) -> RequestParamsMeta:  # noqa: ANN401 - whatever a client may send
    """Return the metadata of a call."""
    return cast("RequestParamsMeta", {CHAIN: chain})


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize(
    ("chain", "seen"),
    [
        (["a", "b", "c"], ("a", "b", "c")),
        ([], ()),
        ("abcdef", ()),
        ({"a": 1}, ()),
        (None, ()),
        ([1, None], ("1", "None")),
    ],
    ids=str,
)
async def test_the_chain_is_passed_on(mode: str, chain: object, seen: tuple[str, ...]) -> None:
    """The caller of a run knows through which processes its call came; nonsense is none."""
    noting = Noting()
    with anyio.fail_after(TIME_S):
        async with Client(noting.front().server, mode=mode) as host:
            done = await host.call_tool("orchestrate", {"query": "q"}, meta=came_through(chain))
    assert text_of(done) == "done"
    assert [caller.chain for caller in noting.callers] == [seen]


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize(
    ("chain", "says"),
    [
        (["a", OUR_MARK], "come back to the batonmcp that made it"),
        (["a", "b", "c", "d"], "come through 4 others of batonmcp"),
    ],
    ids=["back", "long"],
)
async def test_what_comes_round_is_refused(mode: str, chain: list[str], says: str) -> None:
    """A call that has been here, or has come far, runs nothing, and the reply says what to change."""
    noting = Noting()
    with anyio.fail_after(TIME_S):
        async with Client(noting.front().server, mode=mode) as host:
            refused = await host.call_tool("orchestrate", {"query": "q"}, meta=came_through(chain))
    assert refused.is_error
    assert says in text_of(refused)
    assert "servers.json" in text_of(refused)
    assert noting.callers == []
