"""The five invariants that hold after every fault, and the ground on which a row is played.

- I1: every call and run ends in an answer, at most a second past its deadline.
- I2: the answer names the server that failed, and has every result that was obtained.
- I3: others are unaffected: a ledger server beside the hostile ones answers all the time, and the event loop is never
  blocked for more than 50 ms. A gap between two beats of the loop counts by the processor time that the loop's thread
  used in it, and by how fast the processor is just then: what other programs do to the machine is not held against us.
- I4: nothing is left: tasks, descriptors, children (dead ones too), memory.
- I5: nothing is done twice, or that was not asked for: hostile servers note their calls, the ledger its effects.
"""

import asyncio
import ctypes
import gc
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from pydantic import JsonValue

from batonmcp.config.settings import ServerSettings
from batonmcp.core.effect import EffectKind
from batonmcp.core.inert import inert
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.policy import Policy
from batonmcp.core.record import RunRecord
from batonmcp.core.registry import Registry
from batonmcp.downstream.fleet import Fleet, open_fleet
from batonmcp.stages.audience import Audience
from batonmcp.stages.orchestrate import orchestrate
from batonmcp.stages.ports import Ports
from batonmcp.stages.task import Task
from doubles import evil_http
from doubles.downstream import evil, http, scripted, settings_of
from doubles.ledger import Ledger
from doubles.processes import TOKEN_VARIABLE
from doubles.servers import evil_more_server, ledger_server

__all__ = ["CONTROL", "Ground", "Session", "Snapshot", "snapshot"]

CONTROL = "control"
"""The server that must not be affected."""

_OF_THE_TESTS = "_shutdown_watcher"  # a task that the tests' own HTTP servers leave running, one for each loop
_EVIL_HTTP = Path(evil_http.__file__)
_BEAT_S = 0.005
_LONGEST_STALL_S = 0.05
_GRACE_S = 1.0
_CONTROL_EVERY_S = 0.02
_SETTLE_S = 2.0
_MEMORY = 8 * 2**20
_TIME_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """What this process holds."""

    tasks: int
    descriptors: int
    children: frozenset[int]
    resident: int


def snapshot() -> Snapshot:
    """Count what this process holds; dead children that nobody has waited for are children."""
    gc.collect()
    if sys.platform == "linux":
        _trim()
    return Snapshot(
        tasks=sum(_OF_THE_TESTS not in repr(task.get_coro()) for task in asyncio.all_tasks()),
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - a count
        children=frozenset(
            int(child) for task in Path("/proc/self/task").iterdir() for child in _children(task / "children")
        ),
        resident=int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"),
    )


def _children(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:  # the thread has ended meanwhile
        return []


def _trim() -> None:
    """Have the allocator give back what it holds in reserve."""
    trim: Callable[[int], int] | None = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)


class _Pace:
    """How fast the processor is: others who share its caches and its cores make the same work take longer."""

    def __init__(self) -> None:
        self._best = float("inf")

    def slowness(self) -> float:
        """Return how many times as long a piece of work takes now as it took at best; 1 is undisturbed."""
        times = sorted(self._measured() for _ in range(9))
        self._best = min(self._best, times[0])
        return times[4] / self._best

    @staticmethod
    def _measured() -> float:
        before = time.thread_time()
        sum(range(20_000))
        return time.thread_time() - before


_PACE = _Pace()


