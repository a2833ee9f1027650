"""The fleet: what it costs to have servers connected, called and restarted by batonmcp, beside the plain SDK.

    python benchmarks/fleet.py [--quick] [--write]

Five parts: start-up of many servers, one call, the way back after a kill, memory, large results. Everything is real:
processes, pipes, the SDK. `--quick` is a smoke run. `--write` puts the result into docs/benchmarks.md.
"""

import gc
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from pydantic import JsonValue

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from page import assumptions, machine, met, parser, publish, table

from batonmcp.config.settings import ServerSettings, StdioServer
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Succeeded
from batonmcp.core.tool import Tool
from batonmcp.downstream.fleet import Fleet, open_fleet
from doubles.downstream import evil, scripted, settings_of
from doubles.processes import TOKEN_VARIABLE, kill, marked
from doubles.servers import evil_more_server

__all__ = ["GOAL_CALL", "GOAL_START", "Results", "measure", "report"]

# Assumptions: what is started, called and sent.
SERVERS = 20  # started at once
WAITS_S = (0.2, 1.5)  # servers that wait: the shortest and the longest time before the first word; the rest between
CALLS = 1500  # of each way, taking turns
WARM = 20  # calls before that, not counted
KILLS = 7
RESULT_MB = 7  # of text; as values, as many small objects as make that size
VALUES = 500_000
# End of the assumptions.

GOAL_START = 1.2
GOAL_CALL = 1.15

