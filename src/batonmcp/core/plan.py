"""A plan: a validated directed acyclic graph of tool calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from pydantic import JsonValue

from batonmcp.core.expression import Expression
from batonmcp.core.template import Template
from batonmcp.core.tool import Tool

__all__ = ["Mode", "OnError", "Plan", "Step", "Wait", "Why"]

Mode: TypeAlias = Literal["single", "parallel", "sequential"]
OnError: TypeAlias = Literal["stop", "continue"]
Why: TypeAlias = Literal["data", "after", "write order"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """That a step starts only once an earlier step has settled, and why.

    Attributes:
        step: Id of the earlier step.
        why: It is named in an expression (`data`), in `after`, or shares a server with a step that may write.
    """

    step: str
    why: Why


@dataclass(frozen=True, kw_only=True)
class Step:
    """One tool call of a plan, or one for each item of a list.

    Attributes:
        id: Unique in its plan; expressions name the step's value by it.
        tool: What is called.
        arguments: The call's arguments, with expressions in them.
        when: The step runs only if this is true.
        for_each: The step runs once for each item of this list, which `arguments` call `item` and `index`.
        after: Ids of steps that it is ordered after although it takes no data from them.
        on_error: Whether its failure skips the steps that depend on it (`stop`) or gives them null (`continue`).
        independent: Whether it keeps no order with the other steps of its server but that of data and `after`.
        waits: Everything it waits for, one entry for each step, in plan order.
    """

    id: str
    tool: Tool
    arguments: Template
    when: Expression | None
    for_each: Expression | None
    after: tuple[str, ...]
    on_error: OnError
    independent: bool
    waits: tuple[Wait, ...]

    @cached_property
    def needs(self) -> frozenset[str]:
        """Names without whose values there is nothing to call with: those of `arguments` and `for_each`."""
        return self.arguments.names | (self.for_each.names if self.for_each else frozenset[str]())

    @cached_property
    def reads(self) -> frozenset[str]:
        """All names that its expressions take values by."""
        return self.needs | (self.when.names if self.when else frozenset[str]())

    def as_json(self) -> dict[str, JsonValue]:
        """Return the step in the plan language."""
        document: dict[str, JsonValue] = {"id": self.id, "tool": self.tool.qualified}
        if self.when:
            document["when"] = self.when.source
        if self.for_each:
            document["for_each"] = self.for_each.source
        document["arguments"] = self.arguments.as_json()
        if self.after:
            document["after"] = list(self.after)
        if self.on_error != "stop":
            document["on_error"] = self.on_error
        if self.independent:
            document["independent"] = True
        return document


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Steps in an order in which each stands after all it waits for. One that exists is valid.

    Attributes:
        steps: At least one.
        result: An expression over all steps that shapes `output: data`.
        notes: What validation changed or passed over, as sentences.
    """

    steps: tuple[Step, ...]
    result: Expression | None = None
    notes: tuple[str, ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, Step]:
        """The steps by id."""
        return {step.id: step for step in self.steps}

    @property
    def mode(self) -> Mode:
        """What the plan looks like: one step, several that need nothing of each other, or some that do."""
        if len(self.steps) == 1:
            return "single"
        needs = any(wait.why != "write order" for step in self.steps for wait in step.waits)
        return "sequential" if needs else "parallel"

    def as_json(self) -> Mapping[str, JsonValue]:
        """Return the plan in the plan language."""
        document: dict[str, JsonValue] = {"steps": [step.as_json() for step in self.steps]}
        return {**document, "result": self.result.source} if self.result else document
