"""The engine alone, without a model and without MCP: how close to ideal it runs plans, and what it costs.

    python benchmarks/engine.py [--quick] [--write]

Four parts: makespan over the critical path on recorded and made-up plans, overhead per step, expressions, memory.
`--quick` is a smoke run. `--write` puts the result into docs/benchmarks.md. The recorded plans are not part of the
repository (tests/recorded_plans.py tells where they lie); without them, only the made-up ones are run.
"""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import engine_cases
import engine_expressions
import engine_makespan
import engine_memory
import engine_overhead
import engine_plans
from engine_cases import Pace
from engine_clock import Clock
from page import assumptions, machine, met, parser, publish, table

__all__ = ["Results", "measure", "report"]

GOAL_RATIO = 1.03
GOAL_MICROSECONDS = 100
GOAL_STEPS = 100
GOAL_MILLISECONDS = 50
LINEAR = 1.25  # growth up to which the cost of a step counts as the same

_MAKESPAN_HEAD = (
    *("source", "clock", "calls of", "plans", "steps", "batonmcp / ideal", "p50", "p95", "max"),
    *("levels / ideal", "sequential / ideal", "speed-up over levels", "over sequential", "noise"),
)
_CLOCKS: Mapping[Clock, str] = {"processor": "processor time", "wall": "wall clock"}
_MODULES = (engine_cases, engine_makespan, engine_plans, engine_overhead, engine_expressions, engine_memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was measured, and the machine's load before and after (None where the system does not tell)."""

    makespans: Mapping[Pace, Sequence[engine_makespan.Row]]
    overheads: Sequence[engine_overhead.Row]
    expressions: Sequence[engine_expressions.Row]
    hostile: Sequence[engine_expressions.Hostile]
    memory: engine_memory.Memory
    runs: int
    load: tuple[float | None, float | None]


def measure(*, quick: bool = False) -> Results:
    """Measure all four parts; quickly, with a few small plans only."""
    before, runs = _load(), 1 if quick else 3
    makespans: dict[Pace, Sequence[engine_makespan.Row]] = {
        pace: engine_makespan.measure(pace, runs=runs, most=4 if quick else None) for pace in engine_makespan.PACES
    }
    sizes = engine_overhead.SIZES[:2] if quick else engine_overhead.SIZES
    cases = engine_expressions.measure(runs=1, seconds=0.0) if quick else engine_expressions.measure()
    return Results(
        makespans=makespans,
        overheads=engine_overhead.measure(sizes, runs=runs if quick else None),
        expressions=cases,
        hostile=engine_expressions.measure_hostile(runs=1) if quick else engine_expressions.measure_hostile(),
        memory=engine_memory.measure(engine_memory.ITEMS // 100 if quick else engine_memory.ITEMS),
        runs=runs,
        load=(before, _load()),
    )


def _load() -> float | None:
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def report(results: Results) -> str:
    """Return the part of docs/benchmarks.md that this script writes."""
    parts = (
        assumptions(*(module.__file__ or "" for module in _MODULES)),
        _conditions(results),
        table(("goal", "measured", "met"), _goals(results)),
        "### Makespan",
        table(
            _MAKESPAN_HEAD,
            [_makespan(row, pace) for pace, rows in results.makespans.items() for row in rows],
        ),
        "### Overhead",
        table(
            ("µs a step", "steps", "run / bare task", "run", "run, no record", "bare task", "check", "waits a step"),
            _overhead(results.overheads),
        ),
        table(("growth", "of", "run", "run, no record", "check", "bare task"), _growth(results.overheads)),
        "### Expressions",
        table(
            ("expression", "/ CPython", "evaluate µs", "CPython µs", "parse µs (once)"),
            [_expression(row) for row in results.expressions],
        ),
        table(
            ("hostile", "how many", "longest ms", "next", "which is the longest"),
            [_hostile(hostile) for hostile in results.hostile],
        ),
        "### Memory",
        _memory(results.memory),
    )
    return "\n\n".join(parts)


def _conditions(results: Results) -> str:
    load = " and ".join("unknown" if load is None else f"{load:.1f}" for load in results.load)
    return (
        f"Measured with {machine()} and a load average of {load} before"
        f" and after; of each makespan the median of {results.runs} runs."
    )


def _goals(results: Results) -> Iterable[Sequence[str]]:
    for pace, rows in results.makespans.items():
        recorded = [row for row in rows if row.source != engine_cases.MADE_UP]
        if recorded:
            ratio = sum(sum(row.makespans["batonmcp"]) for row in recorded) / sum(sum(row.ideals) for row in recorded)
            name = f"recorded plans: makespan / ideal at most {GOAL_RATIO}, {_told(pace)}"
            yield name, f"{ratio:.3f}", met(met=ratio <= GOAL_RATIO)
    costs = [row.costs[GOAL_STEPS].execute for row in results.overheads]
    name = f"overhead under {GOAL_MICROSECONDS} µs a step at {GOAL_STEPS} steps"
    yield name, f"{min(costs):.0f} to {max(costs):.0f}", met(met=max(costs) < GOAL_MICROSECONDS)
    longest = max(next(iter(hostile.milliseconds.values())) for hostile in results.hostile)
    name = f"hostile expressions and patterns end within {GOAL_MILLISECONDS} ms of processor time"
    yield name, f"{longest:.0f} at most", met(met=longest <= GOAL_MILLISECONDS)
    growths = [_grown(row)[0] for row in results.overheads if engine_overhead.SIZES[-1] in row.costs]
    if not growths:
        return
    name = f"overhead linear up to {engine_overhead.SIZES[-1]:,} steps (growth at most {LINEAR})"
    yield name, f"{min(growths):.2f} to {max(growths):.2f}", met(met=max(growths) <= LINEAR)


def _told(pace: Pace) -> str:
    told = f"by {_CLOCKS[pace.clock]}, calls of {pace.median_s * 1e3:.0f} ms"
    stress = pace.clock == "wall" and pace.median_s == engine_cases.STRESS_S
    return f"{told} (stress case)" if stress else told


def _makespan(row: engine_makespan.Row, pace: Pace) -> Sequence[str]:
    ratios, of = row.ratios("batonmcp"), {way: row.total(way) for way in engine_makespan.WAYS}
    at = (len(ratios) // 2, min(len(ratios) * 95 // 100, len(ratios) - 1), -1)
    return (
        *(
            row.source,
            _CLOCKS[pace.clock],
            f"{pace.median_s * 1e3:.0f} ms",
            f"{len(row.ideals)}",
            f"{row.steps}",
            f"**{of['batonmcp']:.3f}**",
        ),
        *(f"{ratios[index]:.3f}" for index in at),
        *(f"{of['levels']:.3f}", f"{of['sequential']:.3f}"),
        *(f"{of[way] / of['batonmcp']:.2f} x" for way in ("levels", "sequential")),
        f"{row.noise:.3f}",
    )


def _overhead(rows: Sequence[engine_overhead.Row]) -> Iterable[Sequence[str]]:
    for row in rows:
        for size, cost in row.costs.items():
            costs = (f"{each:.0f}" for each in (cost.execute, cost.silent, cost.task, cost.check))
            yield row.shape, f"{size:,}", f"{cost.execute / cost.task:.1f}", *costs, f"{cost.waits:.1f}"


def _growth(rows: Sequence[engine_overhead.Row]) -> Iterable[Sequence[str]]:
    for row in rows:
        sizes = f"{max(row.costs):,} / {GOAL_STEPS} steps"
        yield row.shape, sizes, *(f"{grown:.2f}" for grown in _grown(row))


def _grown(row: engine_overhead.Row) -> tuple[float, float, float, float]:
    """Say how many times as much a step costs in the longest plan as in one of 100; 1 is linear."""
    most, base = row.costs[max(row.costs)], row.costs[GOAL_STEPS]
    pairs = ((most.execute, base.execute), (most.silent, base.silent), (most.check, base.check), (most.task, base.task))
    execute, silent, check, task = (large / small for large, small in pairs)
    return execute, silent, check, task


def _expression(row: engine_expressions.Row) -> Sequence[str]:
    ratio = row.evaluate / row.python
    times = (f"{time:,.1f}" for time in (row.evaluate, row.python, row.parse))
    return f"`{row.question.ours}`", f"{ratio:.1f}", *times


def _hostile(hostile: engine_expressions.Hostile) -> Sequence[str]:
    first, second, *_ = hostile.milliseconds.values()
    which = next(iter(hostile.milliseconds)).replace("|", "\\|")
    return hostile.kind, f"{len(hostile.milliseconds)}", f"{first:.1f}", f"{second:.1f}", f"`{which}`"


def _memory(memory: engine_memory.Memory) -> str:
    def cells(name: str, size: int | None) -> Sequence[str]:
        if size is None:
            return name, "not told here", ""
        return name, f"{size / memory.items:,.0f}", f"{size / 1e6:.2f}"

    rows = [
        cells("most allocated during the run", memory.peak),
        cells("kept after it: outcomes and record", memory.kept),
        cells("most by which a process of its own grows", memory.resident),
        cells("the answers alone", memory.answers),
    ]
    each = memory.seconds / memory.items * 1e6
    head = (f"`for_each` over {memory.items:,} items", "bytes an item", "MB")
    return f"{table(head, rows)}\n\nEach item takes {each:.0f} µs of processor time."


def main() -> None:
    """Measure, print, and write if asked to."""
    options = parser("Measure the engine.").parse_args()
    text = report(measure(quick=options.quick))
    publish("engine.py", text, write=options.write)


if __name__ == "__main__":
    main()
