"""The host cancels: at each point that a run passes, and between any two of its moments."""

from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel
import anyio.to_thread
import pytest
from mcp.client.session import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult, ErrorData
from pydantic import JsonValue

from batonmcp.core.limits import Limits
from batonmcp.core.policy import Policy
from batonmcp.llm.port import LLM, Reply, Request
from batonmcp.stages.route import PLAN_FUNCTION
from doubles.hub import Hub, Person, step
from doubles.ports import calling, saying

pytestmark = pytest.mark.anyio

TIME_S = 60.0
ROUTED = calling(
    (
        PLAN_FUNCTION,
        {
            "steps": [
                step("store__read", arguments={}),
                step("store__put", arguments={"value": "red"}, after=["read"]),
                step("other__look", arguments={}, after=["put"]),
            ]
        },
    )
)
ROUTE = [
    "route",
    "decide",
    *(f"{name} {when}" for name in ("read", "put", "look") for when in ("begins", "ends")),
    "synthesize",
]
MOMENTS = 200


class Points:
    """What a run passes, in this order, and where it stays until it is cancelled.

    Args:
        stop: The name of that point; empty: nowhere.
    """

    def __init__(self, stop: str = "") -> None:
        self.stop = stop
        self.passed: list[str] = []
        self.reached = anyio.Event()

    async def come(self, name: str) -> None:
        """Come to a point."""
        self.passed.append(name)
        if name == self.stop:
            self.reached.set()
            await anyio.sleep_forever()
        await anyio.lowlevel.checkpoint()

    def tool(self, name: str) -> Callable[[dict[str, JsonValue]], Awaitable[JsonValue]]:
        """Return a tool that is a point at its start and at its end."""

        async def work(_arguments: dict[str, JsonValue]) -> JsonValue:
            await self.come(f"{name} begins")
            await self.come(f"{name} ends")
            return name

        return work


class Model(LLM):
    """Plans, and writes an answer; each is a point."""

    def __init__(self, points: Points) -> None:
        self.points = points

    async def complete(self, request: Request, heard: object = None) -> Reply:
        """Answer."""
        del heard
        await self.points.come(request.stage)
        return ROUTED if request.stage == "route" else saying("It is so.")


class Thoughtful(Person):
    """Agrees; to be asked is a point."""

    def __init__(self, points: Points) -> None:
        super().__init__("once")
        self.points = points

    async def answer(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult | ErrorData:
        """Agree."""
        await self.points.come("decide")
        return await super().answer(context, params)


def hub_of(points: Points, policy: Policy | None = None) -> Hub:
    """Return a hub whose runs pass all points."""
    answers = {
        "store__read": points.tool("read"),
        "store__put": points.tool("put"),
        "other__look": points.tool("look"),
    }
    return Hub(answers=answers, llm=Model(points), limits=Limits(), policy=policy or Policy())


@pytest.fixture(params=["legacy", "auto"], ids=["legacy", "modern"])
def mode(request: pytest.FixtureRequest) -> str:
    """Both eras of hosts."""
    return request.param


async def quiet() -> None:
    """Wait until nothing more happens: also what a thread was busy with has come to its end."""
    anyio.to_thread.current_default_thread_limiter().total_tokens = 1
    await anyio.wait_all_tasks_blocked()
    await anyio.to_thread.run_sync(int)
    await anyio.wait_all_tasks_blocked()


async def test_u01_all_points_are_passed(mode: str) -> None:
    """The control: a run that nobody cancels passes all of them."""
    points = Points()
    with anyio.fail_after(TIME_S):
        async with hub_of(points).host(mode, Thoughtful(points)) as host:
            await host.call_tool("orchestrate", {"query": "Do it"})
    assert points.passed == ROUTE


@pytest.mark.parametrize("stop", ROUTE)
async def test_u01_is_cancelled_at_a_point(mode: str, stop: str) -> None:
    """What the run does there is cancelled, nothing begins after it, and what was finished is kept."""
    points = Points(stop)
    hub = hub_of(points)
    with anyio.fail_after(TIME_S):
        async with hub.host(mode, Thoughtful(points)) as host:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(host.call_tool, "orchestrate", {"query": "Do it"})
                await points.reached.wait()
                tasks.cancel_scope.cancel()
            await quiet()
            assert hub.tools.running == []
            assert points.passed == ROUTE[: ROUTE.index(stop) + 1]
            assert len(hub.ended) == (0 if (mode, stop) == ("auto", "decide") else 1)  # that run waits for its host
    (record,) = hub.ended
    assert record.status == "cancelled"
    finished = {one.id: one.value for one in record.steps if one.status == "succeeded"}
    ends = [name.removesuffix(" ends") for name in points.passed if name.endswith(" ends") and name != stop]
    assert finished == {name: name for name in ends}
    begun = [name.removesuffix(" begins") for name in points.passed if name.endswith(" begins")]
    broken_off = {one.id: one.status for one in record.steps if one.id in begun and one.id not in finished}
    assert broken_off == {name: "unknown" if name == "put" else "cancelled" for name in begun if name not in ends}


async def test_u01_is_cancelled_in_any_moment(mode: str) -> None:
    """After any number of turns of the loop: nothing runs on, and what may have happened is not said to be undone."""
    points, reached = Points(), set[int]()
    hub = hub_of(points, Policy(profile="never"))
    with anyio.fail_after(TIME_S):
        async with hub.host(mode) as host:
            for moment in range(MOMENTS):
                points.passed.clear()
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(host.call_tool, "orchestrate", {"query": f"Do it {moment}"})
                    for _ in range(moment):
                        await anyio.lowlevel.checkpoint()
                    tasks.cancel_scope.cancel()
                await quiet()
                passed = list(points.passed)
                await quiet()
                assert points.passed == passed
                assert hub.tools.running == []
                check_record(hub, moment, passed)
                reached.add(len(passed))
    assert len(reached) > 5


def check_record(hub: Hub, moment: int, passed: list[str]) -> None:
    """Check what is kept of the run of one moment."""
    found = [record for record in hub.ended if record.query == f"Do it {moment}"]
    assert len(found) <= 1
    if not found:
        assert passed == []  # the call was cancelled before it had arrived
        return
    status = {one.id: one.status for one in found[0].steps}
    assert (status.get("put") in {"succeeded", "unknown"}) is ("put begins" in passed)
    assert found[0].status in {"ok", "cancelled"}
