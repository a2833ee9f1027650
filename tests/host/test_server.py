"""The server that hosts see, with an SDK client in front and a backend of the test behind."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.shared.memory import create_client_server_memory_streams
from mcp_types import CallToolResult, ResourcesCapability, TextContent, ToolsCapability
from pydantic import JsonValue

from batonmcp import __version__
from batonmcp.core.attachment import Contents
from batonmcp.core.errors import BatonError
from batonmcp.core.events import Emit, PlanReady, RouteStarted, RunFinished, RunStarted, StepFinished, StepStarted
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.record import RunRecord
from batonmcp.core.recorder import Recorder
from batonmcp.core.registry import Agent, Registry
from batonmcp.host.backend import Backend, OpenBackend
from batonmcp.host.server import Front
from batonmcp.stages.audience import Audience
from batonmcp.stages.task import Task
from batonmcp.store.approvals import Approvals
from batonmcp.store.memory import MemoryStore
from builders import plan_of, registry, tool
from reading import answer_in

pytestmark = pytest.mark.anyio

Play = Callable[[Task, Emit], Awaitable[RunRecord]]

TIME_S = 20.0
PLAN: dict[str, JsonValue] = {"steps": [{"id": "one", "tool": "a__x", "arguments": {}}]}


def recorded(task: Task, listen: Emit) -> RunRecord:
    """Return the record of a run of one step that answers with its query, and tell it."""
    recorder = Recorder(lambda: 0.0)
    plan = plan_of(PLAN, registry(tool("a__x")))
    for event in (
        RunStarted(run_id="r", query=task.query, planner="host"),
        RouteStarted(tools=1, agents=["A"]),
        PlanReady(plan=plan),
        StepStarted(step_id="one", arguments=[{}], per_item=False),
        StepFinished(step_id="one", outcome=Succeeded(value={"n": 1})),
        RunFinished(status="ok", answer=None if task.output == "data" else f"Answer to {task.query}"),
    ):
        recorder(event)
        listen(event)
    return recorder.record


async def answering(task: Task, listen: Emit) -> RunRecord:
    """Run a task at once."""
    return recorded(task, listen)


@dataclass
class Behind:
    """A backend that is a function."""

    play: Play = answering

    @property
    def approvals(self) -> Approvals:
        """Return a store of questions that nobody else sees."""
        return Approvals(MemoryStore())

    async def kept(self, run_id: str) -> None:
        """Keep no run."""
        del run_id

    async def run(self, task: Task, audience: Audience) -> RunRecord:
        """Run a task; nothing is asked."""
        return await self.play(task, audience.listen)

    async def read_resource(self, server: str, uri: str) -> Sequence[Contents] | Failed:
        """Fail: there are no resources."""
        raise AssertionError(server, uri)

    async def agents(self, *, other_than: Registry | None = None) -> Registry:
        """Know of two servers, and of no other ever."""
        if other_than is not None:
            await anyio.sleep_forever()
        return Registry.of([Agent(name=name, title=name.upper()) for name in "ab"], [tool("a__x")])


@dataclass
class Door:
    """Opens a backend, counts how often, and notes when it is closed."""

    run: Play = answering
    opened: int = 0
    closed: anyio.Event = field(default_factory=anyio.Event)

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Backend]:
        """Open the backend."""
        self.opened += 1
        try:
            yield Behind(self.run)
        finally:
            self.closed.set()


def front_of(open_backend: OpenBackend, *, limits: Limits | None = None) -> Front:
    """Return a server in front of a backend."""
    return Front(open_backend, agents=["a", "b"], limits=limits or Limits())


def text_of(result: CallToolResult) -> str:
    """Return the one text of a result."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    return answer_in(block.text)


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_it_answers_before_the_backend_is_open(mode: str) -> None:
    """Hosts of both eras get the handshake and the one tool although the backend never opens."""
    opening = anyio.Event()

    @asynccontextmanager
    async def never() -> AsyncGenerator[Backend]:
        opening.set()
        await anyio.sleep_forever()
        yield Behind()

    with anyio.fail_after(TIME_S):
        async with Client(front_of(never).server, mode=mode) as host:
            (listed,) = (await host.list_tools()).tools
            assert listed.name == "orchestrate"
            assert "Behind it: a, b." in (listed.description or "")
            assert host.server_capabilities.tools == ToolsCapability(list_changed=True)
            assert listed.output_schema is None
            assert host.server_info is not None
            assert (host.server_info.name, host.server_info.version) == ("batonmcp", __version__)
            assert host.server_capabilities.prompts is None
            assert host.server_capabilities.resources == ResourcesCapability(subscribe=False, list_changed=False)
            await opening.wait()
            assert len((await host.list_tools()).tools) == 1


