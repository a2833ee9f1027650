"""Nothing is left: a hub is killed at random moments, again and again, and what survives is counted.

    python benchmarks/kills.py [--kills 1000] [--quick] [--seed N]

The hub is `batonmcp serve` with six servers, one of each kind of `tests/doubles/stubborn.py`; beside it, for fewer
kills, the plain client of the MCP SDK with the same six. A trial starts the hub, speaks to it as a host does, and ends
it in one of four ways. Everything carries a mark in its environment, by which survivors are found, whoever adopted
them. Exits with 1 if batonmcp left any. On Linux only.

To start a hub quickly, processes that have imported everything are forked; from there on it is the program itself.
"""

import argparse
import importlib
import json
import os
import random
import secrets
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import anyio
import anyio.to_thread
from mcp import Client, StdioServerParameters

sys.path.append(str(Path(__file__).parent.parent / "tests"))

from batonmcp.cli.serve import main as serve
from doubles import stubborn
from doubles.processes import TOKEN_VARIABLE, kill, marked

__all__ = ["Trial", "measure"]

# Assumptions: how often, when and how a hub is ended, and how long we wait for the rest to go.
KILLS = 1_000
QUICK_KILLS = 20
SDK_SHARE = 10
LATEST_S = 1.0
WAYS: Mapping[str, int | None] = {
    "SIGKILL": signal.SIGKILL,
    "SIGTERM": signal.SIGTERM,
    "SIGINT": signal.SIGINT,
    "end of input": None,
}
PATIENCE_S = 5.0
LONGEST_HUB_S = 60.0
AT_A_TIME = 3
# End of the assumptions.

_POLL_S = 0.01
_HELLO: tuple[Mapping[str, object], ...] = (
    {
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "k", "version": "1"}},
    },
    {"method": "notifications/initialized"},
    {"id": 2, "method": "tools/list"},
)

Hub = Callable[[str], None]
"""Runs until its standard input ends; its argument is the mark of what it starts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One hub and its end.

    Attributes:
        hub: Which.
        way: How it was ended.
        moment: When, in seconds after its start.
        alive: How many processes it had then.
        hub_took: Seconds until it had ended.
        rest_took: Seconds from then until nothing was left, if that came.
        orphans: How many were left in the end.
    """

    hub: str
    way: str
    moment: float
    alive: int
    hub_took: float
    rest_took: float
    orphans: int


def _batonmcp(token: str) -> None:
    with tempfile.TemporaryDirectory() as folder:  # read before the hub can be killed; what is left is removed below
        servers = {
            kind: {"command": command, "args": arguments, "env": {TOKEN_VARIABLE: token}}
            for kind, (command, *arguments) in _commands()
        }
        path = Path(folder) / f"{token}.json"
        path.write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
        serve(["--config", str(path)])


def _sdk(token: str) -> None:
    async def keep(kind: str, argv: Sequence[str]) -> None:
        parameters = StdioServerParameters(
            command=argv[0], args=list(argv[1:]), env={TOKEN_VARIABLE: token, "KIND": kind}
        )
        async with Client(parameters, mode="legacy"):
            await anyio.sleep_forever()

    async def run() -> None:
        async with anyio.create_task_group() as owners:
            for kind, argv in _commands():
                owners.start_soon(keep, kind, argv)
            await anyio.to_thread.run_sync(_until_end_of_input, abandon_on_cancel=True)
            owners.cancel_scope.cancel()

    anyio.run(run)


def _until_end_of_input() -> None:
    while os.read(0, 65_536):
        pass


def _commands() -> Iterable[tuple[str, list[str]]]:
    return ((kind, stubborn.argv(kind)) for kind in stubborn.KINDS)


HUBS: Mapping[str, Hub] = {"batonmcp serve": _batonmcp, "plain SDK client": _sdk}


def measure(hub: str, kills: int, seed: int) -> list[Trial]:
    """Run so many trials, several at a time; the same seed gives the same moments and ways."""
    shares = [list(range(start, kills, AT_A_TIME)) for start in range(AT_A_TIME)]
    ends = [_fork_share(hub, share, seed) for share in shares]
    trials: list[Trial] = []
    for pid, end in ends:
        with os.fdopen(end, encoding="utf-8") as told:
            trials += [Trial(**json.loads(line)) for line in told]
        os.waitpid(pid, 0)
    if len(trials) != kills:
        message = f"{kills - len(trials)} trials of {hub} failed"
        raise RuntimeError(message)
    return trials


