"""What an expression costs beside the same in CPython: the third part of engine.py."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from pydantic import JsonValue

from batonmcp.core.expression import evaluate, parse

__all__ = ["EXPRESSIONS", "Question", "Row", "measure"]

# Assumptions: how long each is measured, and how often.
SECONDS_A_RUN = 0.02
RUNS = 7
# End of the assumptions.

_MICRO = 1e6


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
