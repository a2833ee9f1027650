"""The dry run: what a plan would do, who would be asked, and what it would take."""

from collections.abc import Iterator

from batonmcp.core.effect import EffectKind
from batonmcp.core.explain import explain
from batonmcp.core.plan import Plan
from batonmcp.core.policy import Judgement
from batonmcp.stages.consent import told
from batonmcp.stages.fitting import written

__all__ = ["rehearsed"]

_WORST: dict[EffectKind, str] = {
    "read": "it only reads",
    "write": "it may change something",
    "destructive": "it may destroy something",
}


def rehearsed(plan: Plan, judgement: Judgement, *, answers: bool) -> str:
    """Tell what would happen if a plan ran, of which nothing has.

    Args:
        plan: The plan.
        judgement: What the policy makes of it.
        answers: Whether a model would write the answer.
    """
    head = f"Nothing was run. The plan is {plan.mode}: {_class(plan)}."
    return "\n".join([head, explain(plan), *_rest(plan, judgement, answers=answers)])


def _class(plan: Plan) -> str:
    kinds = {step.tool.effect.kind for step in plan.steps}
    return next(words for kind, words in reversed(_WORST.items()) if kind in kinds)


def _rest(plan: Plan, judgement: Judgement, *, answers: bool) -> Iterator[str]:
    if judgement.denied:
        yield f"It would be refused:\n{told(judgement.denied)}"
        return
    if judgement.asked:
        yield f"A person would be asked first:\n{told(judgement.asked)}"
    else:
        yield "Nobody would be asked."
    model = "one call of the model, for the answer" if answers else "no call of a model"
    yield f"It would take {_calls(plan)} and {model}."
    yield f"This is the plan, to be given back if it is to run:\n{written(dict(plan.as_json()))}"


def _calls(plan: Plan) -> str:
    loops = [step.id for step in plan.steps if step.for_each]
    once = len(plan.steps) - len(loops)
    plain = [f"{once} tool call{'' if once == 1 else 's'}"] if once else []
    return ", ".join([*plain, *(f"a tool call for each item of step `{name}`" for name in loops)])
