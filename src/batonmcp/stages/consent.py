"""What of a plan may run: as the policy says, and as a person decides."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import anyio
from pydantic import JsonValue

from batonmcp.core.approval import Approval, Approved, Decide, Refused, Ruling, Undecided, calls_digest
from batonmcp.core.events import ApprovalAsked, ApprovalGiven, Emit, RunFinished
from batonmcp.core.explain import explain
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, Skipped
from batonmcp.core.plan import Plan, Step
from batonmcp.core.policy import Concern, Judgement, Policy, judge
from batonmcp.core.prepare import Calls, foreseen
from batonmcp.stages.ports import Trust

__all__ = ["Consent", "judged", "told"]

_GATHERING: Final = 0.05
"""Seconds in which further steps may join a question."""

_NOTHING: Final = "Nothing was run"
_TOO_MUCH: Final = Refused(
    because="its steps and their arguments are more than fit into one question to a person; split the task"
)


async def judged(plan: Plan, policy: Policy, trust: Trust) -> Judgement:
    """Judge a plan, tools that are trusted for good included."""
    judgement = judge(plan, policy)
    if not judgement.asked:
        return judgement
    return judge(plan, policy, await trust.of([concern.step.tool for concern in judgement.asked]))


def told(concerns: Sequence[Concern]) -> str:
    """Say why steps may not run just so, a line a step."""
    return "\n".join(
        f"- {concern.step.tool.qualified} (step `{concern.step.id}`) {concern.why}." for concern in concerns
    )


@dataclass(slots=True, eq=False)
class _Waiting:
    """A step whose arguments are known now and have to be shown."""

    concern: Concern
    calls: Calls
    ruling: Ruling | None = None


@dataclass(slots=True, kw_only=True, eq=False)
class Consent:
    """The consent to one plan.

    A decision holds for the steps and arguments that were shown, and for nothing else: arguments that hang on other
    steps' results are shown when they are known. `ahead`: whether reads began before the plan was whole; `nothing` ends
    them, and says that nothing was run, or what had begun all the same.
    """

    plan: Plan
    query: str
    inputs: Mapping[str, JsonValue]
    policy: Policy
    trust: Trust
    decide: Decide
    limits: Limits
    emit: Emit
    ahead: bool = False
    nothing: Callable[[], str] = lambda: _NOTHING
    _asked: dict[str, Concern] = field(default_factory=dict[str, Concern], init=False)
    _shown: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _waiting: list[_Waiting] = field(default_factory=list[_Waiting], init=False)
    _turn: anyio.Lock = field(default_factory=anyio.Lock, init=False)

    @property
    def is_partial(self) -> bool:
        """Whether there are steps that may run only as they were shown."""
        return bool(self._asked)

    async def obtain(self) -> RunFinished | None:
        """Have the plan judged and, where need be, decided about, before anything runs. None: it may run."""
        judgement = await judged(self.plan, self.policy, self.trust)
        if judgement.denied:
            return RunFinished(status="refused", answer=_denied(judgement, self.plan, self.nothing()))
        if not judgement.asked:
            return None
        self._asked = {concern.step.id: concern for concern in judgement.asked}
        known = {name: foreseen(concern.step, self.inputs, limits=self.limits) for name, concern in self._asked.items()}
        calls = {name: made for name, made in known.items() if made}
        idle = {name for name, made in calls.items() if not _calls_something(made)}
        shown = tuple(concern for concern in judgement.asked if concern.step.id not in idle)
        if not shown:
            return None
        match await self._ruling(self._approval(shown, calls, begun=False)):
            case Approved():
                self._shown = {name: calls_digest(made) for name, made in calls.items()}
                return None
            case Refused(because=because):
                answer = f"{self.nothing()} because {because}. The plan was:\n{explain(self.plan)}"
                return RunFinished(status="refused", answer=answer)
            case Undecided(cure=cure):
                answer = _required(judgement, self.plan, self.nothing(), cure)
                return RunFinished(status="approval_required", answer=answer)

    async def admit(self, step: Step, calls: Calls) -> Skipped | None:
        """Let a step make its calls, if they are what was decided about; otherwise have them decided about now."""
        if step.id not in self._asked or self._shown.get(step.id) == calls_digest(calls):
            return None
        if not _calls_something(calls):
            return None
        waiting = _Waiting(self._asked[step.id], calls)
        self._waiting.append(waiting)
        async with self._turn:
            while self._is_asked(waiting):  # one question may not have room for it
                await anyio.sleep(_GATHERING)
                await self._rule()
        match waiting.ruling:
            case Refused(because=because):
                return Skipped(because=f"{because} (asked with its arguments)", by_failure=True)
            case Undecided():
                return Skipped(because="nobody could be asked about its arguments", by_failure=True)
            case Approved() | None:
                return None

    async def _rule(self) -> None:
        """Have everything that waits decided about in one question, or as much of it as one can show."""
        self._waiting = [waiting for waiting in self._waiting if self._is_asked(waiting)]
        order = {step.id: place for place, step in enumerate(self.plan.steps)}  # the same question, however they came
        batch = sorted(self._waiting, key=lambda waiting: order[waiting.concern.step.id])
        approval = self._approval_of(batch)
        while len(batch) > 1 and not approval.fits:
            batch = batch[:-1]
            approval = self._approval_of(batch)
        ruling = await self._ruling(approval)
        for waiting in batch:
            waiting.ruling = ruling

    def _approval_of(self, batch: Sequence[_Waiting]) -> Approval:
        calls = {waiting.concern.step.id: waiting.calls for waiting in batch}
        return self._approval(tuple(waiting.concern for waiting in batch), calls, begun=True)

    def _approval(self, concerns: tuple[Concern, ...], calls: Mapping[str, Calls], *, begun: bool) -> Approval:
        return Approval(
            query=self.query,
            plan=self.plan,
            concerns=concerns,
            calls=calls,
            begun=begun,
            ahead=self.ahead,
        )

    async def _ruling(self, approval: Approval) -> Ruling:
        if not approval.fits:
            return _TOO_MUCH
        tools = [tool.qualified for tool in approval.tools]
        self.emit(ApprovalAsked(tools=tools, begun=approval.begun))
        ruling = await self.decide(approval)
        self.emit(ApprovalGiven(tools=tools, ruling=ruling))
        if isinstance(ruling, Approved) and ruling.always:
            await self.trust.add(approval.tools)
            self._asked = {
                name: concern for name, concern in self._asked.items() if concern.step.tool.qualified not in tools
            }
        return ruling

    def _is_asked(self, waiting: _Waiting) -> bool:
        """Whether nobody has decided about it yet, nor trusted its tool since it began to wait."""
        return waiting.ruling is None and waiting.concern.step.id in self._asked


def _calls_something(calls: Calls) -> bool:
    """Whether there is anything to call with: otherwise there is nothing to decide about."""
    return not all(isinstance(arguments, Failed) for arguments in calls.arguments)


def _denied(judgement: Judgement, plan: Plan, nothing: str) -> str:
    return f"{nothing}, because the policy does not allow it:\n{told(judgement.denied)}\nThe plan was:\n{explain(plan)}"


def _required(judgement: Judgement, plan: Plan, nothing: str, cure: str) -> str:
    return (
        f"{nothing}: a person decides about these steps.\n{told(judgement.asked)}\n"
        f"The plan is:\n{explain(plan)}\n"
        f"{cure or 'On a terminal, `batonmcp ask` shows the plan and asks.'} {_for_good(judgement.asked)}"
    )


def _for_good(asked: Sequence[Concern]) -> str:
    """Say how a tool comes to run without a question."""
    changing = [concern.step.tool for concern in asked if concern.step.tool.effect.kind != "read"]
    if not changing:
        tool = asked[0].step.tool.qualified
        return f'If {tool} may always run so, add it to "allow" in the "policy" of servers.json.'
    tool = changing[0].qualified
    return (
        f'If {tool} only reads, write {{"{tool}": "read"}} under "effects" in the "batonmcp" part of servers.json; '
        "`batonmcp tools --review` does that for you."
    )
