"""Chaos: twenty servers under load, half of them hostile, killed, stopped and restarted at random.

    python benchmarks/chaos.py [--seed N] [--seconds 60] [--quick]

A ledger server writes down each side effect with its id, so what happens twice is seen. The seed is printed; it decides
who is hostile, what is done to whom and in which order, though not how fast this machine is. Exit code 1 unless

- every call ended in an outcome, within its time and a little;
- 99.9 % of the calls to healthy servers succeeded;
- no side effect happened twice, and none was reported that did not happen;
- memory, tasks, descriptors and processes were as many in the last third as in the first.
"""

import argparse
import asyncio
import gc
import os
import random
import secrets
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import anyio
from pydantic import JsonValue

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from batonmcp.config.settings import ServerSettings, StdioServer
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.downstream.fleet import Fleet, open_fleet
from doubles.downstream import Gate, echo_server, evil, http, serving, settings_of
from doubles.ledger import Ledger
from doubles.processes import alive, kill, marked
from doubles.servers import evil_more_server, ledger_server

__all__ = ["Report", "play", "table"]

# Assumptions: who plays, and how hard.
SERVERS = 20
HOSTILE = 10  # of them; three by what they are, one over HTTP, the rest ledgers to which things are done
CALLERS = 16  # each makes one call after the other
CALL_S = 2.0  # the time of a call
LATE_S = 1.0  # past it, by which a call may be late on a busy machine
REST_S = 0.3  # between two attacks, on average
STOPPED_S = 1.0  # a process that is stopped goes on after this time
HEALTHY = 0.999
MEMORY_MB = 16.0
# End of the assumptions.