async def test_nothing_is_opened_before_the_first_request() -> None:
    """The imports and connections of the backend do not compete with a host's first request; they begin after it."""
    door = Door()
    front = front_of(door.open)
    with anyio.fail_after(TIME_S):
        async with create_client_server_memory_streams() as (_, streams), anyio.create_task_group() as tasks:
            tasks.start_soon(front.server.run, *streams, front.server.create_initialization_options())
            await anyio.wait_all_tasks_blocked()
            assert door.opened == 0
            tasks.cancel_scope.cancel()
        front = front_of(door.open)
        async with Client(front.server, mode="legacy"):
            await anyio.wait_all_tasks_blocked()
            assert door.opened == 1


async def test_a_call_waits_for_the_backend() -> None:
    """A call that comes before the backend is open is answered once it is."""
    gate = anyio.Event()

    @asynccontextmanager
    async def late() -> AsyncGenerator[Backend]:
        await gate.wait()
        yield Behind()

    async def call() -> None:
        results.append(await host.call_tool("orchestrate", {"query": "q"}))

    results: list[CallToolResult] = []
    with anyio.fail_after(TIME_S):
        async with Client(front_of(late).server) as host, anyio.create_task_group() as tasks:
            tasks.start_soon(call)
            await anyio.wait_all_tasks_blocked()
            assert results == []
            gate.set()
    assert text_of(results[0]) == "Answer to q"


async def test_a_call_is_answered_with_text_and_record() -> None:
    """The answer is one text, the record is in `_meta`, and the host hears what happened meanwhile."""
    told: list[tuple[float, float | None, str | None]] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total, message))

    with anyio.fail_after(TIME_S):
        async with Client(front_of(Door().open).server) as host:
            result = await host.call_tool("orchestrate", {"query": " q "}, progress_callback=note)
    assert text_of(result) == "Answer to q"
    assert not result.is_error
    assert result.structured_content is None
    assert result.meta is not None
    assert result.meta["batonmcp/run"]["steps"][0]["value"] == {"n": 1}
    assert [message for _, _, message in told] == [
        "Choosing among 1 tool of A",
        "Single: a__x",
        "a__x: running",
        "a__x: succeeded",
    ]


async def test_data_is_handed_through() -> None:
    """The wanted output reaches the backend and the reply."""
    with anyio.fail_after(TIME_S):
        async with Client(front_of(Door().open).server) as host:
            result = await host.call_tool("orchestrate", {"query": "q", "output": "data"})
    assert text_of(result).startswith('{"status":"ok","results":{"one":{"n":1}},"run":{"run_id":"r",')


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (None, "The query is empty. Say the complete task in it, in plain words."),
        ({"query": "x" * 11}, "The query has 11 bytes, at most 10 are allowed."),
        ({"query": "q", "output": "poem"}, "`output`: input should be 'answer', 'data' or 'plan'"),
    ],
    ids=["nothing", "too long", "wrong"],
)
async def test_bad_arguments_are_a_tool_error(arguments: dict[str, Any] | None, says: str) -> None:
    """Arguments that cannot be used are answered with what is wrong with them, and nothing runs."""

    async def must_not_run(_task: Task, _listen: Emit) -> RunRecord:
        raise AssertionError

    with anyio.fail_after(TIME_S):
        async with Client(front_of(Door(must_not_run).open, limits=Limits(query_bytes=10)).server) as host:
            result = await host.call_tool("orchestrate", arguments)
    assert result.is_error
    assert says in text_of(result)
    assert result.meta is None or "batonmcp/run" not in result.meta


async def test_another_tool_is_a_tool_error() -> None:
    """A name that is not ours is answered with the one that is."""
    with anyio.fail_after(TIME_S):
        async with Client(front_of(Door().open).server) as host:
            result = await host.call_tool("orchestrat", {"query": "q"})
    assert result.is_error
    assert text_of(result) == "There is no tool 'orchestrat' here; the only one is 'orchestrate'."


