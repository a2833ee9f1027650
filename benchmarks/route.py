"""Routing: the tokens of its prompt, the time to make it, and what is still in it where tools have to be left out.

    python benchmarks/route.py [--quick] [--write]

No model is asked. Three parts. The prompt: `route` is run over 20 to 10,000 tools, and the request it would send is
measured. The ranking of 10,000 tools, which decides about what is left out where not even their signatures fit. Recall:
which share of the tools that a recorded query needs is still shown among 10,000. `--quick` is a smoke run. `--write`
puts the result into docs/benchmarks.md.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import fmean, median
from typing import TypeVar

import anyio

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import route_tools
from o200k import counted
from page import assumptions, machine, met, parser, publish, table
from route_tools import QUERIES, Asked, asked, is_real, registry_of, sources

from batonmcp.core.limits import Limits
from batonmcp.core.tokens import estimated_tokens
from batonmcp.llm.port import LLM, Heard, Reply, Request
from batonmcp.llm.ranking import Ranking
from batonmcp.stages.menu import Menu, menu_of
from batonmcp.stages.route import route
from batonmcp.stages.task import Task

__all__ = ["GOAL_MS", "Prompt", "Recall", "Results", "measure", "report"]

GOAL_MS = 5.0
GOAL_TOKENS = 30_000
_REAL = 527
_MANY = 10_000
_COUNTS = (20, 127, _REAL, _MANY)
_DEPTHS = (10, 50, 200)
_REPEATS = 7
_RANKED = 1_350  # as many as the menu asks for: of 10,000 tools no more fit, were the shortest the best
_PASTED = 2_000

_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """The request for a route.

    Attributes:
        tools: How many there are.
        form: How they are shown.
        left_out: How many are not.
        text: All that is sent.
        menu: The part of it that is the tools.
        first_ms: To make the menu the first time.
        again_ms: To make it for a further query.
    """

    tools: int
    form: str
    left_out: int
    text: str
    menu: str
    first_ms: float
    again_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """What is found of the tools that recorded queries need.

    Attributes:
        source: Of the recordings.
        queries: How many.
        within: Which share is among the best so many, by how many.
        shown: Which share the model is shown, with its parameters.
    """

    source: str
    queries: int
    within: tuple[float, ...]
    shown: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was measured.

    Attributes:
        prompts: By number of tools.
        tokens: Of each prompt whole, and of its tools alone, by o200k; None if they could not be counted.
        ranking_ms: To rank many tools, by query, of processor time; the last query is a page that somebody pasted.
        index_ms: To index them, once.
        ranked: How many tools that were.
        recalls: By source.
    """

    prompts: list[Prompt] = field(default_factory=list[Prompt])
    tokens: list[int] | None = None
    ranking_ms: list[float] = field(default_factory=list[float])
    index_ms: float = 0.0
    ranked: int = 0
    recalls: list[Recall] = field(default_factory=list[Recall])


