"""The host's side: how soon `batonmcp serve` answers, and how many calls at once it takes, beside a bare SDK server.

    python benchmarks/host.py [--quick] [--write]

Two parts. The first answers: from the start of the process to the answer of `initialize` (or `server/discover`), and
of `tools/list` right after it; batonmcp has the three sample agents configured. Many calls: all at once through one
connection, to the tool of the bare server itself, and to `orchestrate` with a plan of that same tool. Everything is
real: processes, pipes, the SDK's client for the calls. `--quick` is a smoke run. `--write` puts the result into
docs/benchmarks.md.
"""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Literal, TypeAlias

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult, TextContent

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from page import assumptions, machine, met, parser, publish, table

from doubles.processes import TOKEN_VARIABLE, kill, marked

__all__ = ["GOAL_START", "Many", "Results", "Start", "measure", "report"]

# Assumptions: what is started and called.
STARTS = 25  # of each server in each era, taking turns; one more of each before that, not counted
CALLS = 200  # at once through one connection
ROUNDS = 5  # of that many calls, taking turns; one call before that, not counted
# End of the assumptions.

GOAL_START = 1.15

Who: TypeAlias = Literal["batonmcp", "bare SDK"]
Era: TypeAlias = Literal["handshake (2025-11-25)", "2026-07-28"]
WHOS: tuple[Who, ...] = ("batonmcp", "bare SDK")
ERAS: tuple[Era, ...] = ("handshake (2025-11-25)", "2026-07-28")