async def test_a_fault_of_ours_costs_one_call(caplog: pytest.LogCaptureFixture) -> None:
    """A run that crashes is a tool error without its details, which are in the log; the next call works."""

    async def crash_once(task: Task, listen: Emit) -> RunRecord:
        if task.query == "crash":
            message = "canary"
            raise LookupError(message)
        return recorded(task, listen)

    with anyio.fail_after(TIME_S), caplog.at_level(logging.ERROR):
        async with Client(front_of(Door(crash_once).open).server) as host:
            crashed = await host.call_tool("orchestrate", {"query": "crash"})
            again = await host.call_tool("orchestrate", {"query": "q"})
    assert crashed.is_error
    assert text_of(crashed).startswith("batonmcp failed by a fault of its own")
    assert "canary" not in text_of(crashed)
    assert "canary" in caplog.text
    assert text_of(again) == "Answer to q"


async def test_a_backend_that_cannot_open_is_said_in_every_call() -> None:
    """If what is behind cannot be opened, the host keeps its server, and each call says why."""

    @asynccontextmanager
    async def broken() -> AsyncGenerator[Backend]:
        raise BatonError(kind="config", message="The planner cannot be used.", cure="Name a model.")
        yield Behind()

    with anyio.fail_after(TIME_S):
        async with Client(front_of(broken).server) as host:
            for _ in range(2):
                result = await host.call_tool("orchestrate", {"query": "q"})
                assert result.is_error
                assert text_of(result) == "The planner cannot be used. Name a model."
            assert len((await host.list_tools()).tools) == 1


async def test_a_cancelled_call_ends_its_run_only() -> None:
    """A host that gives up has its own run cancelled; another one that runs beside it ends well."""
    started, cancelled, go_on = anyio.Event(), anyio.Event(), anyio.Event()

    async def run(task: Task, listen: Emit) -> RunRecord:
        if task.query == "wait":
            started.set()
            try:
                await anyio.sleep_forever()
            finally:
                listen(RouteStarted(tools=1, agents=["A"]))
                cancelled.set()
        await go_on.wait()
        return recorded(task, listen)

    results: list[CallToolResult] = []

    async def call_beside() -> None:
        results.append(await host.call_tool("orchestrate", {"query": "q"}))

    with anyio.fail_after(TIME_S):
        async with Client(front_of(Door(run).open).server) as host, anyio.create_task_group() as tasks:
            tasks.start_soon(call_beside)
            async with anyio.create_task_group() as given_up:
                given_up.start_soon(host.call_tool, "orchestrate", {"query": "wait"})
                await started.wait()
                given_up.cancel_scope.cancel()
            await cancelled.wait()
            go_on.set()
    assert text_of(results[0]) == "Answer to q"


async def test_calls_run_at_the_same_time() -> None:
    """Two calls of one host overlap: each waits for the other here."""
    missing = 2
    both = anyio.Event()

    async def meet(task: Task, listen: Emit) -> RunRecord:
        nonlocal missing
        missing -= 1
        if not missing:
            both.set()
        await both.wait()
        return recorded(task, listen)

    with anyio.fail_after(TIME_S):
        async with Client(front_of(Door(meet).open).server) as host, anyio.create_task_group() as tasks:
            for _ in range(2):
                tasks.start_soon(host.call_tool, "orchestrate", {"query": "q"})


async def test_the_backend_is_opened_once_and_closed_with_the_server() -> None:
    """However many requests there are, one backend is opened, and it is closed when the host has gone."""
    door = Door()
    front = front_of(door.open)
    with anyio.fail_after(TIME_S):
        async with Client(front.server) as host:
            for _ in range(3):
                await host.call_tool("orchestrate", {"query": "q"})
            assert not front.stopped.is_set()
        await door.closed.wait()
        await front.stopped.wait()
    assert door.opened == 1


async def test_stop_closes_the_backend() -> None:
    """Stopping closes what is behind while the connection to the host is still open."""
    door = Door()
    front = front_of(door.open)
    with anyio.fail_after(TIME_S):
        async with Client(front.server) as host:
            await host.call_tool("orchestrate", {"query": "q"})
            front.stop()
            await door.closed.wait()
            await front.stopped.wait()
            result = await host.call_tool("orchestrate", {"query": "q"})
            assert result.is_error
            assert text_of(result) == "batonmcp is shutting down."


async def test_stop_before_anything_was_opened() -> None:
    """A server that is stopped before its first request opens nothing, and calls do not wait for it."""
    door = Door()
    front = front_of(door.open)
    front.stop()
    with anyio.fail_after(TIME_S):
        async with Client(front.server) as host:
            await front.stopped.wait()
            result = await host.call_tool("orchestrate", {"query": "q"})
    assert text_of(result) == "batonmcp is shutting down."
    assert door.opened == 0