_MOST_S = 180.0
_BEAT_S = 0.005
_LARGE = Limits(connect_timeout=60.0, call_timeout=120.0)
_SDK_SERVER = ("-m", "batonmcp.examples.data_agent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """How long a number of servers took to start; the bound is the slowest alone, or all the work over all cores."""

    servers: str
    count: int
    all_s: float
    slowest_s: float
    cpu_s: float

    @property
    def bound_s(self) -> float:
        """The time that they must take."""
        return max(self.slowest_s, self.cpu_s / (os.cpu_count() or 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """How long calls took, in milliseconds, by way."""

    server: str
    fleet: Sequence[float]
    bare: Sequence[float]

    def ratio(self, share: float) -> float:
        """Compare a quantile of both ways."""
        return quantile(self.fleet, share) / quantile(self.bare, share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """How long it took from a kill to the next good call, and how long the server takes to start."""

    server: str
    seconds: Sequence[float]
    start_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """How long a large result took, and for how long the event loop could not do anything else."""

    result: str
    way: str
    seconds: float
    stall_s: float


@dataclass(slots=True, kw_only=True)
class Results:
    """What was measured."""

    starts: list[Start] = field(default_factory=list[Start])
    calls: list[Calls] = field(default_factory=list[Calls])
    backs: list[Back] = field(default_factory=list[Back])
    bytes_a_server: float = 0.0
    large: list[Large] = field(default_factory=list[Large])
    load: float = 0.0


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of the values lies."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


async def measure(*, quick: bool = False) -> Results:
    """Measure all five parts; quickly, with few servers and calls."""
    token = secrets.token_hex(8)
    results = Results(load=os.getloadavg()[0])
    servers, calls, kills = (3, 20, 1) if quick else (SERVERS, CALLS, KILLS)
    try:
        with anyio.fail_after(_MOST_S):
            await _opened(evil("ok", token))  # warm: everything is imported
            results.bytes_a_server = await _memory(servers, token)
            results.starts += [
                await _start("that wait", _waiting(servers, token)),
                await _start("on the Python SDK", [_sdk(token, f"sdk{number}") for number in range(servers)]),
            ]
            for kind, settings, tool, arguments in _kinds(token):
                results.calls.append(await _calls(kind, settings, tool, arguments, calls))
                results.backs.append(await _back(kind, settings, (tool, arguments), kills))
            results.large += await _large(token, quick=quick)
    finally:
        kill(marked(token))
    return results


def _kinds(token: str) -> Iterable[tuple[str, ServerSettings, str, dict[str, JsonValue]]]:
    yield "bare Python", evil("ok", token, name="s"), "echo", {"text": "hello"}
    yield "Python SDK", _sdk(token, "s"), "get_report", {}


def _sdk(token: str, name: str) -> ServerSettings:
    transport = StdioServer(command=sys.executable, args=_SDK_SERVER, env={TOKEN_VARIABLE: token})
    return ServerSettings(name=name, transport=transport)


def _waiting(count: int, token: str) -> list[ServerSettings]:
    least, most = WAITS_S
    waits = [least + (most - least) * number / max(count - 1, 1) for number in range(count)]
    return [scripted(f"import time; time.sleep({wait})", token, name=f"w{n}") for n, wait in enumerate(waits)]


async def _opened(*servers: ServerSettings) -> tuple[float, float]:
    """Open a fleet; return how long it took until all servers were there, and all processor time until then."""
    began, worked = time.perf_counter(), time.process_time()
    async with open_fleet(settings_of(*servers, limits=_LARGE)) as fleet:
        await fleet.settled()
        took = time.perf_counter() - began
        worked = time.process_time() - worked + sum(map(_worked, marked(_process(servers[0]).env[TOKEN_VARIABLE])))
        troubles = [agent.trouble for agent in (await fleet.registry()).agents if agent.trouble]
    if troubles:
        raise RuntimeError(troubles[0])
    return took, worked


def _worked(pid: int) -> float:
    """Return the processor time of a process, which need not be a child of ours."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _start(kind: str, servers: Sequence[ServerSettings]) -> Start:
    """Start the slowest alone (the last one), then all of them."""
    slowest = min([(await _opened(servers[-1]))[0] for _ in range(2)])
    took, worked = await _opened(*servers)
    return Start(servers=kind, count=len(servers), all_s=took, slowest_s=slowest, cpu_s=worked)


async def _memory(count: int, token: str) -> float:
    """Return by how many bytes this process grows with each server that is connected."""
    before = _resident()
    async with open_fleet(settings_of(*(evil("ok", token, name=f"m{n}") for n in range(count)))) as fleet:
        await fleet.settled()
        return (_resident() - before) / count


def _resident() -> int:
    gc.collect()
    return int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _process(settings: ServerSettings) -> StdioServer:
    if isinstance(settings.transport, StdioServer):
        return settings.transport
    raise TypeError(settings.name)


async def _call(fleet: Fleet, tool: Tool, arguments: dict[str, JsonValue]) -> None:
    """Make a call that must succeed."""
    outcome = await fleet.call(tool, arguments, within=_LARGE.call_timeout)
    if not isinstance(outcome, Succeeded):
        raise RuntimeError(str(outcome.error))  # noqa: TRY004 - no mistake of types


@asynccontextmanager
async def _bare(settings: ServerSettings) -> AsyncGenerator[Client]:
    """Connect to a server with nothing but the SDK."""
    server = _process(settings)
    parameters = StdioServerParameters(command=server.command, args=list(server.args), env=dict(server.env))
    async with Client(stdio_client(parameters), mode="legacy", cache=None) as client:
        yield client


async def _calls(kind: str, settings: ServerSettings, tool: str, arguments: dict[str, JsonValue], count: int) -> Calls:
    """Call a tool both ways in turn, of two processes of the same server."""
    async with open_fleet(settings_of(settings)) as fleet, _bare(settings) as client:
        found = (await fleet.registry())[f"s__{tool}"]
        ways: list[Callable[[], Awaitable[object]]] = [
            partial(_call, fleet, found, arguments),
            partial(client.call_tool, tool, arguments),
        ]
        taken: tuple[list[float], list[float]] = ([], [])
        for number in range(count + WARM):
            for way in (number % 2, 1 - number % 2):
                began = time.perf_counter()
                await ways[way]()
                taken[way].append((time.perf_counter() - began) * 1000)
    fleet_ms, bare_ms = (times[WARM:] for times in taken)
    return Calls(server=kind, fleet=fleet_ms, bare=bare_ms)


async def _back(kind: str, settings: ServerSettings, call: tuple[str, dict[str, JsonValue]], kills: int) -> Back:
    """Kill a server, and call it until it answers."""
    start_s, _ = await _opened(settings)
    token = _process(settings).env[TOKEN_VARIABLE]
    seconds: list[float] = []
    for _ in range(kills):  # a fleet each: one that dies often is started more and more slowly on purpose
        async with open_fleet(settings_of(settings)) as fleet:
            tool = (await fleet.registry())[f"s__{call[0]}"]
            (pid,) = _servers(token)
            began = time.perf_counter()
            os.kill(pid, signal.SIGKILL)
            while not isinstance(await fleet.call(tool, call[1], within=30), Succeeded):  # noqa: ASYNC110
                await anyio.sleep(0.005)
            seconds.append(time.perf_counter() - began)
    return Back(server=kind, seconds=seconds, start_s=start_s)


def _servers(token: str) -> list[int]:
    """Return the marked processes that are servers: those without a marked child, a reaper being its parent."""
    pids = marked(token)
    parents = {int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]) for pid in pids}
    return [pid for pid in pids if pid not in parents]


