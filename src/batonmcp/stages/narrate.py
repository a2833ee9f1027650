"""The narration of a run: a short line for each event worth telling."""

from collections.abc import Sequence

from batonmcp.core.approval import Approved, Refused, Undecided
from batonmcp.core.caller import Progress
from batonmcp.core.events import (
    AnswerGrew,
    ApprovalAsked,
    ApprovalGiven,
    Event,
    ExecuteStarted,
    LlmCalled,
    Noted,
    PlanReady,
    ReadsBegun,
    RouteRecalled,
    RouteStarted,
    RunFinished,
    RunStarted,
    StepFinished,
    StepProgressed,
    StepRetried,
    StepStarted,
    SynthesisStarted,
    TextsEmbedded,
)
from batonmcp.core.outcome import status_of
from batonmcp.core.printable import printable
from batonmcp.core.reads import reads_in_words

__all__ = ["Narrator"]

_MOST_NAMES = 6
_LONGEST_NAME = 60
_LONGEST_WORDS = 80
_MOST_FIGURES = 1e12


class Narrator:
    """Tells what happens, for whoever waits: a host's progress display or a terminal.

    Attributes:
        done: How many of the run's parts are over; never goes back.
        total: How many there are, as far as is known: routing, each step, and the answer.
    """

    def __init__(self) -> None:
        self.done = 0
        self.total: int | None = None
        self._names: dict[str, str] = {}
        self._running: dict[str, str] = {}
        self._said = "Starting"

    @property
    def now(self) -> str:
        """What goes on at this moment: the steps that run, else what was told last."""
        match list(self._running.values()):
            case []:
                return self._said
            case [line]:
                return line
            case _:
                return f"Running: {_listed([self._names[step_id] for step_id in self._running])}"

    def tell(self, event: Event) -> str | None:
        """Return a line about an event, None if there is nothing to say."""
        line = self._line(event)
        if line and isinstance(event, StepStarted | StepProgressed | StepRetried):
            self._running[event.step_id] = line
        elif isinstance(event, StepFinished):
            self._running.pop(event.step_id, None)
        self._said = line or self._said
        return line

    def _line(self, event: Event) -> str | None:  # noqa: C901, PLR0911 - a case an event
        match event:
            case RouteStarted(tools=tools, agents=agents):
                names = [printable(agent, _LONGEST_NAME) for agent in agents]
                return f"Choosing among {_count(tools, 'tool')} of {_listed(names)}"
            case ReadsBegun(reads=reads):
                return None if self.total else f"Begun while the plan is being written: {reads_in_words(reads)}"
            case PlanReady(plan=plan):
                self.total = len(plan.steps) + 2
                self.done += 1
                several = len(plan.steps) > 1
                self._names = {
                    step.id: f"{step.tool.qualified} (step {step.id})" if several else step.tool.qualified
                    for step in plan.steps
                }
                return f"{plan.mode.capitalize()}: {', '.join(step.tool.qualified for step in plan.steps)}"
            case ApprovalAsked() | ApprovalGiven():
                return _decision(event)
            case StepStarted(step_id=step_id, arguments=arguments, per_item=per_item):
                times = f" ({_count(len(arguments), 'call')})" if per_item else ""
                return f"{self._names[step_id]}: running{times}"
            case StepProgressed(step_id=step_id, progress=progress):
                return f"{self._names[step_id]}: {_how_far(progress)}"
            case StepRetried(step_id=step_id):
                return f"{self._names[step_id]}: trying again"
            case StepFinished(step_id=step_id, outcome=outcome):
                self.done += 1
                return f"{self._names[step_id]}: {status_of(outcome)}"
            case SynthesisStarted():
                return "Writing the answer"
            case AnswerGrew(text=text):
                return f"Writing the answer: …{_last_words(text)}"
            case RunStarted() | RouteRecalled() | LlmCalled() | TextsEmbedded():
                return None
            case ExecuteStarted() | Noted() | RunFinished():
                return None


def _decision(event: ApprovalAsked | ApprovalGiven) -> str:
    tools = _listed(event.tools)
    if isinstance(event, ApprovalAsked):
        return f"Waiting for a decision about {tools}"
    match event.ruling:
        case Approved():
            return f"{tools}: allowed"
        case Refused():
            return f"{tools}: refused"
        case Undecided():
            return f"{tools}: not decided"


def _last_words(text: str) -> str:
    """Return the end of a text, from where a word begins."""
    shown = printable(text[-_LONGEST_WORDS:], _LONGEST_WORDS)
    return shown.partition(" ")[2] or shown if len(text) > _LONGEST_WORDS else shown


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")


def _how_far(progress: Progress) -> str:
    parts = _figure(progress.done) + (f" of {_figure(progress.total)}" if progress.total is not None else "")
    return f"{parts}, {progress.message}" if progress.message else parts


def _figure(number: float) -> str:
    return f"{number:,.0f}" if float(number).is_integer() and number < _MOST_FIGURES else f"{number:.3g}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
