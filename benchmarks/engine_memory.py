"""The most memory that a `for_each` over many items takes: the fourth part of engine.py.

    python benchmarks/engine_memory.py ITEMS

prints by how many bytes the memory of a process grows at most; on Linux only.
"""

import gc
import re
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.lowlevel
from engine_plans import plan_registry
from pydantic import JsonValue

from batonmcp.core.caller import NOBODY, Caller
from batonmcp.core.check import check
from batonmcp.core.events import PlanReady
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Outcome, Succeeded
from batonmcp.core.plan import Plan
from batonmcp.core.record import RunRecord
from batonmcp.core.recorder import Recorder
from batonmcp.core.registry import Registry
from batonmcp.core.tool import Tool
from batonmcp.stages.execute import execute
from batonmcp.stages.ports import Tools

__all__ = ["ITEMS", "Memory", "measure"]

# Assumptions: how many items there are; each call has the arguments {"n": n, "of": []} and answers an object.
ITEMS = 10_000
# End of the assumptions.

_STATUS = Path("/proc/self/status")


def _answer(n: JsonValue) -> JsonValue:
    return {"id": n, "name": f"item {n}", "open": True}


class _ListingTools(Tools):
    """One tool that lists numbers, and others that answer an object about a number."""

    def __init__(self, items: int) -> None:
        self._items = items

    async def registry(self, servers: Sequence[str] | None = None) -> Registry:
        """Return the registry."""
        del servers
        await anyio.lowlevel.checkpoint()
        return plan_registry()

    async def call(
        self, tool: Tool, arguments: dict[str, JsonValue], *, within: float, caller: Caller = NOBODY
    ) -> Succeeded:
        """Answer at once."""
        del within, caller
        return Succeeded(value=[*range(self._items)] if tool.server == "server0" else _answer(arguments["n"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What a run over so many items takes, in bytes, and in seconds of processor time.

    Attributes:
        items: How many items.
        answers: What the answers alone take, in a list.
        peak: The most that is allocated during the run.
        kept: What is allocated once it is over, with its outcomes and its record.
        resident: By how much the process grows at most; None where the system does not tell.
        seconds: How long it takes when nothing is traced.
    """

    items: int
    answers: int
    peak: int
    kept: int
    resident: int | None
    seconds: float


def measure(items: int) -> Memory:
    """Measure a run over so many items, in this process and in one of its own."""
    plan, limits = _plan(items)
    began = time.process_time()
    anyio.run(_run, plan, limits, items)
    seconds = time.process_time() - began
    tracemalloc.start()
    try:
        answers = [_answer(n) for n in range(items)]
        alone = tracemalloc.get_traced_memory()[0]
        del answers
        gc.collect()
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        results = anyio.run(_run, plan, limits, items)
        gc.collect()
        after, peak = tracemalloc.get_traced_memory()
        del results
    finally:
        tracemalloc.stop()
    return Memory(
        items=items,
        answers=alone,
        peak=peak - before,
        kept=after - before,
        resident=_resident(items),
        seconds=seconds,
    )


def _plan(items: int) -> tuple[Plan, Limits]:
    limits = Limits(items=items, run_timeout=600.0)
    document: JsonValue = {
        "steps": [
            {"id": "numbers", "tool": "server0__read", "arguments": {"n": 0, "of": []}},
            {
                "id": "each",
                "tool": "server1__read",
                "for_each": "numbers",
                "arguments": {"n": {"$from": "item"}, "of": []},
            },
        ]
    }
    return check(document, plan_registry(), limits=limits, by_model=False), limits


async def _run(plan: Plan, limits: Limits, items: int) -> tuple[dict[str, Outcome], RunRecord]:
    recorder = Recorder(time.monotonic)
    recorder(PlanReady(plan=plan))
    outcomes = await execute(plan, tools=_ListingTools(items), inputs={}, limits=limits, emit=recorder)
    each = outcomes["each"]
    if not isinstance(each, Succeeded) or each.items is None or len(each.items) != items:
        message = f"not every item was called: {each}"
        raise RuntimeError(message)
    return dict(outcomes), recorder.record


def _resident(items: int) -> int | None:
    if not _STATUS.exists():
        return None
    command = [sys.executable, __file__, f"{items}"]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)  # noqa: S603 - itself


def _status(field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB$", _STATUS.read_text(encoding="ascii"), re.MULTILINE)
    if found is None:
        message = f"{_STATUS} does not tell {field}"
        raise RuntimeError(message)
    return int(found[1]) * 1024


def main() -> None:
    """Run once over a single item, then over as many as the command line says, and print the growth."""
    items = int(sys.argv[1])
    anyio.run(_run, *_plan(1), 1)
    before = _status("VmRSS")
    anyio.run(_run, *_plan(items), items)
    print(_status("VmHWM") - before)


if __name__ == "__main__":
    main()