class _Pulse:
    """Beats in the event loop, and remembers the longest time for which the loop worked without a break."""

    longest = 0.0

    async def beat(self) -> None:
        while True:
            before = time.thread_time()
            await anyio.sleep(_BEAT_S)
            self.longest = max(self.longest, time.thread_time() - before)


async def _large(token: str, *, quick: bool) -> list[Large]:
    megabytes, values = (1, 10_000) if quick else (RESULT_MB, VALUES)
    found: list[Large] = []
    for result, mode, size in (
        (f"{megabytes} MB of text", "huge", megabytes),
        (f"{values:,} values", "many_values", values // 1000),
    ):
        server = evil_more_server(mode, token, name="s", size=size)
        async with open_fleet(settings_of(server)) as fleet:
            tool = (await fleet.registry())[f"s__{mode}"]
            found.append(await _large_by(result, "batonmcp", partial(_call, fleet, tool, {})))
        async with _bare(server) as client:
            found.append(await _large_by(result, "bare SDK", partial(client.call_tool, mode, {})))
    return found


async def _large_by(result: str, way: str, call: Callable[[], Awaitable[object]]) -> Large:
    pulse, took = _Pulse(), 0.0
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(pulse.beat)
        await anyio.sleep(_BEAT_S * 2)
        began = time.perf_counter()
        await call()
        took = time.perf_counter() - began
        await anyio.sleep(_BEAT_S * 2)
        tasks.cancel_scope.cancel()
    return Large(result=result, way=way, seconds=took, stall_s=pulse.longest)


def report(results: Results) -> str:
    """Return the part of docs/benchmarks.md that this script writes."""
    return "\n\n".join(
        (
            assumptions(__file__),
            f"Measured with {machine()} and a load average of {results.load:.1f} before.",
            table(("goal", "measured", "met"), _goals(results)),
            "### Start-up",
            table(
                ("servers", "count", "all s", "slowest alone s", "processor s / cores", "all / bound"),
                (_start_row(start) for start in results.starts),
            ),
            "### A call over stdio",
            table(
                ("server", "fleet p50 ms", "bare p50 ms", "fleet p99 ms", "bare p99 ms", "p50 ratio", "p99 ratio"),
                (_call_row(calls) for calls in results.calls),
            ),
            "### After a kill",
            table(
                ("server", "next good call s (median, worst)", "its start alone s"),
                (
                    (b.server, f"{median(b.seconds):.2f}, {max(b.seconds):.2f}", f"{b.start_s:.2f}")
                    for b in results.backs
                ),
            ),
            "### Memory",
            f"This process grows by {results.bytes_a_server / 1e6:.2f} MB with each connected server.",
            "### Large results",
            table(
                ("result", "way", "s", "event loop kept for ms"),
                (
                    (each.result, each.way, f"{each.seconds:.2f}", f"{each.stall_s * 1000:.0f}")
                    for each in results.large
                ),
            ),
        )
    )


def _goals(results: Results) -> Iterable[Sequence[str]]:
    for start in results.starts:
        ratio = start.all_s / start.bound_s
        name = f"start-up of servers {start.servers}: at most {GOAL_START} times the bound"
        yield name, f"{ratio:.2f}", met(met=ratio <= GOAL_START)
    for calls in results.calls:
        for name, share in (("median", 0.5), ("p99", 0.99)):
            ratio = calls.ratio(share)
            goal = f"a call of a server on {calls.server}: at most {GOAL_CALL} times a bare client's, {name}"
            yield goal, f"{ratio:.2f}", met(met=ratio <= GOAL_CALL)


def _start_row(start: Start) -> Sequence[str]:
    numbers = (start.all_s, start.slowest_s, start.cpu_s / (os.cpu_count() or 1), start.all_s / start.bound_s)
    return start.servers, f"{start.count}", *(f"{number:.2f}" for number in numbers)


def _call_row(calls: Calls) -> Sequence[str]:
    times = (quantile(way, share) for share in (0.5, 0.99) for way in (calls.fleet, calls.bare))
    return calls.server, *(f"{each:.2f}" for each in times), f"**{calls.ratio(0.5):.2f}**", f"{calls.ratio(0.99):.2f}"


def main() -> None:
    """Measure, print, and write if asked to."""
    options = parser("Measure the fleet.").parse_args()
    text = report(anyio.run(partial(measure, quick=options.quick)))
    publish("fleet.py", text, write=options.write)


if __name__ == "__main__":
    main()