class _Pulse:
    """Beats in the event loop, and remembers the longest it was kept from it."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def beat(self) -> None:
        """Beat until cancelled."""
        while True:
            before = time.thread_time()
            await anyio.sleep(_BEAT_S)
            self.longest = max(self.longest, time.thread_time() - before)


@dataclass(slots=True, eq=False)
class Session:
    """A fleet of hostile servers with one good one, while it is open."""

    fleet: Fleet
    ground: "Ground"
    limits: Limits
    planned: Counter[str] = field(default_factory=Counter[str])

    async def registry(self) -> Registry:
        """Return the registry once all servers are up or down."""
        return await self.fleet.registry()

    async def trouble(self, server: str) -> str:
        """Return what is wrong with a server, once it is known how it stands."""
        await self.fleet.settled()
        (agent,) = (agent for agent in (await self.registry()).agents if agent.name == server)
        assert agent.trouble, f"nothing is wrong with {server}"
        return agent.trouble

    async def call(self, tool: str, within: float = 5.0, **arguments: JsonValue) -> Succeeded | Failed:
        """Call a tool (I1, I5); what fails names the server (I2)."""
        found = (await self.registry())[tool]
        self.planned[found.server] += 1
        with anyio.fail_after(within + _GRACE_S):
            outcome = await self.fleet.call(found, arguments, within=within)
        if isinstance(outcome, Failed):
            _names(found.server, found.agent, outcome.error.kind, str(outcome.error))
        return outcome

    async def value(self, tool: str, within: float = 5.0, **arguments: JsonValue) -> JsonValue:
        """Return the value of a call that succeeds."""
        outcome = await self.call(tool, within, **arguments)
        assert isinstance(outcome, Succeeded), outcome
        return outcome.value

    async def failure(self, tool: str, within: float = 5.0, **arguments: JsonValue) -> Failed:
        """Return the failure of a call that fails."""
        outcome = await self.call(tool, within, **arguments)
        assert isinstance(outcome, Failed), outcome
        return outcome

    async def run(self, tool: str, **arguments: JsonValue) -> RunRecord:
        """Run a plan of that call and one of the good server (I1, I5); its result is there whatever happens (I2)."""
        good = f"{CONTROL}__look"
        plan: JsonValue = {
            "steps": [
                {"id": "good", "tool": good, "arguments": {"id": "plan"}},
                {"id": "bad", "tool": tool, "arguments": arguments},
            ]
        }
        found = (await self.registry())[tool]
        again = self.limits.attempts if found.effect.kind == "read" else 1
        self.planned[found.server] += again
        with anyio.fail_after(self.limits.run_timeout + _GRACE_S):
            record = await orchestrate(Task(query="", plan=plan), _ports(self.fleet, self.limits), Audience())
        if not record.steps:  # the plan was refused as it stands, so nothing was called
            assert tool in (record.answer or ""), record
            return record
        steps = {step.id: step for step in record.steps}
        assert steps["good"].value == "saw plan"
        assert "saw plan" in (record.answer or "")
        if error := steps["bad"].error:
            _names(found.server, found.agent, error["kind"], f"{error['message']} {error['cure']}")
            told = inert(error["message"]).replace("\n", "\n  ")  # within its entry, and loading nothing
            assert told in (record.answer or "")
        return record


def _names(server: str, agent: str, kind: str, sentence: str) -> None:
    """Check that a failure names its server, unless it is what the tool itself says (I2)."""
    assert kind == "tool_error" or server in sentence or agent in sentence, sentence


def _ports(fleet: Fleet, limits: Limits) -> Ports:
    return Ports(
        tools=fleet,
        planner="host",
        llm=None,
        limits=limits,
        policy=Policy(profile="never"),
        clock=time.monotonic,
        now=partial(datetime.now, UTC),
    )


@dataclass(slots=True, eq=False)
class Ground:
    """Where a row is played: starts the servers, keeps the books, and checks the invariants in the end."""

    token: str
    folder: Path
    before: Snapshot
    heavy: bool = False
    stall: float = _LONGEST_STALL_S
    _states: dict[str, Path] = field(default_factory=dict[str, Path])
    _sessions: int = 0

    def evil(self, mode: str, *, name: str = "bad", **more: Any) -> ServerSettings:  # noqa: ANN401 - an entry's settings
        """Return the entry of a server of `evil_stdio`, which notes its calls."""
        return evil(mode, self.token, name=name, state=self.state(name), **more)

    def more(self, mode: str, *, name: str = "bad", **more: Any) -> ServerSettings:  # noqa: ANN401 - an entry's settings
        """Return the entry of a server of `evil_more`, which notes its calls."""
        return evil_more_server(mode, self.token, name=name, state=self.state(name), **more)

    def scripted(self, code: str, *, name: str = "bad", **more: Any) -> ServerSettings:  # noqa: ANN401 - an entry's settings
        """Return the entry of a server that some lines of Python spoil."""
        return scripted(code, self.token, name=name, **more)

    def state(self, server: str) -> Path:
        """Return the file that a server notes its calls in."""
        return self._states.setdefault(server, self.folder / f"{server}.state")

    def noted(self, server: str, start: str) -> list[str]:
        """Return what a server has noted, line by line, without the start that is looked for."""
        return Ledger(self.state(server)).lines(start)

    @asynccontextmanager
    async def web(self, mode: str, *, name: str = "bad", **more: Any) -> AsyncGenerator[ServerSettings]:  # noqa: ANN401 - an entry's settings
        """Serve a mode of `evil_http` from a process of its own, and yield the entry of that server."""
        environment = {**os.environ, TOKEN_VARIABLE: self.token}
        command = [sys.executable, str(_EVIL_HTTP), mode]
        async with await anyio.open_process(command, env=environment, stderr=subprocess.DEVNULL) as process:
            assert process.stdout
            url = (await process.stdout.receive()).decode().strip()
            yield http(url, name=name, **more)
            process.kill()

    @asynccontextmanager
    async def session(
        self,
        *servers: ServerSettings,
        limits: Limits | None = None,
        effects: Mapping[str, EffectKind] | None = None,
        ready: bool = True,
    ) -> AsyncGenerator[Session]:
        """Open a fleet of these servers and a good one, which is used all the time; check I3 and I5 when it closes."""
        limits = limits or Limits(connect_timeout=5.0)
        self._sessions += 1
        good, book = ledger_server(self.folder / f"ledger-{self._sessions}", self.token, name=CONTROL)
        settings = settings_of(good, *servers, limits=limits, effects=effects)
        pulse, done = _Pulse(), list[str]()
        with anyio.fail_after(_TIME_S), _frozen_heap():
            async with _background(pulse.beat), open_fleet(settings) as fleet:
                await (fleet.settled() if ready else fleet.registry((CONTROL,)))
                session = Session(fleet, self, limits)
                async with _background(partial(_use, fleet, done)):
                    yield session
                    await _used(done)
        assert book.twice == [], "effects happened twice (I5)"
        assert set(done) <= set(book.done), "effects were reported that never happened (I5)"
        assert len(book.done) <= len(done) + 1, "effects happened that nobody asked for (I5)"
        for server, most in self._calls(session.planned).items():
            assert len(self.noted(server, "call")) <= most, f"{server} was called more often than planned (I5)"
        blocked = pulse.longest / _PACE.slowness()
        assert blocked <= self.stall, f"the event loop was blocked for {blocked * 1000:.0f} ms (I3)"

    def _calls(self, planned: Counter[str]) -> dict[str, int]:
        return {server: planned[server] for server in self._states}

    async def cleared(self) -> None:
        """Check that everything that was there before is there, and nothing else (I4)."""
        deadline = anyio.current_time() + _SETTLE_S
        while left := self._left():
            assert anyio.current_time() < deadline, f"left behind (I4): {left}"
            await anyio.sleep(0.02)  # the end of a child or a thread is no event here

    def _left(self) -> str:
        now = snapshot()
        most = _MEMORY * (4 if self.heavy else 1)
        found = {
            "tasks": now.tasks - self.before.tasks,
            "descriptors": now.descriptors - self.before.descriptors,
            "children": len(now.children - self.before.children),
            "bytes": max(now.resident - self.before.resident - most, 0),
        }
        return ", ".join(f"{count} {name}" for name, count in found.items() if count > 0)


@contextmanager
def _frozen_heap() -> Generator[None]:
    """Keep the collector from walking what the tests before have left: that is no work of the product."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@asynccontextmanager
async def _background(work: Callable[[], Any]) -> AsyncGenerator[None]:
    """Do some work meanwhile. What is raised here is raised as it is, not in a group."""
    failure: Exception | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(work)
        try:
            yield
        except Exception as error:  # noqa: BLE001 - not handled, but kept out of the group that it would be wrapped in
            failure = error
        tasks.cancel_scope.cancel()
    if failure:
        raise failure


async def _use(fleet: Fleet, done: list[str]) -> None:
    """Have the good server do one thing after the other; none may fail (I3)."""
    tool = (await fleet.registry((CONTROL,)))[f"{CONTROL}__record"]
    number = 0
    while True:
        name = f"control-{number}"
        outcome = await fleet.call(tool, {"id": name}, within=5.0)
        assert isinstance(outcome, Succeeded), f"the good server's call failed (I3): {outcome}"
        done.append(name)
        number += 1
        await anyio.sleep(_CONTROL_EVERY_S)


async def _used(done: list[str]) -> None:
    """Wait until the good server has done two things more, after all that has happened (I3)."""
    enough = len(done) + 2
    with anyio.fail_after(5.0):
        while len(done) < enough:  # noqa: ASYNC110 - it does one thing after the other by itself
            await anyio.sleep(_BEAT_S)