_MOST_S = 900.0
_BARE = str(Path(__file__).parent / "bare_server.py")
_INFO = {"name": "benchmark", "version": "1"}
_MODERN = {
    "_meta": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": _INFO,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
}
_SAMPLES = ("analytics_agent", "config_agent", "data_agent")
_Message: TypeAlias = Mapping[str, Any]
_FIRST: Mapping[Era, _Message] = {
    "handshake (2025-11-25)": {
        "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": _INFO},
    },
    "2026-07-28": {"method": "server/discover", "params": _MODERN},
}
_THEN: Mapping[Era, Sequence[_Message]] = {
    "handshake (2025-11-25)": (
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
    ),
    "2026-07-28": ({"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": _MODERN},),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The first answers of one server, started again and again.

    Attributes:
        who: Which server.
        era: As what it was spoken with.
        first: Seconds from the start of the process to the first answer.
        worked: Processor time of the process until then.
        tools: Seconds from the start of the process to the answer of `tools/list`.
    """

    who: Who
    era: Era
    first: Sequence[float]
    worked: Sequence[float]
    tools: Sequence[float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Many:
    """Rounds of calls at once: how long each round took, and each call in it, in seconds, and how many were wrong."""

    who: Who
    walls: Sequence[float]
    calls: Sequence[float]
    wrong: int


@dataclass(slots=True, kw_only=True)
class Results:
    """What was measured."""

    starts: list[Start] = field(default_factory=list[Start])
    many: list[Many] = field(default_factory=list[Many])
    load: float = 0.0


async def measure(*, quick: bool = False) -> Results:
    """Measure both parts; quickly, with few starts and calls."""
    token = secrets.token_hex(8)
    starts, calls, rounds = (2, 20, 1) if quick else (STARTS, CALLS, ROUNDS)
    results = Results(load=os.getloadavg()[0])
    with tempfile.TemporaryDirectory() as folder:
        ground = _Ground(Path(folder), token)
        try:
            with anyio.fail_after(_MOST_S):
                for era in ERAS:
                    results.starts += await anyio.to_thread.run_sync(ground.starts, era, starts)
                results.many += await ground.many(calls, rounds)
        finally:
            kill(marked(token))
    return results


class _Ground:
    """Where it is measured: the servers' commands, and an environment in which nothing is compiled twice."""

    def __init__(self, folder: Path, token: str) -> None:
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self.environment = {
            **kept,
            "PYTHONPYCACHEPREFIX": str(folder / "bytecode"),
            "BATONMCP_STORE": "memory",
            TOKEN_VARIABLE: token,
        }
        python = sys.executable
        samples = {name: {"command": python, "args": ["-m", f"batonmcp.examples.{name}"]} for name in _SAMPLES}
        bare = {"bare": {"command": python, "args": [_BARE]}}
        self._samples = self._config(folder / "samples.json", samples)
        self._bare = self._config(folder / "bare.json", bare)

    def _config(self, path: Path, servers: Mapping[str, Mapping[str, Any]]) -> Path:
        marked_servers = {
            name: {**entry, "env": {TOKEN_VARIABLE: self.environment[TOKEN_VARIABLE]}}
            for name, entry in servers.items()
        }
        path.write_text(json.dumps({"mcpServers": marked_servers}), encoding="utf-8")
        return path

    def command(self, who: Who, config: Path) -> list[str]:
        """Return what starts a server."""
        ours = ["-m", "batonmcp", "serve", "--config", str(config)]
        return [sys.executable, *(ours if who == "batonmcp" else [_BARE])]

    def starts(self, era: Era, count: int) -> list[Start]:
        """Start both servers in turn."""
        taken: dict[Who, list[_Answers]] = {who: [] for who in WHOS}
        for _ in range(count + 1):
            for who in WHOS:
                taken[who].append(_answers(self.command(who, self._samples), self.environment, era))
        return [
            Start(
                who=who,
                era=era,
                first=[each.first for each in times[1:]],
                worked=[each.worked for each in times[1:]],
                tools=[each.tools for each in times[1:]],
            )
            for who, times in taken.items()
        ]

    async def many(self, calls: int, rounds: int) -> list[Many]:
        """Call both servers' tools, many times at once, in turn."""
        parameters = {
            who: StdioServerParameters(command=command, args=arguments, env=self.environment)
            for who in WHOS
            for command, *arguments in [self.command(who, self._bare)]
        }
        taken: dict[Who, list[_Round]] = {who: [] for who in WHOS}
        async with (
            Client(stdio_client(parameters["batonmcp"]), cache=None) as ours,
            Client(stdio_client(parameters["bare SDK"]), cache=None) as bare,
        ):
            clients: Mapping[Who, Client] = {"batonmcp": ours, "bare SDK": bare}
            for who in WHOS:
                await _calls(who, clients[who], 1)
            for _ in range(rounds):
                for who in WHOS:
                    taken[who].append(await _calls(who, clients[who], calls))
        return [
            Many(
                who=who,
                walls=[each.wall for each in found],
                calls=[seconds for each in found for seconds in each.calls],
                wrong=sum(each.wrong for each in found),
            )
            for who, found in taken.items()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answers:
    first: float
    worked: float
    tools: float


def _answers(command: Sequence[str], environment: Mapping[str, str], era: Era) -> _Answers:
    """Start a server and ask it two things."""
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    began = time.perf_counter()
    with subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=null) as process:  # noqa: S603
        if process.stdin is None or process.stdout is None:
            raise RuntimeError(command)
        ask = partial(_ask, process.stdin.write, process.stdin.flush, process.stdout.readline)
        ask({"jsonrpc": "2.0", "id": 1, **_FIRST[era]})
        first = time.perf_counter() - began
        worked = _worked(process.pid)
        ask(*_THEN[era])
        tools = time.perf_counter() - began
        process.stdin.close()
    return _Answers(first=first, worked=worked, tools=tools)


def _worked(pid: int) -> float:
    """Return the processor time of a process, all its threads together, in seconds."""
    times = (task.read_text(encoding="utf-8").split()[0] for task in Path(f"/proc/{pid}/task").glob("*/schedstat"))
    return sum(map(int, times)) / 1e9


def _ask(
    write: Callable[[bytes], object], flush: Callable[[], None], read: Callable[[], bytes], *messages: _Message
) -> None:
    """Send messages, and wait for the answer to the last of them."""
    write(b"".join(json.dumps(message).encode() + b"\n" for message in messages))
    flush()
    answer = json.loads(read())
    if answer.get("id") != messages[-1]["id"] or "result" not in answer:
        raise RuntimeError(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    wall: float
    calls: Sequence[float]
    wrong: int


async def _calls(who: Who, client: Client, count: int) -> _Round:
    """Make calls at once, each with a text of its own that must come back to it."""
    seconds: list[float] = []
    right: list[bool] = []

    async def call(number: int) -> None:
        text = f"{secrets.token_hex(8)} {number}"
        tool, arguments = _call(who, text)
        since = time.perf_counter()
        result = await client.call_tool(tool, arguments)
        seconds.append(time.perf_counter() - since)
        right.append(_said(who, result) == text)

    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for number in range(count):
            tasks.start_soon(call, number)
    return _Round(wall=time.perf_counter() - began, calls=seconds, wrong=count - sum(right))


def _call(who: Who, text: str) -> tuple[str, dict[str, Any]]:
    if who == "bare SDK":
        return "echo", {"text": text}
    plan = {"steps": [{"id": "a", "tool": "bare__echo", "arguments": {"text": text}}]}
    return "orchestrate", {"plan": plan, "output": "data"}


def _said(who: Who, result: CallToolResult) -> object:
    """Return the text that a result carries."""
    texts = [block.text for block in result.content if isinstance(block, TextContent)]
    if result.is_error or not texts:
        return None
    return texts[0] if who == "bare SDK" else json.loads(texts[0])["results"]["a"]


def report(results: Results) -> str:
    """Return the part of docs/benchmarks.md that this script writes."""
    parts = (
        assumptions(__file__),
        f"Measured with {machine()} and a load average of {results.load:.1f} before.",
        table(("goal", "measured", "met"), _goals(results)),
        "### The first answers",
        table(
            ("server", "era", "first answer ms", "ratio", "processor ms until then", "ratio", "tools/list ms", "ratio"),
            (_start_row(results, start) for start in results.starts),
        ),
        "### Many calls at once",
        table(
            ("tool of", "calls at once", "all s", "calls a second", "p50 ms", "p99 ms", "wrong answers"),
            (_many_row(many) for many in results.many),
        ),
    )
    return "\n\n".join(parts)


def _goals(results: Results) -> Iterable[Sequence[str]]:
    for era in ERAS:
        first, _, tools = _ratios(results, era)
        name = f"first answer, and tools/list, within {GOAL_START} times a bare server's, era {era}"
        yield name, f"{first:.2f}, {tools:.2f}", met(met=max(first, tools) <= GOAL_START)
    wrong = sum(many.wrong for many in results.many)
    yield "every answer is right and its own", f"{wrong} wrong", met(met=not wrong)


def _ratios(results: Results, era: Era) -> Sequence[float]:
    """Compare the medians."""
    ours, bare = (next(start for start in results.starts if (start.who, start.era) == (who, era)) for who in WHOS)
    pairs = ((ours.first, bare.first), (ours.worked, bare.worked), (ours.tools, bare.tools))
    return [median(one) / median(other) for one, other in pairs]


def _start_row(results: Results, start: Start) -> Sequence[str]:
    ratios = [f"**{ratio:.2f}**" if start.who == "batonmcp" else "" for ratio in _ratios(results, start.era)]
    times = (f"{median(each) * 1000:.0f}" for each in (start.first, start.worked, start.tools))
    return start.who, start.era, *(cell for pair in zip(times, ratios, strict=True) for cell in pair)


def _many_row(many: Many) -> Sequence[str]:
    wall, each, times = median(many.walls), len(many.calls) // len(many.walls), sorted(many.calls)
    tail = times[min(len(times) * 99 // 100, len(times) - 1)]
    numbers = (f"{each}", f"{wall:.2f}", f"{each / wall:.0f}", f"{median(times) * 1000:.0f}", f"{tail * 1000:.0f}")
    return many.who, *numbers, f"{many.wrong}"


def main() -> None:
    """Measure, print, and write if asked to."""
    options = parser("Measure the host's side.").parse_args()
    text = report(anyio.run(partial(measure, quick=options.quick)))
    publish("host.py", text, write=options.write)


if __name__ == "__main__":
    main()