_CONNECT_S = 10.0
_SAMPLE_S = 0.25
_TOOLS = ("echo", "look", "record", "storm")
_STATUSES = (None, 500, 404, 429, None)
_ENVIRONMENT = {"BATONMCP_TEST_LIFETIME": "3600"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What this process holds at a moment."""

    megabytes: float
    tasks: int
    descriptors: int
    processes: int


@dataclass(slots=True, kw_only=True)
class Report:
    """What happened."""

    seed: int
    calls: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    attacks: Counter[str] = field(default_factory=Counter[str])
    samples: list[Sample] = field(default_factory=list[Sample])
    sent: int = 0
    ended: int = 0
    worst_s: float = 0.0
    twice: list[str] = field(default_factory=list[str])
    invented: list[str] = field(default_factory=list[str])
    unhealthy: list[str] = field(default_factory=list[str])
    left: int = 0

    def rate(self, kind: str) -> float:
        """Return which share of the calls to servers of a kind succeeded."""
        of = {end: count for (server, end), count in self.calls.items() if server == kind}
        return of.get("ok", 0) / (sum(of.values()) or 1)

    @property
    def violations(self) -> list[str]:
        """What must not be, as sentences."""
        found = {
            f"{self.sent - self.ended} calls came to no end": self.ended != self.sent,
            f"a call took {self.worst_s:.1f} s": self.worst_s > CALL_S + LATE_S,
            f"only {self.rate('healthy'):.2%} of the calls to healthy servers succeeded; {self.unhealthy[:3]}": (
                self.rate("healthy") < HEALTHY
            ),
            f"side effects happened twice: {self.twice[:5]}": bool(self.twice),
            f"side effects were reported that never happened: {self.invented[:5]}": bool(self.invented),
            f"{self.left} processes were left behind": bool(self.left),
        }
        return [*(sentence for sentence, applies in found.items() if applies), *self._growth()]

    def thirds(self, name: str) -> tuple[float, float]:
        """Return the median of a sample's field in the first and in the last third."""
        values = [float(getattr(sample, name)) for sample in self.samples] or [0.0]
        third = max(len(values) // 3, 1)
        return median(values[:third]), median(values[-third:])

    def _growth(self) -> Iterable[str]:
        most: Mapping[str, float] = {"megabytes": MEMORY_MB, "tasks": 12, "descriptors": 16, "processes": 6}
        for name, by in most.items():
            first, last = self.thirds(name)
            if last > first + by:
                yield f"{name} grew from {first:.0f} to {last:.0f}"


@dataclass(slots=True, eq=False)
class _Stage:
    """Who plays."""

    token: str
    folder: Path
    ledgers: dict[str, Ledger] = field(default_factory=dict[str, Ledger])
    kinds: dict[str, str] = field(default_factory=dict[str, str])
    gate: Gate | None = None

    def cast(self, dice: random.Random, urls: Sequence[str]) -> list[ServerSettings]:
        """Return the entries of all servers, hostile or not, in an order of chance."""
        servers = [http(url, name=name) for url, name in zip(urls, ("web_good", "web_bad"), strict=True)]
        servers += [
            evil("hang_call", self.token, name="hangs", timeout=0.5),
            evil("die_mid_call", self.token, name="dies"),
            evil_more_server("storm", self.token, name="storms", size=1),
        ]
        for number in range(SERVERS - len(servers)):
            name = f"ledger{number:02}"
            entry, self.ledgers[name] = ledger_server(self.folder / name, self.token, name=name)
            servers.append(_long_lived(entry))
        hostile = {"web_bad", "hangs", "dies", "storms", *dice.sample(sorted(self.ledgers), HOSTILE - 4)}
        self.kinds = {each.name: "hostile" if each.name in hostile else "healthy" for each in servers}
        dice.shuffle(servers)
        return servers

    def victims(self) -> list[str]:
        """Return the ledgers that things are done to."""
        return [name for name in sorted(self.ledgers) if self.kinds[name] == "hostile"]


def _long_lived(entry: ServerSettings) -> ServerSettings:
    if not isinstance(entry.transport, StdioServer):
        return entry
    transport = replace(entry.transport, env={**entry.transport.env, **_ENVIRONMENT})
    return replace(entry, transport=transport)


async def play(seed: int, seconds: float) -> Report:
    """Play for so many seconds."""
    dice, report = random.Random(seed), Report(seed=seed)  # noqa: S311 - chance that can be repeated
    async with AsyncExitStack() as stack:
        stage = _Stage(secrets.token_hex(8), Path(stack.enter_context(TemporaryDirectory())))
        stack.callback(lambda: kill(marked(stage.token)))
        stage.gate = Gate(echo_server().streamable_http_app())
        good = await stack.enter_async_context(serving(echo_server().streamable_http_app()))
        bad = await stack.enter_async_context(serving(stage.gate))
        limits = Limits(connect_timeout=_CONNECT_S)
        settings = settings_of(*stage.cast(dice, (good, bad)), limits=limits)
        async with open_fleet(settings) as fleet:
            await fleet.registry([name for name, kind in stage.kinds.items() if kind == "healthy"])
            await _perform(stage, fleet, report, dice, seconds)
        report.left = len(marked(stage.token))
        _audit(stage, report)
    return report


async def _perform(stage: _Stage, fleet: Fleet, report: Report, dice: random.Random, seconds: float) -> None:
    """Let everybody loose until the time is over and every call has ended."""
    until = anyio.current_time() + seconds
    async with anyio.create_task_group() as others:
        others.start_soon(_attack, stage, report, random.Random(dice.random()))  # noqa: S311 - see play
        others.start_soon(_watch, stage, report)
        async with anyio.create_task_group() as callers:
            for number in range(CALLERS):
                callers.start_soon(_call, stage, fleet, report, (number, random.Random(dice.random()), until))  # noqa: S311
        others.cancel_scope.cancel()


async def _call(stage: _Stage, fleet: Fleet, report: Report, who: tuple[int, random.Random, float]) -> None:
    """Make one call after the other."""
    caller, dice, until = who
    names = sorted(stage.kinds)
    while anyio.current_time() < until:
        server = dice.choice(names)
        registry = await fleet.registry(())
        tools = [tool for tool in registry if tool.server == server and tool.name in _TOOLS]
        if not tools:
            report.calls[stage.kinds[server], "not there"] += 1
            await anyio.sleep(0.05)
            continue
        tool = dice.choice(tools)
        report.sent += 1
        effect = f"{caller}-{report.sent}"
        arguments: dict[str, JsonValue] = {"id": effect} if tool.name in {"look", "record"} else {"text": effect}
        began = time.perf_counter()
        outcome = await fleet.call(tool, arguments, within=CALL_S)
        report.worst_s = max(report.worst_s, time.perf_counter() - began)
        _count(stage, report, server, outcome)
        if isinstance(outcome, Succeeded) and tool.name == "record":
            report.invented.append(f"{server} {effect}")
        await anyio.sleep(dice.random() * 0.02)


def _count(stage: _Stage, report: Report, server: str, outcome: Succeeded | Failed) -> None:
    report.ended += 1
    end = "ok" if isinstance(outcome, Succeeded) else outcome.error.kind
    report.calls[stage.kinds[server], end] += 1
    if isinstance(outcome, Failed) and stage.kinds[server] == "healthy":
        report.unhealthy.append(str(outcome.error))


async def _attack(stage: _Stage, report: Report, dice: random.Random) -> None:
    """Do something bad, again and again."""
    async with anyio.create_task_group() as later:
        while True:
            await anyio.sleep(dice.random() * 2 * REST_S)
            attack = dice.choice(("kill", "kill", "stop", "terminate", "status"))
            report.attacks[attack] += 1
            if attack == "status":
                assert stage.gate  # noqa: S101 - set before anybody plays
                stage.gate.status = dice.choice(_STATUSES)
                continue
            pid = next(iter(stage.ledgers[dice.choice(stage.victims())].pids[-1:]), None)
            if pid is None or not alive(pid):
                continue
            number = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP, "terminate": signal.SIGTERM}[attack]
            with suppress(ProcessLookupError):
                os.kill(pid, number)
            if attack == "stop":
                later.start_soon(_go_on, pid)


async def _go_on(pid: int) -> None:
    await anyio.sleep(STOPPED_S)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


async def _watch(stage: _Stage, report: Report) -> None:
    """Take a sample now and then."""
    while True:
        await anyio.sleep(_SAMPLE_S)
        report.samples.append(_sample(stage))


def _sample(stage: _Stage) -> Sample:
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
    return Sample(
        megabytes=pages * os.sysconf("SC_PAGE_SIZE") / 2**20,
        tasks=len(asyncio.all_tasks()),
        descriptors=len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - a count
        processes=len(marked(stage.token)),
    )


def _audit(stage: _Stage, report: Report) -> None:
    """Compare what was reported with what was done."""
    done = {f"{name} {effect}" for name, book in stage.ledgers.items() for effect in book.done}
    report.twice = [f"{name} {effect}" for name, book in stage.ledgers.items() for effect in book.twice]
    report.invented = [effect for effect in report.invented if effect not in done]


def table(report: Report) -> str:
    """Return what happened as text."""
    ends = sorted({end for _, end in report.calls})
    lines = [
        "calls to".ljust(12) + "".join(end.rjust(16) for end in ends) + "succeeded".rjust(12),
        *(
            kind.ljust(12)
            + "".join(f"{report.calls[kind, end]:,}".rjust(16) for end in ends)
            + f"{report.rate(kind):.2%}".rjust(12)
            for kind in ("healthy", "hostile")
        ),
        "",
        f"attacks: {', '.join(f'{count} {name}' for name, count in sorted(report.attacks.items()))}",
        f"longest call: {report.worst_s:.2f} s of {CALL_S:g} s; {report.sent:,} sent, {report.ended:,} ended",
        "",
        "".ljust(14) + "first third".rjust(12) + "last third".rjust(12),
        *(
            name.ljust(14) + "".join(f"{value:.1f}".rjust(12) for value in report.thirds(name))
            for name in ("megabytes", "tasks", "descriptors", "processes")
        ),
        "",
        *([f"VIOLATED: {sentence}" for sentence in report.violations] or ["nothing was violated"]),
    ]
    return "\n".join(lines)


def main() -> None:
    """Play, print, and fail if something was violated."""
    parser = argparse.ArgumentParser(description="Let a fleet of hostile servers loose.")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--quick", action="store_true", help="five seconds")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    report = anyio.run(partial(play, options.seed, 5.0 if options.quick else options.seconds))
    print(table(report))
    sys.exit(1 if report.violations else 0)


if __name__ == "__main__":
    main()