class _Ear(LLM):
    """Hears what would be sent."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def complete(self, request: Request, heard: Heard | None = None) -> Reply:
        del heard
        self.requests.append(request)
        return Reply(text="No tool fits.")


def measure(*, quick: bool) -> Results:
    """Measure all three parts."""
    many = _MANY // 10 if quick else _MANY
    counts = [tools for tools in _COUNTS if is_real() or tools != _REAL]
    prompts = [anyio.run(_prompt, min(tools, many)) for tools in counts]
    texts = [text for prompt in prompts for text in (prompt.text, prompt.menu)]
    registry = registry_of(many)
    index_ms, ranking = _timed(partial(Ranking, registry))
    return Results(
        prompts=prompts,
        tokens=None if quick else counted(texts),
        ranking_ms=[_processor_ms(partial(ranking.best, query, _RANKED)) for query in (*QUERIES, _pasted())],
        index_ms=index_ms,
        ranked=many,
        recalls=[_recall(source, many, most=5 if quick else None) for source in sources()],
    )


async def _prompt(tools: int) -> Prompt:
    """Have a route made, and keep what would be sent."""
    registry, ear, limits = registry_of(tools), _Ear(), Limits()
    first_ms, menu = _timed(partial(menu_of, registry, QUERIES[0], limits))
    again = [_again_ms(partial(menu_of, registry, query, limits)) for query in QUERIES[1:]]
    now = datetime.now(UTC)
    await route(ear, Task(query=QUERIES[0]), registry, limits=limits, now=now, emit=lambda _event: None)
    request = ear.requests[0]
    functions = [_function(f.name, f.description, f.parameters) for f in request.functions]
    shown = [_function(f.name, f.description, f.parameters) for f in menu.functions]
    return Prompt(
        tools=tools,
        form="functions" if menu.functions else "signatures, ranked" if menu.left_out else "signatures",
        left_out=sum(menu.left_out.values()),
        text="\n".join([request.system, request.user, *functions]),
        menu="\n".join([menu.catalogue, *shown]),
        first_ms=first_ms,
        again_ms=median(again),
    )


def _function(name: str, description: str, parameters: object) -> str:
    function = {"name": name, "description": description, "parameters": parameters}
    return json.dumps({"type": "function", "function": function}, separators=(",", ":"), ensure_ascii=False)


def _recall(source: str, many: int, *, most: int | None) -> Recall:
    """Look for the tools of recorded queries among many others."""
    tools, queries = asked(source)
    registry = registry_of(many, among=tools)
    ranking, chosen = Ranking(registry), queries[:most]
    best = [ranking.best(each.query, max(_DEPTHS)) for each in chosen]
    menus = [_shown(menu_of(registry, each.query, Limits())) for each in chosen]
    return Recall(
        source=source,
        queries=len(chosen),
        within=tuple(_share(chosen, [{*names[:depth]} for names in best]) for depth in _DEPTHS),
        shown=_share(chosen, menus),
    )


def _shown(menu: Menu) -> set[str]:
    """Return the names of the tools that a menu has with their parameters."""
    lines = menu.catalogue.partition("\n\n")[0].splitlines()
    return {function.name for function in menu.functions} | {line.partition("(")[0] for line in lines}


def _share(queries: Sequence[Asked], found: Sequence[set[str]]) -> float:
    """Return which share of the tools that a query needs is found, on average."""
    return fmean(len(each.gold & names) / len(each.gold) for each, names in zip(queries, found, strict=True))


def _timed(work: Callable[[], _Done]) -> tuple[float, _Done]:
    began = time.perf_counter()
    done = work()
    return (time.perf_counter() - began) * 1e3, done


def _again_ms(work: Callable[[], object]) -> float:
    """Return the median of several times, in milliseconds."""
    return median(_timed(work)[0] for _ in range(_REPEATS))


def _processor_ms(work: Callable[[], object]) -> float:
    """Return the median of several times on the processor, in milliseconds, whatever else is running."""
    times: list[float] = []
    for _ in range(_REPEATS):
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1e3)
    return median(times)


def _pasted() -> str:
    """Return a long query: the first words of our README."""
    return " ".join((Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8").split()[:_PASTED])


def report(results: Results) -> str:
    """Return the part of docs/benchmarks.md that this script writes."""
    real = "of real servers (10,000: copies of them under other servers' names)" if is_real() else "made up"
    by = "o200k" if results.tokens else "our estimate, which is rather too much"
    parts = [
        assumptions(route_tools.__file__),
        f"Measured with {machine()}. The tools are {real}. Tokens by {by}.",
        _prompts(results),
        _rankings(results),
        *([_recalls(results)] if results.recalls else []),
        _goals(results),
    ]
    return "\n\n".join(parts)


def _prompts(results: Results) -> str:
    rows = [
        (
            f"{prompt.tools:,}",
            prompt.form,
            f"{prompt.left_out:,}",
            f"{whole:,}",
            f"{menu:,}",
            f"{prompt.first_ms:.1f}",
            f"{prompt.again_ms:.3f}",
        )
        for prompt, (whole, menu) in zip(results.prompts, _tokens(results), strict=True)
    ]
    heads = ("tools", "shown as", "left out", "tokens, whole prompt", "of them the tools", "menu ms, first", "again")
    return f"### The prompt\n\n{table(heads, rows)}"


def _tokens(results: Results) -> list[tuple[int, int]]:
    """Return the tokens of each whole prompt and of its tools."""
    if results.tokens:
        return list(zip(results.tokens[::2], results.tokens[1::2], strict=True))
    return [(estimated_tokens(prompt.text), estimated_tokens(prompt.menu)) for prompt in results.prompts]


def _rankings(results: Results) -> str:
    queries = (*QUERIES, f"(the first {_PASTED:,} words of our README, pasted)")
    rows = [(query, f"{ms:.2f}") for query, ms in zip(queries, results.ranking_ms, strict=True)]
    return (
        f"### The ranking of {results.ranked:,} tools\n\nIts index takes {results.index_ms:,.0f} ms, once.\n\n"
        f"{table(('query', 'ms of processor time'), rows)}"
    )


def _recalls(results: Results) -> str:
    rows = [
        (each.source, f"{each.queries}", *(f"{share:.0%}" for share in each.within), f"{each.shown:.0%}")
        for each in results.recalls
    ]
    heads = ("recording", "queries", *(f"among the best {depth}" for depth in _DEPTHS), "shown to the model")
    return f"### What is found among {results.ranked:,} tools\n\n{table(heads, rows)}"


def _goals(results: Results) -> str:
    times = {"median of the queries": median(results.ranking_ms), "slowest query": max(results.ranking_ms)}
    rows = [
        (
            f"ranking of {results.ranked:,} tools, {which}",
            f"under {GOAL_MS:g} ms",
            f"{ms:.2f} ms",
            met(met=ms < GOAL_MS),
        )
        for which, ms in times.items()
    ]
    for prompt, (_, menu) in zip(results.prompts, _tokens(results), strict=True):
        if prompt.tools == _REAL:
            fits = menu <= GOAL_TOKENS and not prompt.left_out
            said = f"{menu:,} tokens, {prompt.left_out} left out"
            rows.append((f"all of {_REAL} tools", f"in at most {GOAL_TOKENS:,} tokens", said, met(met=fits)))
    return f"### Goals\n\n{table(('goal', '', 'measured', 'met'), rows)}"


def main() -> None:
    """Measure, print, and write if asked to."""
    options = parser("Measure routing without a model.").parse_args()
    publish("route.py", report(measure(quick=options.quick)), write=options.write)


if __name__ == "__main__":
    main()
