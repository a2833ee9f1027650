"""The second question to a model: when it is asked, and what it says."""

import pytest

from batonmcp.core.errors import LlmError, PlanInvalid, Problem
from batonmcp.core.limits import Limits
from batonmcp.stages.again import Again, Miss, asked_again, given_up

LIMITS = Limits(steps=7)
INVALID = PlanInvalid([Problem(path="steps[0].tool", message="there is no tool 'b'.", cure="Nearest: a.")])
RAN = "nothing was run but reads (a__x answered)"


def failure(kind: str) -> LlmError:
    """Return an error of an endpoint."""
    return LlmError(kind=kind, message="It went wrong.", cure="Mend it.")


def test_an_invalid_plan_goes_back_with_its_problems() -> None:
    """The model sees what it wrote, and each problem of it."""
    again = asked_again(Miss(error=INVALID, document={"steps": [{"tool": "b"}]}), LIMITS, shown=4_000, ran=RAN)
    assert again is not None
    assert again.limits is LIMITS
    assert '{"steps": [{"tool": "b"}]}' in again.wrong
    assert "- steps[0].tool: there is no tool 'b'. Nearest: a." in again.wrong
    assert "asked to mend it. The plan has 1 problem; nothing was run but reads (a__x answered).\n" in again.note
    assert "reads" not in again.wrong


def test_after_a_cut_reply_a_shorter_plan_is_wanted() -> None:
    """The same tools, and a word about the length."""
    again = asked_again(Miss(error=failure("llm_length")), LIMITS, shown=4_000, ran=RAN)
    assert again is not None
    assert again.limits is LIMITS
    assert "Make a shorter plan" in again.wrong
    assert "It went wrong. Mend it." in again.note


def test_after_too_long_a_prompt_tools_have_a_quarter_of_their_room() -> None:
    """All other limits stay, and the model is told nothing: it has seen nothing."""
    again = asked_again(Miss(error=failure("llm_context_length")), LIMITS, shown=4_000, ran=RAN)
    assert again == Again(
        note=again.note if again else "", limits=Limits(steps=7, native_tokens=0, catalogue_tokens=1_000)
    )


def test_few_tools_are_not_what_is_too_long() -> None:
    """Then nothing is gained by leaving some out."""
    assert asked_again(Miss(error=failure("llm_context_length")), LIMITS, shown=999, ran=RAN) is None


@pytest.mark.parametrize("kind", ["llm_refused", "llm_content_filter", "llm_budget", "llm_timeout", "llm_unreachable"])
def test_otherwise_nothing_is_asked(kind: str) -> None:
    """What the client could not mend, or what would only be said again."""
    assert asked_again(Miss(error=failure(kind)), LIMITS, shown=4_000, ran=RAN) is None


def test_the_end_without_a_plan() -> None:
    """An invalid plan ends the run with its problems; a cut one is said to be one; all else is raised as it is."""
    end = given_up(Miss(error=INVALID), ran=RAN)
    assert (end.status, end.answer) == ("failed", None)
    assert end.error is not None
    assert "use a more capable model" in end.error.cure
    assert end.error.message.startswith(
        "The plan has 1 problem; nothing was run but reads (a__x answered).\n- steps[0]"
    )
    with pytest.raises(LlmError, match=r"^The plan was cut off\. It went wrong\. Mend it\.$") as cut:
        given_up(Miss(error=failure("llm_length")), ran=RAN)
    assert cut.value.info.kind == "llm_length"
    down = failure("llm_unreachable")
    with pytest.raises(LlmError) as raised:
        given_up(Miss(error=down), ran=RAN)
    assert raised.value is down
