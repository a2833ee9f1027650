"""Once more: what a model is told, or shown, when its first reply gave no plan that can run.

A run asks its router twice at most, for whatever reason the first reply was of no use: the second is the last.
"""

import json
from dataclasses import dataclass, replace

from pydantic import JsonValue

from batonmcp.core.errors import LlmError, PlanInvalid
from batonmcp.core.events import RunFinished
from batonmcp.core.limits import Limits

__all__ = ["Again", "Miss", "asked_again", "given_up"]

_WORTH_CUTTING = 1_000
"""Tokens of tools: fewer are not what makes a prompt too long."""

_SHORTER = (
    "You were asked this before, and your reply was cut off because it was too long. Make a shorter plan: as few steps "
    "as it takes, short ids, one step with `for_each` in place of steps that are alike, and no words beside it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A reply without a plan that can run.

    Attributes:
        error: What is wrong.
        document: The plan, if there was one.
    """

    error: PlanInvalid | LlmError
    document: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The second question.

    Attributes:
        note: Why it is asked, for the record.
        wrong: What the model is told of its first reply; empty if it gave none.
        limits: Of what it is shown.
    """

    note: str
    wrong: str = ""
    limits: Limits


def asked_again(miss: Miss, limits: Limits, *, shown: int, ran: str) -> Again | None:
    """Return the second question; None where asking again would not help.

    Args:
        miss: What came of the first.
        limits: Of what the model was shown.
        shown: About how many tokens of tools that was.
        ran: What was run all the same.
    """
    match miss.error:
        case PlanInvalid() as error:
            told = PlanInvalid(error.problems, ran=ran)
            note = f"The model's first plan could not run, so it was asked to mend it. {told}"
            return Again(note=note, wrong=_wrong(miss.document, error), limits=limits)
        case LlmError(info=info) if info.kind == "llm_length":
            note = f"The model's first plan was cut off, so it was asked for a shorter one. {info}"
            return Again(note=note, wrong=_SHORTER, limits=limits)
        case LlmError(info=info) if info.kind == "llm_context_length" and shown >= _WORTH_CUTTING:
            note = f"The tools were too long for the model, so it was asked again with a quarter of their room. {info}"
            return Again(note=note, limits=replace(limits, native_tokens=0, catalogue_tokens=shown // 4))
        case _:
            return None


def given_up(miss: Miss, *, ran: str) -> RunFinished:
    """Return the end of a run whose model gave no plan that can run.

    Args:
        miss: What came of it.
        ran: What was run all the same.

    Raises:
        LlmError: It gave none at all.
    """
    info = miss.error.info
    if isinstance(miss.error, PlanInvalid):
        info = PlanInvalid(miss.error.problems, ran=ran).info
        cure = "The model's plan cannot run: ask again, say it more exactly, or use a more capable model."
        return RunFinished(status="failed", answer=None, error=replace(info, cure=cure))
    if info.kind == "llm_length":
        raise LlmError(kind=info.kind, message=f"The plan was cut off. {info.message}", cure=info.cure) from miss.error
    raise miss.error


def _wrong(document: JsonValue, error: PlanInvalid) -> str:
    """Tell a model what was wrong with its plan."""
    problems = "\n".join(f"- {problem}" for problem in error.problems)
    return (
        f"This plan was made and cannot run:\n{json.dumps(document)}\nIts problems:\n{problems}\nMake it anew, mended."
    )
