"""The question that a person decides about: which steps, what they would be called with, and why they are asked."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final, TypeAlias

from pydantic import JsonValue

from batonmcp.core.explain import arguments_of, code, digest_of, named, quoted, written_arguments
from batonmcp.core.outcome import Failed
from batonmcp.core.plan import Plan, Step
from batonmcp.core.policy import Concern
from batonmcp.core.prepare import Calls
from batonmcp.core.tool import Tool

__all__ = ["LONGEST_TEXT", "Approval", "Approved", "Decide", "Refused", "Ruling", "Undecided", "calls_digest"]

LONGEST_TEXT: Final = 2_000
"""Longest text of a question, in bytes of UTF-8: what a person reads at a glance."""

_LONGEST_QUERY: Final = 200
_FINGERPRINT: Final = 12
_ROOMS: Final = ((300, 10), (120, 3), (40, 1), (0, 1))
"""How much is shown of each value, and how many calls of a `for_each`: the first that fits."""

_LATER: Final = "You are shown what it is called with once that is known, before it runs."


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """It may run; `always` means that the tools need no decision any more, as they are defined now."""

    always: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """It may not run; `because` ends a sentence that begins "not run because"."""

    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Undecided:
    """There is nobody who could decide now; `cure` says who can, and how."""

    cure: str = ""


Ruling: TypeAlias = Approved | Refused | Undecided


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What a person is asked about.

    Attributes:
        query: What the run is for.
        plan: The whole plan.
        concerns: The steps that are asked about, and why.
        calls: By step, the calls that it will make, for those of which they are known.
        begun: Whether other steps of the plan have run.
        ahead: Whether reads of it began before it was whole.
    """

    query: str
    plan: Plan
    concerns: tuple[Concern, ...]
    calls: Mapping[str, Calls]
    begun: bool
    ahead: bool = False

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools that are asked about, each once."""
        return tuple({concern.step.tool.qualified: concern.step.tool for concern in self.concerns}.values())

    @cached_property
    def digest(self) -> str:
        """Ties a decision to exactly this: the plan, the steps, their tools as they are defined, and the arguments."""
        about: list[JsonValue] = [
            [concern.step.id, concern.step.tool.digest, self._calls_digests.get(concern.step.id)]
            for concern in self.concerns
        ]
        return digest_of({"plan": dict(self.plan.as_json()), "about": about, "begun": self.begun})

    @property
    def fits(self) -> bool:
        """Whether the text keeps to `LONGEST_TEXT` bytes although it leaves no step out."""
        return _size(self.text()) <= LONGEST_TEXT

    @property
    def shows_arguments(self) -> bool:
        """Whether the text shows the arguments, cut or not, and not just a fingerprint of them."""
        return self._shown is not None

    def text(self) -> str:
        """Tell what is asked. Values are cut to keep to `LONGEST_TEXT` bytes; no step is ever left out."""
        return self._shown or self._summed

    @cached_property
    def _shown(self) -> str | None:
        bodies = (partial(self._body, longest=longest, most_calls=calls) for longest, calls in _ROOMS)
        return next((text for text in map(self._text, bodies) if _size(text) <= LONGEST_TEXT), None)

    @cached_property
    def _summed(self) -> str:
        summary = self._text(self._summary)
        return summary if _size(summary) <= LONGEST_TEXT else self._names()

    @cached_property
    def _calls_digests(self) -> Mapping[str, str]:
        return {step_id: calls_digest(calls) for step_id, calls in self.calls.items()}

    def _text(self, body: Callable[[Step], Iterator[str]]) -> str:
        lines = [*self._head()]
        for number, concern in self._numbered():
            lines.append(f"{number}. {named(concern.step)} {concern.why}.")
            lines += [f"   {line}" for line in body(concern.step)]
        return "\n".join([*lines, *self._rest()])

    def _names(self) -> str:
        """Name the steps only; the digest still ties the decision to all of it."""
        steps = ((number, concern.step.tool) for number, concern in self._numbered())
        names = ", ".join(f"{number}. {tool.qualified} ({tool.effect.kind})" for number, tool in steps)
        note = f"Their arguments are too long to be shown here, sha256 {self.digest[:_FINGERPRINT]}."
        return "\n".join([*self._head(), names, note, *self._rest()])

    def _head(self) -> Iterator[str]:
        if self.query:
            yield f"Task: {quoted(self.query, _LONGEST_QUERY)}"
        steps = "this step" if len(self.concerns) == 1 else f"these {len(self.concerns)} steps"
        if self.begun:
            yield f"batonmcp wants to go on with {steps}, whose arguments are known now:"
        else:
            read = "nothing but reads of it has begun" if self.ahead else "nothing has run yet"
            yield f"batonmcp wants to run a plan with {steps}; {read}:"

    def _numbered(self) -> Iterator[tuple[int, Concern]]:
        numbers = {step.id: number for number, step in enumerate(self.plan.steps, 1)}
        return ((numbers[concern.step.id], concern) for concern in self.concerns)

    def _body(self, step: Step, longest: int, most_calls: int) -> Iterator[str]:
        if step.when and not self.begun:
            yield f"only if {code(step.when.source, longest)}"
        if step.id in self.calls:
            yield from self._calls(step, longest, most_calls)
            return
        if step.for_each:
            yield f"once for each of {code(step.for_each.source, longest)}"
        yield from written_arguments(step, longest=longest)
        yield _LATER

    def _calls(self, step: Step, longest: int, most_calls: int) -> Iterator[str]:
        made = _made(self.calls[step.id])
        lists = [
            [*arguments_of(step, arguments, longest=longest)] or ["without arguments"]
            for arguments in made[:most_calls]
        ]
        if not made:
            yield "no call, as there is nothing to call it with"
        elif not self.calls[step.id].per_item:
            yield from lists[0]
        else:
            yield _count(made)
            yield from (f"- {', '.join(shown)}" for shown in lists)
        if len(made) > most_calls:
            yield f"- and {len(made) - most_calls} more, all together sha256 {self._fingerprint(step)}"

    def _summary(self, step: Step) -> Iterator[str]:
        """Say no more about a step's arguments than what tells them apart from others."""
        what = "the arguments are"
        if step.id in self.calls and self.calls[step.id].per_item:
            what = f"{_count(_made(self.calls[step.id]))} the arguments are"
        yield f"{what} too long to be shown here, sha256 {self._fingerprint(step)}"
        if step.id not in self.calls:
            yield _LATER

    def _fingerprint(self, step: Step) -> str:
        return (self._calls_digests.get(step.id) or digest_of(step.as_json()))[:_FINGERPRINT]

    def _rest(self) -> Iterator[str]:
        others = len(self.plan.steps) - len(self.concerns)
        if others and not self.begun:
            yield f"Other steps of the plan, which need no decision: {others}."


Decide: TypeAlias = Callable[[Approval], Awaitable[Ruling]]
"""Has a person decide."""


def calls_digest(calls: Calls) -> str:
    """Return a digest of what a step will be called with."""
    return digest_of([None if isinstance(arguments, Failed) else arguments for arguments in calls.arguments])


def _made(calls: Calls) -> Sequence[Mapping[str, JsonValue]]:
    return [arguments for arguments in calls.arguments if not isinstance(arguments, Failed)]


def _count(made: Sequence[object]) -> str:
    return f"{len(made)} call{'' if len(made) == 1 else 's'}:"


def _size(text: str) -> int:
    return len(text.encode())
