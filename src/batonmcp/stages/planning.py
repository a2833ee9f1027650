"""The making of a plan: given, remembered, or by a planner; valid in any case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import JsonValue

from batonmcp.core.check import check
from batonmcp.core.errors import BatonError, LlmError, PlanInvalid
from batonmcp.core.events import Emit, Noted, RouteRecalled, RouteStarted, RunFinished
from batonmcp.core.plan import Plan
from batonmcp.core.proposal import NoTool, Routed
from batonmcp.core.registry import Registry
from batonmcp.llm.lexical import plan_lexically
from batonmcp.llm.port import LLM
from batonmcp.stages.again import Again, Miss, asked_again, given_up
from batonmcp.stages.ask_host import ask_for_plan, explain_problems
from batonmcp.stages.early import Early
from batonmcp.stages.menu import menu
from batonmcp.stages.nearest import Nearest
from batonmcp.stages.ports import Ports
from batonmcp.stages.remembering import Remembering
from batonmcp.stages.route import route
from batonmcp.stages.task import Task

__all__ = ["Made", "Planning"]

_MOST_NAMES = 12
_NO_TOOLS: Final = "No server offers any tool."
_NO_SERVERS: Final = 'No server is configured: write some under "mcpServers" in servers.json.'


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A plan that may be judged.

    Attributes:
        plan: The plan.
        notes: What its planner says about it.
        key: Under which it is remembered; None if it is not.
        told: What time it was for the model that made it now; None for a plan that was given or remembered.
    """

    plan: Plan
    notes: Sequence[str] = ()
    key: str | None = None
    told: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planning:
    """The plan of one run.

    Attributes:
        task: What is asked.
        ports: What the run works with.
        llm: The run's model; None if it has none.
        emit: Gets what happens.
        early: Begins what may begin while the model writes.
        nearest: Ranks tools by vectors, where there are too many to show; None: their words alone do.
    """

    task: Task
    ports: Ports
    llm: LLM | None
    emit: Emit
    early: Early
    nearest: Nearest | None = None

    async def made(self) -> Made | RunFinished:
        """Return a valid plan, or the end of the run without one.

        Raises:
            BatonError: A server is named that there is not, or the model gave no usable reply.
        """
        registry = await self._registry()
        if self.task.plan is not None:
            return self._given(registry)
        if not len(registry):
            reason = _NO_TOOLS if registry.agents else _NO_SERVERS
            return _no_match(NoTool(reason=reason), registry, "No tool was run")
        if self.ports.planner == "host":
            return RunFinished(status="plan_required", answer=ask_for_plan(self.task, registry))
        key = self._key(registry)
        if key and (plan := await self._recalled(key, registry)):
            self.emit(RouteRecalled())
            return Made(plan=plan, key=key)
        return await self._routed(registry, key)

    async def settle(self, made: Made, *, well: bool) -> None:
        """Keep a plan that ran well for the next time the same is asked; forget a remembered one that did not."""
        if made.key is None:
            return
        if well and made.told:
            await self._remembering.keep(made.key, made.plan, told=made.told)
        elif not well and made.told is None:
            await self._remembering.forget(made.key)

    async def _registry(self) -> Registry:
        registry = await self.ports.tools.registry(self.task.servers)
        known = [agent.name for agent in registry.agents]
        unknown = [name for name in self.task.servers or () if name not in known]
        if unknown:
            raise BatonError(
                kind="unknown_server",
                message=f"There is no server {unknown[0]!r}.",
                cure=f"Configured are: {', '.join(known) or 'none'}.",
            )
        if self.ports.shapes:
            registry = await self.ports.shapes.over(registry)
        registry = registry if self.task.servers is None else registry.only(self.task.servers)
        for agent in registry.agents:
            if agent.trouble:
                self.emit(Noted(text=agent.trouble))
        return registry

    def _given(self, registry: Registry) -> Made | RunFinished:
        """Return the plan that came with the task, or every problem that it has."""
        try:
            return Made(plan=self._checked(self.task.plan, registry))
        except PlanInvalid as error:
            answer = explain_problems(error, self.task.plan, registry)
            return RunFinished(status="plan_required", answer=answer, error=error.info)

    async def _routed(self, registry: Registry, key: str | None) -> Made | RunFinished:
        """Return the plan of a planner. A model is asked once more where that may help, and never twice."""
        self.emit(RouteStarted(tools=len(registry), agents=[agent.title for agent in registry.agents]))
        made = await self._attempt(registry, key)
        if isinstance(made, Miss) and (again := await self._again(made, registry)):
            self.emit(Noted(text=again.note))
            made = await self._attempt(registry, key, again)
        if isinstance(made, Made):
            return made
        self.early.end()
        if isinstance(made, NoTool):
            return _no_match(made, registry, self.early.nothing_but("No tool was run"))
        return given_up(made, ran=self._ran)

    async def _attempt(self, registry: Registry, key: str | None, again: Again | None = None) -> Made | NoTool | Miss:
        """Return a plan that can run, that there is no tool for it, or what went wrong."""
        now = self.ports.now()
        try:
            routed = await self._proposed(registry, again, now)
        except LlmError as error:
            return Miss(error=error)
        if isinstance(routed, NoTool):
            return routed
        try:
            return Made(plan=self._checked(routed.document, registry), notes=routed.notes, key=key, told=now)
        except PlanInvalid as error:
            return Miss(error=error, document=routed.document)

    async def _again(self, miss: Miss, registry: Registry) -> Again | None:
        """Return the second question; None if it would not help."""
        if not self._has_model:
            return None
        shown = await menu(registry, self.task.query, self.ports.limits, self.nearest)
        return asked_again(miss, self.ports.limits, shown=shown.tokens, ran=self._ran)

    @property
    def _ran(self) -> str:
        return self.early.nothing_but("nothing was run")

    async def _proposed(self, registry: Registry, again: Again | None, now: datetime) -> Routed:
        if self._has_model and self.llm:
            with self.early.beginning(registry) as steps:
                routed = await route(
                    self.llm,
                    self.task,
                    registry,
                    limits=again.limits if again else self.ports.limits,
                    now=now,
                    emit=self.emit,
                    wrong=again.wrong if again else "",
                    steps=steps,
                    nearest=self.nearest,
                )
        else:
            routed = plan_lexically(self.task.query, registry)
        for note in routed.notes:
            self.emit(Noted(text=note))
        return routed

    @property
    def _has_model(self) -> bool:
        return self.ports.planner == "llm" and self.llm is not None

    @property
    def _remembering(self) -> Remembering:
        return Remembering(task=self.task, ports=self.ports)

    def _key(self, registry: Registry) -> str | None:
        """Return the key of what is asked; None where nothing is remembered of it."""
        if self.ports.routes is None or not self._has_model:
            return None
        return self._remembering.key(registry.fingerprint)

    async def _recalled(self, key: str, registry: Registry) -> Plan | None:
        """Return the plan that is remembered, if it still can run."""
        document = await self._remembering.recall(key)
        if document is None:
            return None
        try:
            return self._checked(document, registry)
        except PlanInvalid:
            await self._remembering.forget(key)
            return None

    def _checked(self, document: JsonValue, registry: Registry) -> Plan:
        return check(document, registry, limits=self.ports.limits, by_model=self.task.plan is None)


def _no_match(routed: NoTool, registry: Registry, nothing: str) -> RunFinished:
    """Say that nothing was run, and what there is."""
    lines = [f"{nothing}. {routed.reason}".strip()]
    for agent in registry.agents:
        names = [tool.name for tool in registry if tool.server == agent.name]
        offers = f"{', '.join(names[:_MOST_NAMES])}{', …' if len(names) > _MOST_NAMES else ''}" or "nothing now"
        lines.append(f"- {agent.title} ({agent.name}): {agent.trouble or offers}")
    if len(lines) > 1:
        lines.insert(1, "Available:")
    return RunFinished(status="no_match", answer="\n".join(lines))
