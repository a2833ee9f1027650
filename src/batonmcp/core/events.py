"""What happens in a run, as one stream of typed events.

Progress, the run record and the terminal view all read this stream; none of them derives anything the run already
knows. Emitting is synchronous and must not fail.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import JsonValue

from batonmcp.core.approval import Ruling
from batonmcp.core.caller import Progress
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.outcome import Outcome
from batonmcp.core.plan import Plan
from batonmcp.core.reads import ReadStatus

__all__ = [
    "AnswerGrew",
    "ApprovalAsked",
    "ApprovalGiven",
    "Emit",
    "Event",
    "ExecuteStarted",
    "LlmCalled",
    "Noted",
    "PlanReady",
    "PlannerName",
    "ReadsBegun",
    "RouteRecalled",
    "RouteStarted",
    "RunFinished",
    "RunStarted",
    "RunStatus",
    "StepFinished",
    "StepProgressed",
    "StepRetried",
    "StepStarted",
    "SynthesisStarted",
    "TextsEmbedded",
]

PlannerName: TypeAlias = Literal["llm", "host", "lexical", "cache"]
RunStatus: TypeAlias = Literal[
    "ok",
    "partial",
    "failed",
    "no_match",
    "planned",
    "plan_required",
    "approval_required",
    "refused",
    "running",
    "busy",
    "cancelled",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """A run begins."""

    run_id: str
    query: str
    planner: PlannerName


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteStarted:
    """The planner is asked, over this many tools of these agents."""

    tools: int
    agents: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRecalled:
    """The same was asked before, and the plan of then is used again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmCalled:
    """An LLM call ended, with the tokens its endpoint reported, and what they cost where the price is known.

    Attributes:
        stage: What it was for.
        prompt_tokens: What was sent, in all its requests.
        completion_tokens: What came back.
        cached_tokens: Those of the prompt that the endpoint had seen before.
        cost_usd: In US dollars; None where no price is known.
        requests: How many it took, as some are made again in another form.
    """

    stage: Literal["route", "synthesize"]
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost_usd: float | None = None
    requests: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class TextsEmbedded:
    """Definitions of tools, or the query, were embedded so that tools can be ranked; this is no LLM call.

    Attributes:
        texts: How many were; none where it failed.
        tokens: What was sent, as the endpoint counted it.
        cost_usd: In US dollars; None where no price is known.
        requests: How many it took.
    """

    texts: int
    tokens: int
    cost_usd: float | None = None
    requests: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadsBegun:
    """Calls that began before there is a plan, and stand for no step of one: each with its tool, and how far it is.

    It is told anew at each change, until a plan has taken over what it holds of them.
    """

    reads: Sequence[tuple[str, ReadStatus]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReady:
    """There is a valid plan."""

    plan: Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAsked:
    """A person is asked about steps with these tools: before the plan runs, or while it does (`begun`)."""

    tools: Sequence[str]
    begun: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalGiven:
    """What came of it."""

    tools: Sequence[str]
    ruling: Ruling


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecuteStarted:
    """The plan may run, and does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted:
    """A step's tool is called: once, or once for each of several arguments of a `for_each`.

    `at`: when it began, by the run's clock, where that was before the plan was whole; None: now.
    """

    step_id: str
    arguments: Sequence[dict[str, JsonValue]]
    per_item: bool
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgressed:
    """A call of a step tells how far it is."""

    step_id: str
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class StepRetried:
    """A call of a step failed and is made again after a pause in seconds."""

    step_id: str
    error: ErrorInfo
    pause: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished:
    """A step has settled, whether it started or not. `at`: when, where that is told of later; None: now."""

    step_id: str
    outcome: Outcome
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisStarted:
    """The answer is being written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerGrew:
    """More of the answer has been written; `text` is the end of what there is so far."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """Something the record should say.

    Attributes:
        text: As sentences.
        warns: Whether whoever reads the answer has to know it, too.
    """

    text: str
    warns: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished:
    """The run is over; `result` is the value of the plan's own `result`, where it has one."""

    status: RunStatus
    answer: str | None
    error: ErrorInfo | None = None
    result: JsonValue = None


Event: TypeAlias = (
    RunStarted
    | RouteStarted
    | RouteRecalled
    | LlmCalled
    | TextsEmbedded
    | ReadsBegun
    | PlanReady
    | ApprovalAsked
    | ApprovalGiven
    | ExecuteStarted
    | StepStarted
    | StepProgressed
    | StepRetried
    | StepFinished
    | SynthesisStarted
    | AnswerGrew
    | Noted
    | RunFinished
)
Emit: TypeAlias = Callable[[Event], None]
