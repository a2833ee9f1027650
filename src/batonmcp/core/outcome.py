"""What became of a step."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from pydantic import JsonValue

from batonmcp.core.attachment import Attachment
from batonmcp.core.errors import ErrorInfo

__all__ = [
    "Again",
    "Cancelled",
    "Failed",
    "ItemOutcome",
    "Outcome",
    "Skipped",
    "StepStatus",
    "Succeeded",
    "attachments_of",
    "status_of",
]

Again: TypeAlias = Literal["never", "if harmless", "always"]
StepStatus: TypeAlias = Literal["pending", "running", "succeeded", "failed", "skipped", "cancelled", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """The call answered.

    Attributes:
        value: The tool's structured content, else its text parsed as JSON, else its text; a list for a `for_each`.
        items: The outcome of each item of a `for_each`.
        attachments: Resources that came along; those of a `for_each` are with its items.
    """

    value: JsonValue
    items: "tuple[ItemOutcome, ...] | None" = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The call failed, or there was nothing to call with.

    Attributes:
        error: What happened.
        unsure: Whether a call that is not read-only may have happened all the same; its status is `unknown`.
        again: Whether the call may be made again: never, if it has no second effect, or always as it never left.
        items: The outcome of each item of a `for_each`; what succeeded is kept.
    """

    error: ErrorInfo
    unsure: bool = False
    again: Again = "never"
    items: "tuple[ItemOutcome, ...] | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """The step was not run.

    Attributes:
        because: The reason, as the end of the sentence "skipped because ...".
        by_failure: Whether a failure is behind it; otherwise its own `when` was false, or that of a step it needs.
    """

    because: str
    by_failure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancelled:
    """The run ended before the step did.

    Attributes:
        because: What ended the run.
        unsure: Whether a call that is not read-only may have happened all the same.
        items: The outcome of each item of a `for_each`; what succeeded is kept.
    """

    because: str
    unsure: bool = False
    items: "tuple[ItemOutcome, ...] | None" = None


Outcome: TypeAlias = Succeeded | Failed | Skipped | Cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemOutcome:
    """What became of one item of a `for_each`."""

    arguments: dict[str, JsonValue]
    outcome: Succeeded | Failed | Cancelled


def attachments_of(outcome: Outcome) -> tuple[Attachment, ...]:
    """Return the resources that came along with a step, those of its items included."""
    own = outcome.attachments if isinstance(outcome, Succeeded) else ()
    items = () if isinstance(outcome, Skipped) else outcome.items or ()
    return own + tuple(attachment for item in items for attachment in attachments_of(item.outcome))


def status_of(outcome: Outcome) -> StepStatus:
    """Return the word that run records use for an outcome."""
    match outcome:
        case Succeeded():
            return "succeeded"
        case Skipped():
            return "skipped"
        case Failed(unsure=True) | Cancelled(unsure=True):
            return "unknown"
        case Failed():
            return "failed"
        case Cancelled():
            return "cancelled"