def _fork_share(hub: str, share: Sequence[int], seed: int) -> tuple[int, int]:
    """Have a process run these trials; return its id and a pipe from which they come as lines."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        with _last_deed(), os.fdopen(writing, "w", encoding="utf-8") as told:
            for number in share:
                trial = _try(hub, random.Random(f"{seed} {hub} {number}"))  # noqa: S311 - not for secrets
                told.write(json.dumps({name: getattr(trial, name) for name in Trial.__slots__}) + "\n")
                told.flush()
    os.close(writing)
    return pid, reading


class _last_deed:  # noqa: N801 - used like a function
    """End the process after the block, whatever happened in it, without the parent's own clean-up."""

    def __enter__(self) -> None:
        """Do nothing."""

    def __exit__(self, *raised: object) -> NoReturn:
        """End."""
        if raised[1] is not None and not isinstance(raised[1], SystemExit):
            sys.stderr.write(f"{raised[1]!r}\n")
        os._exit(0 if raised[1] is None else 1)


def _try(hub: str, chance: random.Random) -> Trial:
    token = secrets.token_hex(8)
    moment, (way, number) = chance.uniform(0, LATEST_S), chance.choice(list(WAYS.items()))
    pid, stdin, stdout = _fork_hub(hub, token)
    began = time.monotonic()
    os.write(stdin, b"".join(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n" for message in _HELLO))
    time.sleep(moment)
    alive = len(marked(token))
    ending = time.monotonic()
    if number is not None:
        os.kill(pid, number)
    else:
        os.close(stdin)
    hub_ended = _wait_for(lambda: os.waitpid(pid, os.WNOHANG)[0] == pid, LONGEST_HUB_S)
    if not hub_ended:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    between = time.monotonic()
    _wait_for(lambda: not marked(token), PATIENCE_S)
    left = marked(token)
    took = time.monotonic() - between
    _clean_up(token, [stdout, *([] if number is None else [stdin])])
    return Trial(
        hub=hub,
        way=way,
        moment=ending - began,
        alive=alive,
        hub_took=between - ending,
        rest_took=took,
        orphans=len(left),
    )


def _clean_up(token: str, descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
    while survivors := marked(token):
        kill(survivors)
    for path in Path(tempfile.gettempdir()).glob(f"*/{token}.json"):
        path.unlink(missing_ok=True)
        path.parent.rmdir()


def _fork_hub(hub: str, token: str) -> tuple[int, int, int]:
    """Start a hub; return its id and our ends of its standard input and output."""
    their_stdin, stdin = os.pipe()
    stdout, their_stdout = os.pipe()
    pid = os.fork()
    if pid == 0:
        with _last_deed():
            silence = os.open(os.devnull, os.O_WRONLY)
            for descriptor, standard in ((their_stdin, 0), (their_stdout, 1), (silence, 2)):
                os.dup2(descriptor, standard)
            os.closerange(3, 1024)
            os.environ[TOKEN_VARIABLE] = token
            HUBS[hub](token)
    os.close(their_stdin)
    os.close(their_stdout)
    return pid, stdin, stdout


def _wait_for(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def report(trials: Sequence[Trial], seed: int) -> str:
    """Return the table of what was measured."""
    head = (
        "hub, ended by",
        "kills",
        "processes then",
        "kills with orphans",
        "orphans",
        "hub s",
        "rest s",
        "rest s, most",
    )
    rows = [
        _row(f"{hub}, {way}", [trial for trial in trials if (trial.hub, trial.way) == (hub, way)])
        for hub in HUBS
        for way in WAYS
    ]
    totals = [_row(f"**{hub}**", [trial for trial in trials if trial.hub == hub]) for hub in HUBS]
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *filter(None, [*rows, *totals])]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"{table}\n\nSeed {seed}; {AT_A_TIME} at a time; seconds are medians, of kills without orphans."


def _row(name: str, trials: Sequence[Trial]) -> Sequence[str]:
    if not trials:
        return ()
    rest = [trial.rest_took for trial in trials if not trial.orphans] or [float("nan")]
    return (
        name,
        f"{len(trials):,}",
        f"{statistics.median(trial.alive for trial in trials):.0f}",
        f"{sum(trial.orphans > 0 for trial in trials):,}",
        f"{sum(trial.orphans for trial in trials):,}",
        f"{statistics.median(trial.hub_took for trial in trials):.2f}",
        f"{statistics.median(rest):.2f}",
        f"{max(rest):.2f}",
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Count what survives the end of a hub.")
    parser.add_argument("--kills", type=int, default=KILLS, help="of batonmcp; the SDK gets a tenth of it")
    parser.add_argument("--quick", action="store_true", help=f"a smoke run of {QUICK_KILLS} kills")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="to repeat a run")
    options = parser.parse_args()
    for name in ("batonmcp.cli.compose", "batonmcp.stages.orchestrate"):
        importlib.import_module(name)  # as `serve` does after its start
    kills = QUICK_KILLS if options.quick else options.kills
    trials = [
        trial
        for hub, times in zip(HUBS, (kills, max(len(WAYS), kills // SDK_SHARE)), strict=True)
        for trial in measure(hub, times, options.seed)
    ]
    print(report(trials, options.seed))
    left = sum(trial.orphans for trial in trials if trial.hub == next(iter(HUBS)))
    raise SystemExit(left > 0)


if __name__ == "__main__":
    main()
