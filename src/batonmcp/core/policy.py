"""What may run, what a person decides about first, and what may not run at all."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal, TypeAlias

from batonmcp.core.plan import Plan, Step

__all__ = ["Concern", "Judgement", "Policy", "Profile", "WithoutElicitation", "judge", "sources"]

Profile: TypeAlias = Literal["read_only", "ask", "always", "never"]
WithoutElicitation: TypeAlias = Literal["cli", "host", "refuse"]

_NOT_DECLARED: Final = {"declared": "as its server declares", "guessed": "by its name, as its server does not say"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The policy of a process: `policy` in servers.json.

    Attributes:
        profile: `ask`: a person decides about steps that may change something, and about those that carry data of one
            server to another that reaches further. `read_only`: what may change something does not run at all.
            `always`: a person decides about every step. `never`: nobody is asked.
        allow: Globs over qualified names of tools that need no decision.
        deny: Globs over those that never run, whatever else is said; also where a tool goes by an alias.
        without_elicitation: Where a host cannot ask: a person decides on a terminal (`cli`), the host carries a token
            that stands for its user's word (`host`), or it is refused (`refuse`).
    """

    profile: Profile = "ask"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    without_elicitation: WithoutElicitation = "cli"

    @property
    def asks_about_everything(self) -> bool:
        """Whether no step runs without a decision."""
        return self.profile == "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """A step that may not run just so; `why` ends a sentence that begins with its tool."""

    step: Step
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A plan, judged as a whole before anything of it runs.

    Attributes:
        denied: Steps that may not run at all. If there is one, nothing of the plan runs.
        asked: Steps that a person decides about.
    """

    denied: tuple[Concern, ...] = ()
    asked: tuple[Concern, ...] = ()


def judge(plan: Plan, policy: Policy, trusted: Collection[str] = ()) -> Judgement:
    """Judge a plan.

    Args:
        plan: What would run.
        policy: What may.
        trusted: Qualified names of tools that a person has allowed for good, as they are defined now.
    """
    foreign = sources(plan)
    denied: list[Concern] = []
    asked: list[Concern] = []
    for step in plan.steps:
        if why := _denied(step, policy):
            denied.append(Concern(step=step, why=why))
        elif step.tool.qualified not in trusted and (why := _asked(step, policy, foreign[step.id])):
            asked.append(Concern(step=step, why=why))
    return Judgement(denied=tuple(denied), asked=tuple(asked))


def sources(plan: Plan) -> Mapping[str, frozenset[str]]:
    """Return, by step, the other servers whose data may reach it through arguments, over any number of steps.

    A condition passes no data on: it tells a server no more than that it is called.
    """
    reaching: dict[str, frozenset[str]] = {}
    for step in plan.steps:
        before = [plan.by_id[name] for name in step.needs if name in plan.by_id]
        through = frozenset[str]().union(*(reaching[earlier.id] for earlier in before))
        reaching[step.id] = through | {earlier.tool.server for earlier in before}
    return {step.id: reaching[step.id] - {step.tool.server} for step in plan.steps}


def _denied(step: Step, policy: Policy) -> str | None:
    if _matches(step, policy.deny) or _matches_plainly(step, policy.deny):
        return 'is under "deny" in the "policy" of servers.json'
    if policy.profile == "read_only" and step.tool.effect.kind != "read":
        return f"{_may(step)}, and only tools that read may run here (profile read_only)"
    return None


def _asked(step: Step, policy: Policy, foreign: Collection[str]) -> str | None:
    if _matches(step, policy.allow):
        return None
    match policy.profile:
        case "never":
            return None
        case "always":
            return "runs only as a person decides, like every step here (profile always)"
        case "ask" | "read_only":
            if step.tool.effect.kind != "read":
                return _may(step)
            if step.tool.effect.open_world and foreign:
                return f"reaches beyond its own server with data of {' and '.join(sorted(foreign))}"
            return None


def _may(step: Step) -> str:
    """Say what a tool may do, and how that is known."""
    does = "may destroy something" if step.tool.effect.kind == "destructive" else "may change something"
    known = _NOT_DECLARED.get(step.tool.effect.source, 'by "effects" in servers.json')
    return f"{does} ({known})"


def _matches(step: Step, globs: Sequence[str]) -> bool:
    return any(fnmatchcase(step.tool.qualified, glob) for glob in globs)


def _matches_plainly(step: Step, globs: Sequence[str]) -> bool:
    """Whether globs match what a tool would be called if its names were plain ones: an alias must not let it slip."""
    return any(fnmatchcase(f"{step.tool.server}__{step.tool.name}", glob) for glob in globs)
