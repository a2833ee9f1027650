"""What an expression costs, beside the same in CPython and at most: the third part of engine.py."""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from pydantic import JsonValue

from batonmcp.core.errors import ExpressionFailed
from batonmcp.core.expression import evaluate, parse
from batonmcp.core.expression.budget import DEFAULT_LIMITS, Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.pattern import compile_pattern, encoded
from hostile_expressions import HOSTILE_PATTERNS, hostile_expressions, hostile_scope

__all__ = ["EXPRESSIONS", "Hostile", "Question", "Row", "measure", "measure_hostile"]

# Assumptions: how long each is measured, and how often.
SECONDS_A_RUN = 0.02
RUNS = 7
HOSTILE_RUNS = 3  # of each hostile expression; the least counts
# End of the assumptions.

_MICRO, _MILLI = 1e6, 1e3


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """An expression as plans have it, and how CPython gets the same out of JSON values."""

    ours: str
    python: str


_PICK = "[o.id for o in {}.list if o.total > 50]"
_PICK_PYTHON = "[o['id'] for o in {}['list'] if o['total'] > 50]"

EXPRESSIONS = (
    Question(ours="small.list[0].customer.city", python="small['list'][0]['customer']['city']"),
    Question(
        ours="len(small.list) > 3 and small.list[0].total >= 9.99",
        python="len(small['list']) > 3 and small['list'][0]['total'] >= 9.99",
    ),
    Question(
        ours="f'{small.list[0].customer.city}: {small.list[0].total} EUR'",
        python="f\"{small['list'][0]['customer']['city']}: {small['list'][0]['total']} EUR\"",
    ),
    Question(ours=_PICK.format("small"), python=_PICK_PYTHON.format("small")),
    Question(ours=_PICK.format("large"), python=_PICK_PYTHON.format("large")),
    Question(ours="sorted(large.list, key='total')[:5]", python="sorted(large['list'], key=lambda o: o['total'])[:5]"),
    Question(
        ours="[{'id': o.id, 'name': p.name} for o in small.list for p in people if p.id == o.person]",
        python="[{'id': o['id'], 'name': p['name']} for o in small['list'] for p in people if p['id'] == o['person']]",
    ),
    Question(
        ours="[{'id': o.id, 'name': by[o.person].name} for by in [index_by(people, 'id')] for o in large.list]",
        python="[{'id': o['id'], 'name': by[o['person']]['name']} for by in [{p['id']: p for p in people}]"
        " for o in large['list']]",
    ),
)
"""Over `small`, 10 orders, `large`, 1,000, and `people`, 20."""


def _orders(count: int) -> JsonValue:
    return {
        "list": [
            {"id": n, "total": n * 37 % 101 + 0.5, "person": f"p{n % 20}", "customer": {"city": f"City {n}"}}
            for n in range(count)
        ]
    }


_SCOPE: Mapping[str, JsonValue] = {
    "small": _orders(10),
    "large": _orders(1_000),
    "people": [{"id": f"p{n}", "name": f"Person {n}"} for n in range(20)],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one expression costs, in microseconds of processor time: to parse, to evaluate, and in CPython."""

    question: Question
    parse: float
    evaluate: float
    python: float


def measure(*, runs: int = RUNS, seconds: float = SECONDS_A_RUN) -> list[Row]:
    """Measure every expression, the two sides taking turns."""
    return [_row(question, runs, seconds) for question in EXPRESSIONS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """How long the expressions took that are too much, the one that took longest first.

    Attributes:
        kind: What they are.
        milliseconds: Of processor time, by expression.
    """

    kind: str
    milliseconds: Mapping[str, float]


def measure_hostile(*, runs: int = HOSTILE_RUNS) -> list[Hostile]:
    """Measure how long it takes until each hostile expression and each hostile pattern is refused."""
    scope = hostile_scope()
    evaluations = {source: partial(evaluate, parse(source), scope) for source, _ in hostile_expressions()}
    searches = {
        f"{source}, {len(text):,} characters": partial(_search, source, encoded(text))
        for source, text in HOSTILE_PATTERNS
    }
    gc.collect()
    gc.freeze()  # the collector may look at what an evaluation makes, not at the data that lies there before
    try:
        return [_hostile("expressions", evaluations, runs), _hostile("patterns", searches, runs)]
    finally:
        gc.unfreeze()


def _hostile(kind: str, hostile: Mapping[str, Callable[[], object]], runs: int) -> Hostile:
    times = {source: min(_time_refused(function) for _ in range(runs)) for source, function in hostile.items()}
    longest = sorted(times, key=times.__getitem__, reverse=True)
    return Hostile(kind=kind, milliseconds={source: times[source] * _MILLI for source in longest})


def _time_refused(function: Callable[[], object]) -> float:
    began = time.thread_time()
    try:
        function()
    except (ExpressionFailed, Fault):
        return time.thread_time() - began
    message = f"{function} is not refused"
    raise RuntimeError(message)


def _search(source: str, data: bytes) -> None:
    budget = Budget(DEFAULT_LIMITS)
    for _ in compile_pattern(source, budget).matches(data, budget):
        pass


def _row(question: Question, runs: int, seconds: float) -> Row:
    expression, code = parse(question.ours), compile(question.python, "<expression>", "eval")
    scope: dict[str, Any] = {**_SCOPE}
    ours, python = evaluate(expression, scope), eval(code, scope)  # noqa: S307 - ours, from above
    if ours != python:
        message = f"{question.ours} gives {ours}, not {python}"
        raise RuntimeError(message)
    sides: Sequence[Callable[[], object]] = (
        partial(parse, question.ours),
        partial(evaluate, expression, scope),
        partial(eval, code, scope),
    )
    times = [[_time(side, seconds) for side in sides] for _ in range(runs)]
    parsing, ours_s, python_s = (median(side) * _MICRO for side in zip(*times, strict=True))
    return Row(question=question, parse=parsing, evaluate=ours_s, python=python_s)


def _time(function: Callable[[], object], seconds: float) -> float:
    """Return the processor time of one call, from as many as fill some time."""
    calls = 1
    while True:
        began = time.process_time()
        for _ in range(calls):
            function()
        took = time.process_time() - began
        if took > seconds:
            return took / calls
        calls *= 2
