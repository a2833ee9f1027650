"""batonmcp against agentic loops: the same questions, the same real servers, the same scripted endpoint.

    python benchmarks/versus_loop.py [--runs N] [--quick] [--write]

Beside the plain loop (one tool a turn, and several at once) stand pydantic-ai, openai-agents and mcp-agent's
orchestrator, where they are installed (`loops/peers.py` has the line). Each way connects to the servers of a
question, real processes on stdio, and answers it once for nothing before anything is measured. The endpoint, over
real HTTP, plays a sensible model and charges time and tokens for what it is really sent; how often it is asked
follows from each way's own protocol. `--quick` is a smoke run that charges no time. `--write` puts the result into
docs/benchmarks.md, with a plot beside it.
"""

import sys
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

import anyio

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from loops import charges as constants
from loops.baton import open_baton
from loops.charges import ANSWER, CHARGES, SLOW_S, TOOL_S, counted
from loops.crowd import crowd
from loops.early import Gain, measure_early
from loops.model import Model
from loops.peers import INSTALL, PEERS, PeerUnusable
from loops.plot import Panel, plot
from loops.questions import HEADLINE, QUESTIONS, Question
from loops.results import Answered, Sample, goals, tables, what_if
from loops.servers import commands, write_config
from loops.told import Told
from loops.ways import BATON, LOOP, OURS, PARALLEL, Entry, ways
from page import PAGE, assumptions, machine, parser, publish

from doubles.fake_llm import FREE, Charges, FakeLLM

__all__ = ["ALL", "HEADLINE", "PLOT", "QUESTIONS", "Results", "measure", "picture", "report"]

ALL = (LOOP, PARALLEL, *(peer.name for peer in PEERS), *OURS)

