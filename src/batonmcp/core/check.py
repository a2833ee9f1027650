"""Validation: a plan as written becomes a `Plan`, or every problem at once."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from graphlib import CycleError, TopologicalSorter

from pydantic import JsonValue

from batonmcp.core.draft import StepDraft, Unreadable, read_result, read_steps
from batonmcp.core.errors import ExpressionInvalid, PlanInvalid, Problem
from batonmcp.core.expression import Expression
from batonmcp.core.ids import INPUTS, PER_ITEM, free_id, is_usable, parse_renamed
from batonmcp.core.limits import Limits, size_of
from batonmcp.core.parts import Parts, join
from batonmcp.core.plan import Plan, Step
from batonmcp.core.registry import Registry
from batonmcp.core.repair import meant_arguments, meant_tool
from batonmcp.core.template import Path, Template
from batonmcp.core.tool import Tool
from batonmcp.core.typed import Document, unselectable
from batonmcp.core.waiting import Earlier

__all__ = ["check"]


def check(document: JsonValue, registry: Registry, *, limits: Limits, by_model: bool) -> Plan:
    """Validate a plan.

    Args:
        document: The plan as JSON; `batonmcp.core.draft.PLAN_FORMAT` tells its form.
        registry: The tools it may use.
        limits: Bounds that it must keep.
        by_model: Whether the router's LLM wrote it; `independent` is then not taken from it.

    Raises:
        PlanInvalid: With every problem that was found.
    """
    drafts, problems = read_steps(document, most=limits.steps)
    result = read_result(document)
    if isinstance(result, Problem):
        problems.append(result)
        result = None
    return _Check(drafts, registry, problems, limits, by_model=by_model).plan(result)


class _Check:
    """One validation: collects problems and notes while it compiles."""

    def __init__(
        self,
        drafts: Sequence[StepDraft | Unreadable],
        registry: Registry,
        problems: list[Problem],
        limits: Limits,
        *,
        by_model: bool,
    ) -> None:
        self._registry = registry
        self._limits = limits
        self._problems = problems
        self._notes: list[str] = []
        self._by_model = by_model
        self._ids = self._name(drafts)
        self._places = {name: place for place, name in reversed([*enumerate(self._ids)])}
        self._renamed = {
            draft.id: new for draft, new in zip(drafts, self._ids, strict=True) if draft.id and draft.id != new
        }
        self._parts = [
            self._compile(index, self._ids[index], draft)
            for index, draft in enumerate(drafts)
            if isinstance(draft, StepDraft)
        ]

    def plan(self, result: str | None) -> Plan:
        """Return the plan with this source of its `result`, or raise what is wrong."""
        cycles = self._find_cycles()
        known: dict[str, Document | None] = {}
        for parts in self._parts:
            self._check_names(parts, reported=cycles.get(parts.id, frozenset()))
            self._check_arguments(parts)
            self._problems.extend(parts.type_problems(known))
            known[parts.id] = parts.value_schema
        if not cycles:
            self._check_depth()
        shaping = None if result is None else self._result(result, known)
        if self._problems:
            raise PlanInvalid(self._problems)
        return Plan(steps=tuple(self._steps()), result=shaping, notes=tuple(self._notes))

    def _result(self, source: str, known: Mapping[str, Document | None]) -> Expression | None:
        """Compile the plan's `result`, which may name every step."""
        try:
            expression = parse_renamed(source, self._renamed)
        except ExpressionInvalid as error:
            self._problem("result", error.info.message, error.info.cure)
            return None
        unknown = expression.names - {*self._ids, INPUTS} if self._ids else ()  # without steps, that is the problem
        for name in sorted(unknown):
            self._problem("result", f"{name!r} is no step.", _names_cure(name, self._ids))
        for message, cure in unselectable(expression, known):
            self._problem("result", message, cure)
        return expression

    def _problem(self, path: str, message: str, cure: str = "") -> None:
        self._problems.append(Problem(path=path, message=message, cure=cure))

    def _name(self, drafts: Sequence[StepDraft | Unreadable]) -> list[str]:
        """Give every step an id that expressions can hold, and report ids that stand twice."""
        first: dict[str, int] = {}
        for index, draft in enumerate(drafts):
            if draft.id and first.setdefault(draft.id, index) != index:
                message = f"{draft.id!r} is the id of steps[{first[draft.id]}] too."
                self._problem(f"steps[{index}].id", message, "Give each step its own.")
        taken = {name for name in first if is_usable(name)}
        ids: list[str] = []
        for index, draft in enumerate(drafts):
            given = draft.id
            new = given if given and is_usable(given) else free_id(given or f"s{index + 1}", taken)
            if given and new != given:
                self._notes.append(f"The step id {given!r} became {new!r}, so that expressions can name it.")
            taken.add(new)
            ids.append(new)
        return ids

    def _tool(self, draft: StepDraft, path: str) -> Tool | None:
        """Look a tool up, by what was plainly meant if not by its name."""
        tool = self._registry.tools.get(draft.tool)
        if tool is None and (tool := meant_tool(draft.tool, self._registry)):
            self._notes.append(f"{path}.tool: {draft.tool!r} was taken for {tool.qualified!r}.")
        if tool is None:
            self._problem(f"{path}.tool", f"there is no tool {draft.tool!r}.", self._did_you_mean(draft.tool))
        return tool

    def _arguments(self, draft: StepDraft, tool: Tool | None, path: str) -> dict[str, JsonValue]:
        """Return the arguments, scalars in the types that the tool's schema asks for."""
        if tool is None:
            return draft.arguments
        arguments, changes = meant_arguments(draft.arguments, tool.input_schema)
        self._notes.extend(f"{path}.arguments.{change}" for change in changes)
        return arguments

    def _compile(self, index: int, name: str, draft: StepDraft) -> Parts:
        path, renamed = f"steps[{index}]", self._renamed
        tool = self._tool(draft, path)
        after = tuple(renamed.get(name, name) for name in draft.after)
        parts = Parts(index=index, id=name, draft=draft, tool=tool, after=after)

        def expression(source: str, place: str, known: Mapping[str, str] = renamed) -> Expression | None:
            try:
                return parse_renamed(source, known)
            except ExpressionInvalid as error:
                self._problem(place, error.info.message, error.info.cure)
                return None

        beside = {old: new for old, new in renamed.items() if old not in parts.per_item}

        def value(source: str, at: Path) -> Expression | None:
            parts.computed.append(at)
            return expression(source, join(f"{path}.arguments", at), beside)

        parts.arguments = Template.of(self._arguments(draft, tool, path), value)
        parts.when = None if draft.when is None else expression(draft.when, f"{path}.when")
        parts.for_each = None if draft.for_each is None else expression(draft.for_each, f"{path}.for_each")
        if draft.independent and self._by_model:
            self._notes.append(f"`independent` of step {name!r} was passed over: only a host or a person may set it.")
        elif draft.independent and tool and tool.effect.kind == "destructive":
            self._problem(
                f"{path}.independent",
                f"{tool.qualified} is destructive and keeps its place among the calls of its server.",
                "Leave `independent` out.",
            )
        return parts

    def _did_you_mean(self, name: str) -> str:
        near = self._registry.nearest(name)
        if near:
            return f"Nearest: {', '.join(near)}."
        return "No tools are known." if not len(self._registry) else "Use a tool's full name as listed."

    def _find_cycles(self) -> Mapping[str, frozenset[str]]:
        """Report steps that wait for each other and return, for each of them, the ids in its circle."""
        # Of steps with the same id, which is reported, the first counts: it is the one that a later step names.
        graph = {parts.id: parts.data.union(parts.after) for parts in reversed(self._parts)}
        found: dict[str, frozenset[str]] = {}
        while True:
            rest = graph.keys() - found.keys()
            try:
                TopologicalSorter({name: graph[name] & rest for name in graph if name in rest}).prepare()
            except CycleError as error:
                cycle: list[str] = error.args[1]
                self._problem(
                    "steps",
                    f"wait for each other in a circle: {' -> '.join(reversed(cycle))}.",
                    "A step may only use steps that need nothing of it.",
                )
                found.update(dict.fromkeys(cycle, frozenset(cycle)))
            else:
                return found

    def _check_names(self, parts: Parts, reported: frozenset[str]) -> None:
        for place, names in parts.places():
            for name in sorted(names - {INPUTS} - reported):
                self._check_name(name, place, parts)
        for name in sorted(set(parts.after) - reported):
            self._check_name(name, f"{parts.path}.after", parts)

    def _check_depth(self) -> None:
        """Bound the longest chain of steps that wait for each other's data or order."""
        depth: dict[str, int] = {}
        for parts in self._parts:
            depth[parts.id] = 1 + max((depth.get(name, 0) for name in parts.data.union(parts.after)), default=0)
        deepest = max(depth.values(), default=0)
        if deepest > self._limits.depth:
            message = f"wait for each other in a chain of {deepest} steps, {self._limits.depth} are allowed."
            self._problem("steps", message, "Let fewer steps wait for others, or split the task.")

    def _check_name(self, name: str, place: str, parts: Parts) -> None:
        found = self._places.get(name)
        if found is not None and found < parts.index:
            return
        if found is not None:
            self._problem(place, f"{name!r} is a later step.", f"Move it before step {parts.id!r}.")
        elif name in PER_ITEM:
            cure = "Give the step a `for_each`, or name the step that has the value."
            self._problem(place, f"`{name}` exists in the arguments of a for_each step only.", cure)
        else:
            self._problem(place, f"{name!r} is no earlier step.", _names_cure(name, self._ids[: parts.index]))

    def _check_arguments(self, parts: Parts) -> None:
        """Hold the literal part of the arguments against the tool's own schema."""
        if parts.tool is None:
            return
        computed = parts.computed
        for violation in parts.tool.input_schema.violations(parts.arguments.skeleton()):
            at_value = any(violation.path[: len(path)] == path for path in computed)
            around_value = any(path[: len(violation.path)] == violation.path for path in computed)
            unsure = computed and violation.conditional
            if at_value or unsure or (around_value and not violation.about_container):
                continue
            place = join(f"{parts.path}.arguments", violation.path)
            self._problem(place, f"{violation.message}.", f"See the input schema of {parts.tool.qualified}.")
        if size_of(parts.arguments.as_json()) > self._limits.argument_bytes:
            message = f"have more than {self._limits.argument_bytes:,} bytes."
            self._problem(f"{parts.path}.arguments", message, "Pass long text as one of the inputs.")

    def _steps(self) -> Iterable[Step]:
        earlier = Earlier()
        for parts in self._parts:
            tool = parts.tool
            if tool is None:  # reported by _tool: plan() does not come here
                continue
            independent = parts.draft.independent and not self._by_model
            step = Step(
                id=parts.id,
                tool=tool,
                arguments=parts.arguments,
                when=parts.when,
                for_each=parts.for_each,
                after=parts.after,
                on_error=parts.draft.on_error,
                independent=independent,
                waits=earlier.waits(tool, data=parts.data, after=parts.after, independent=independent),
            )
            earlier.add(step)
            yield step


def _names_cure(name: str, earlier: Sequence[str]) -> str:
    near = get_close_matches(name, earlier, n=1)
    if near:
        return f"Did you mean {near[0]!r}?"
    known = [*earlier, INPUTS]
    return f"Known here: {', '.join(known)}."
