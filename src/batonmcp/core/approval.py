"""The question that a person decides about: which steps, what they would be called with, and why they are asked."""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from pydantic import JsonValue

from batonmcp.core.explain import arguments_of, digest_of, named, quoted, written_arguments
from batonmcp.core.outcome import Failed
from batonmcp.core.plan import Plan
from batonmcp.core.policy import Concern
from batonmcp.core.prepare import Calls
from batonmcp.core.printable import printable
from batonmcp.core.tool import Tool

__all__ = ["LONGEST_TEXT", "Approval", "Approved", "Decide", "Refused", "Ruling", "Undecided", "calls_digest"]

LONGEST_TEXT: Final = 2_000
"""Longest text of a question, in bytes of UTF-8: what a person reads at a glance."""

_LONGEST_QUERY = 200
_LONGEST_VALUES = (300, 120, 40, 12, 0)
_CALLS_SHOWN = (10, 3, 1, 1, 1)
"""How much is shown of each value, and how many calls of a `for_each`: the first that fits."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What a person is asked about.

    Attributes:
        query: What the run is for.
        plan: The whole plan.
        concerns: The steps that are asked about, and why.
        calls: By step, the calls that it will make, for those of which they are known.
        begun: Whether other steps of the plan have run.
    """

    query: str
    plan: Plan
    concerns: tuple[Concern, ...]
    calls: Mapping[str, Calls]
    begun: bool

    @property
    def tools(self) -> tuple[Tool, ...]:
        """The tools that are asked about, each once."""
        return tuple({concern.step.tool.qualified: concern.step.tool for concern in self.concerns}.values())

    @property
    def digest(self) -> str:
        """Ties a decision to exactly this: the plan, the steps, their tools as they are defined, and the arguments."""
        about: list[JsonValue] = [
            [c.step.id, c.step.tool.digest, calls_digest(self.calls[c.step.id]) if c.step.id in self.calls else None]
            for c in self.concerns
        ]
        return digest_of({"plan": dict(self.plan.as_json()), "about": about, "begun": self.begun})

    def text(self) -> str:
        """Tell what is asked. Values are cut to keep to `LONGEST_TEXT` bytes; no step is ever left out."""
        texts = (self._text(*room) for room in zip(_LONGEST_VALUES, _CALLS_SHOWN, strict=True))
        fitting = next((text for text in texts if len(text.encode("utf-8", "replace")) <= LONGEST_TEXT), None)
        return fitting or self._names()

    def _text(self, longest: int, most_calls: int) -> str:
        lines = [*self._head()]
        for number, concern in self._numbered():
            lines.append(f"{number}. {named(concern.step)} {concern.why}.")
            lines += [f"   {line}" for line in self._body(concern, longest, most_calls)]
        return "\n".join([*lines, *self._rest()])

    def _names(self) -> str:
        """Name the steps only; the digest still ties the decision to all of it."""
        names = ", ".join(f"{number}. {concern.step.tool.qualified}" for number, concern in self._numbered())
        head = "\n".join(self._head())
        return f"{head}\n{names}\nTheir arguments are too long to be shown here; sha256 {self.digest[:12]}."

    def _head(self) -> Iterator[str]:
        if self.query:
            yield f"Task: {quoted(printable(self.query, _LONGEST_QUERY), _LONGEST_QUERY + 2)}"
        one = len(self.concerns) == 1
        steps = "this step" if one else f"these {len(self.concerns)} steps"
        if self.begun:
            yield f"batonmcp wants to go on with {steps}, whose arguments are known now:"
        else:
            yield f"batonmcp wants to run a plan with {steps}; nothing has run yet:"

    def _numbered(self) -> Iterator[tuple[int, Concern]]:
        numbers = {step.id: number for number, step in enumerate(self.plan.steps, 1)}
        return ((numbers[concern.step.id], concern) for concern in self.concerns)

    def _body(self, concern: Concern, longest: int, most_calls: int) -> Iterator[str]:
        step = concern.step
        if step.when and not self.begun:
            yield f"only if {printable(step.when.source, longest + 40)}"
        calls = self.calls.get(step.id)
        if calls is None:
            if step.for_each:
                yield f"once for each of {printable(step.for_each.source, longest + 40)}"
            yield from written_arguments(step, longest=longest)
            yield "You will be shown its values, once they are known, before it runs."
            return
        made = [arguments for arguments in calls.arguments if not isinstance(arguments, Failed)]
        if calls.per_item:
            yield f"{len(made)} calls:" if len(made) != 1 else "1 call:"
        for arguments in made[:most_calls]:
            shown = list(arguments_of(step, arguments, longest=longest))
            if calls.per_item:
                yield f"- {', '.join(shown)}"
            else:
                yield from shown or ["without arguments"]
        if len(made) > most_calls:
            yield f"- and {len(made) - most_calls} more, all together sha256 {calls_digest(calls)[:12]}"

    def _rest(self) -> Iterator[str]:
        asked = {concern.step.id for concern in self.concerns}
        others = len(self.plan.steps) - len(asked)
        if others and not self.begun:
            yield (
                "The other step of the plan needs no decision."
                if others == 1
                else (f"The other {others} steps of the plan need no decision.")
            )


Decide: TypeAlias = Callable[[Approval], Awaitable[Ruling]]
"""Has a person decide."""


def calls_digest(calls: Calls) -> str:
    """Return a digest of what a step will be called with."""
    made: Sequence[JsonValue] = [
        None if isinstance(arguments, Failed) else cast("JsonValue", arguments) for arguments in calls.arguments
    ]
    return digest_of(list(made))
