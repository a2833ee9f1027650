"""What was measured, in numbers and as tables."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from statistics import median

from page import met, table

from doubles.fake_llm import Charges, Usage
from loops.charges import dollars
from loops.questions import Question
from loops.ways import BATON, CACHED, LOOP

__all__ = ["Answered", "Sample", "goals", "tables", "what_if"]


_HEAD = ("way", "LLM calls", "tool calls", "prompt tokens", "completion tokens", "cost $", "with cached prefixes $")
_TIMES = ("wall s", "wall / ideal")
_CALLS, _WALL, _COST, _IDEAL, _CACHED = (2, 7), 0.26, 0.25, 1.05, 0.5  # the goals
_LATENCIES, _SPEEDS, _ANSWERS = (0.2, 0.5, 1.0), (40, 80, 200), (30, 150, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A question answered once: the usage of each LLM call, the number of tool calls, and the time it took."""

    llm: tuple[Usage, ...]
    tool_calls: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A question answered in one way several times.

    Attributes:
        question: What was asked.
        way: How it was answered.
        tools: How many tools were there.
        samples: One for each time.
        ideal: The time that route, the critical path of the tools and synthesize take, in seconds.
    """

    question: Question
    way: str
    tools: int
    samples: tuple[Sample, ...]
    ideal: float

    @property
    def wall(self) -> float:
        """The median of its times, in seconds."""
        return median(sample.seconds for sample in self.samples)

    @property
    def llm(self) -> tuple[Usage, ...]:
        """Its LLM calls, which are the same each time."""
        return self.samples[0].llm

    @property
    def cost(self) -> float:
        """What its LLM calls cost, in dollars."""
        return dollars(self.llm, cached=False)

    def cells(self) -> Sequence[str]:
        """Return it as a row of a table."""
        times = [sample.seconds for sample in self.samples]
        spread = f" ({min(times):.2f}..{max(times):.2f})" if len(times) > 1 else ""
        return (
            self.way,
            f"{len(self.llm)}",
            f"{self.samples[0].tool_calls}",
            f"{sum(usage.prompt_tokens for usage in self.llm):,}",
            f"{sum(usage.completion_tokens for usage in self.llm):,}",
            f"{self.cost:.4f}",
            f"{dollars(self.llm, cached=True):.4f}",
            f"{self.wall:.2f}{spread}",
            f"{self.wall / self.ideal:.2f}",
        )

    def otherwise(self, charges: Charges, other: Charges, *, answer: int) -> float:
        """Calculate the time it would take at another endpoint, in seconds.

        Right for calls that come one after the other. What is not charged for stays as it was measured.

        Args:
            charges: What was charged.
            other: What would be.
            answer: How many tokens more the final answer would have.
        """
        *before, last = self.llm
        usages = [*before, replace(last, completion_tokens=last.completion_tokens + answer)]
        return self.wall + sum(map(other.seconds, usages)) - sum(map(charges.seconds, self.llm))


def tables(answered: Iterable[Answered]) -> str:
    """Return a table for each question among as many tools."""
    groups: dict[tuple[Question, int], list[Answered]] = {}
    for each in answered:
        groups.setdefault((each.question, each.tools), []).append(each)
    parts = [
        f'**{question.title}**, {tools} tool{"s" if tools > 1 else ""}: "{question.query}"\n\n'
        + table((*_HEAD, *_TIMES), (each.cells() for each in group))
        for (question, tools), group in groups.items()
    ]
    return "\n\n".join(parts)


def goals(headlines: Sequence[Mapping[str, Answered]]) -> str:
    """Return whether the goals of the headline question are met, among few tools and among many."""
    rows: list[Sequence[str]] = []
    for ways in headlines:
        ours, cached, loop = ways[BATON], ways[CACHED], ways[LOOP]
        calls = (len(ours.llm), len(loop.llm))
        shares = (
            ("wall", "of the loop's", _WALL, ours.wall / loop.wall),
            ("cost", "of the loop's", _COST, ours.cost / loop.cost),
            ("wall / ideal", "", _IDEAL, ours.wall / ours.ideal),
            ("wall, cached route", "of that without", _CACHED, cached.wall / ours.wall),
            ("cost, cached route", "of that without", _CACHED, cached.cost / ours.cost),
        )
        tools = f"{ours.tools} tools"
        rows.append((f"{tools}: LLM calls", "2 against 7", f"{calls[0]} against {calls[1]}", met(met=calls == _CALLS)))
        rows += [
            (
                f"{tools}: {what}",
                f"at most {most:.0%} {of}" if of else f"at most {most:g}",
                f"{share:.1%}" if of else f"{share:.3f}",
                met(met=share <= most),
            )
            for what, of, most, share in shares
        ]
    return table(("goal", "", "measured", "met"), rows)


def what_if(headlines: Sequence[Mapping[str, Answered]], charges: Charges, *, answer: int) -> str:
    """Return what share of the loop's time batonmcp would take at other endpoints and with other answers.

    Args:
        headlines: The headline question by way, among few tools and among many.
        charges: What was charged.
        answer: How many tokens the final answer had.
    """
    rows: list[Sequence[str]] = []
    for latency, speed in product(_LATENCIES, _SPEEDS):
        other = replace(charges, latency_s=latency, seconds_per_completion_token=1 / speed)
        shares = [
            ways[BATON].otherwise(charges, other, answer=tokens - answer)
            / ways[LOOP].otherwise(charges, other, answer=tokens - answer)
            for ways in headlines
            for tokens in _ANSWERS
        ]
        rows.append((f"{latency:g} s, {speed} tokens/s", *(f"{share:.0%}" for share in shares)))
    heads = [f"{ways[BATON].tools} tools, {tokens} tokens" for ways in headlines for tokens in _ANSWERS]
    return table(("to the first token, then", *heads), rows)