PLOT = "versus_loop.svg"
_SIMULATED = (
    "**Simulated is the model**: an endpoint on loopback that replies by a script and charges the time and tokens"
    " stated here for what it is sent. Servers, clients and the HTTP between them are real, and so is every call."
)
_PEERS = "Peers are used as they come, so the model may call several tools in one turn. What installs them:"
_EARLY = (
    "Four tools at once, of which the slow one is written first into the plan. A step that only reads begins once "
    "it is written; without early start it waits for the whole plan:"
)
_WHAT_IF = (
    "The share of the loop's time (one tool a turn) that batonmcp takes, calculated from the same calls for other "
    "endpoints and for final answers of other lengths:"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """What was measured.

    Attributes:
        answered: Each question in each way.
        missing: Which ways could not be measured, and why.
        early: What early start saves; None if that was not measured.
    """

    answered: list[Answered] = field(default_factory=list[Answered])
    missing: dict[str, str] = field(default_factory=dict[str, str])
    early: Gain | None = None

    def headlines(self) -> list[Mapping[str, Answered]]:
        """Return the headline question by way, among few tools and, if it was measured so, among many."""
        of = [each for each in self.answered if each.question is HEADLINE]
        return [{each.way: each for each in of if each.tools == tools} for tools in sorted({each.tools for each in of})]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scene:
    """The servers of some questions, and the endpoint with its model."""

    questions: Sequence[Question]
    crowded: bool
    model: Model
    llm: FakeLLM
    charges: Charges
    runs: int
    tool_s: float

    async def play(self, results: Results, errors: TextIO) -> None:
        """Answer all questions in all ways."""
        servers = commands(self.questions[0].servers, crowded=self.crowded, tool_s=self.tool_s)
        samples: dict[str, dict[Question, list[Sample]]] = {}
        with TemporaryDirectory() as folder:
            for name, opened in ways(servers, self.llm.base_url, Path(folder), errors).items():
                try:
                    async with opened as entries:
                        samples |= {entry.name: await self._samples(entry) for entry in entries}
                except PeerUnusable as why:
                    results.missing[name] = str(why)
            tools, paths = await self._paths(write_config(Path(folder), servers))
        for question in self.questions:
            _compare(question, {way: taken[question] for way, taken in samples.items()})
            ideal = paths[question] + sum(map(self.charges.seconds, samples[BATON][question][0].llm))
            results.answered.extend(
                Answered(question=question, way=way, tools=tools, samples=tuple(taken[question]), ideal=ideal)
                for way, taken in samples.items()
            )

    async def _paths(self, config: Path) -> tuple[int, dict[Question, float]]:
        """Return how many tools there are, and the critical path of each question's tools."""
        async with open_baton(config, self.llm.base_url) as baton:
            paths = {question: await baton.critical_path(question, self.runs + 2) for question in self.questions}
            return await baton.tools(), paths

    async def _samples(self, entry: Entry) -> dict[Question, list[Sample]]:
        """Answer all questions in one way."""
        self.model.output = entry.output
        return {question: await self._taken(entry, question) for question in self.questions}

    async def _taken(self, entry: Entry, question: Question) -> list[Sample]:
        """Answer once for nothing, then as often as asked for."""
        await entry.way.ask(question.query)
        self.llm.charges = self.charges
        samples: list[Sample] = []
        for _ in range(self.runs):
            self.model.settle()
            told = await entry.way.ask(question.query)
            calls = self.model.tool_calls if told.tool_calls is None else told.tool_calls
            _verify(told, entry, question)
            samples.append(Sample(llm=self.model.settle(), tool_calls=calls, seconds=told.seconds))
        self.llm.charges = FREE
        return samples


def _verify(told: Told, entry: Entry, question: Question) -> None:
    """Raise if an answer is not the one that the model gives in the end, or the plan was not made as it should be."""
    if told.answer != ANSWER or told.planner != entry.planner:
        message = (
            f"{entry.name} answered {question.query!r} by {told.answer[:500]!r} and a plan of {told.planner}, "
            f"where {entry.planner} was expected"
        )
        raise RuntimeError(message)


def _compare(question: Question, ways: Mapping[str, Sequence[Sample]]) -> None:
    """Raise unless all ways called as many tools."""
    calls = {way: {sample.tool_calls for sample in samples} for way, samples in ways.items()}
    if len({frozenset(each) for each in calls.values()}) > 1:
        message = f"{question.query!r} did not take the same tool calls in each way: {calls}"
        raise RuntimeError(message)


async def measure(
    charges: Charges,
    *,
    runs: int,
    tool_s: float = TOOL_S,
    questions: Sequence[Question] = QUESTIONS,
    crowded: bool = True,
) -> Results:
    """Answer every question in every way.

    Args:
        charges: The time that the model's answers cost.
        runs: How often each question is answered.
        tool_s: How long a call of a small server takes.
        questions: What is asked.
        crowded: Whether the headline question is asked among many other tools as well, where there are any.
    """
    results, model = Results(), Model(questions)
    with _complaints() as errors, FakeLLM(model) as llm:
        for asked, among_many in _scenes(questions, crowded=crowded and bool(crowd())):
            scene = _Scene(
                questions=asked,
                crowded=among_many,
                model=model,
                llm=llm,
                charges=charges,
                runs=runs,
                tool_s=tool_s,
            )
            await scene.play(results, errors)
    return replace(results, early=await measure_early(charges, runs=runs, tool_s=SLOW_S if tool_s else 0.0))


@contextmanager
def _complaints() -> Generator[TextIO]:
    """Yield a file for what processes complain about."""
    with TemporaryDirectory() as folder, Path(folder, "errors").open("w+", encoding="utf-8") as file:
        yield file


def _scenes(questions: Sequence[Question], *, crowded: bool) -> Iterable[tuple[Sequence[Question], bool]]:
    """Return the questions by their servers, and whether others are there too."""
    if HEADLINE in questions and crowded:
        yield [HEADLINE], True
    for servers in dict.fromkeys(question.servers for question in questions):
        yield [question for question in questions if question.servers == servers], False


def report(results: Results, charges: Charges, *, runs: int) -> str:
    """Return the part of docs/benchmarks.md that this script writes."""
    headlines = results.headlines()
    others = [each for each in results.answered if each.question is not HEADLINE]
    parts = [
        _SIMULATED,
        assumptions(constants.__file__),
        f"Measured with {machine()}; {runs} run{'s' if runs > 1 else ''} of each line. {_PEERS}",
        f"    {INSTALL}",
        *(f"Not measured here: {way}, because {why}." for way, why in results.missing.items()),
        "### The three-agent question",
        f"![Time, cost and LLM calls of the three-agent question in each way]({PLOT})",
        goals(headlines),
        tables(each for ways in headlines for each in ways.values()),
        "### What it hangs on",
        _WHAT_IF,
        what_if(headlines, charges, answer=counted([ANSWER])),
        *(["### Early start", _EARLY, results.early.as_markdown()] if results.early else []),
        "### All other questions",
        tables(others),
    ]
    return "\n\n".join(parts)


def picture(results: Results) -> str:
    """Return the plot of the headline question among the most tools that it was measured with."""
    ways = results.headlines()[-1]
    panels = [
        Panel(title="seconds", form="{:.1f}", values={way: each.wall for way, each in ways.items()}),
        Panel(title="cost, US cents", form="{:.2f}", values={way: 100 * each.cost for way, each in ways.items()}),
        Panel(title="LLM calls", form="{:.0f}", values={way: float(len(each.llm)) for way, each in ways.items()}),
    ]
    title = f"One question over three agents, {ways[LOOP].tools} tools connected; simulated model, real servers"
    return plot(title, panels, ours=OURS)


def main() -> None:
    """Measure, print, and write if asked to."""
    understood = parser("Compare batonmcp with agentic loops.")
    understood.add_argument("--runs", type=int, default=3, help="runs of each question in each way")
    options = understood.parse_args()
    quick, runs = options.quick, 1 if options.quick else options.runs
    charges, tool_s = (FREE, 0.0) if quick else (CHARGES, TOOL_S)
    results = anyio.run(partial(measure, charges, runs=runs, tool_s=tool_s))
    publish("versus_loop.py", report(results, charges, runs=runs), write=options.write)
    if options.write:
        (PAGE.parent / PLOT).write_text(picture(results), encoding="utf-8")


if __name__ == "__main__":
    main()
