"""The errors: what they say, and what programs can read from them."""

import pytest

from batonmcp.core.errors import (
    BatonError,
    ConfigError,
    ErrorInfo,
    ExpressionError,
    ExpressionFailed,
    ExpressionInvalid,
    LlmError,
    PlanInvalid,
    Problem,
)


def test_str_joins_sentence_and_cure() -> None:
    """A person reads what is wrong and what to change as one text."""
    error = BatonError(kind="timeout", message="It took too long.", cure="Try again.")
    assert str(error) == str(error.info) == "It took too long. Try again."
    assert error.info == ErrorInfo(kind="timeout", message="It took too long.", cure="Try again.")


def test_str_without_a_cure_is_the_sentence() -> None:
    """Where nothing can be done, nothing is added, not even a space."""
    assert str(ErrorInfo(kind="timeout", message="It took too long.")) == "It took too long."
    assert str(Problem(path="steps", message="is empty.")) == "steps: is empty."


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConfigError(place="servers.json", message="is no JSON."), "config"),
        (ExpressionInvalid(source="a b", message="it cannot be read."), "expression_invalid"),
        (ExpressionFailed(source="a.b", message="`a` has no key 'b'."), "expression_failed"),
        (PlanInvalid([Problem(path="steps", message="is empty.")]), "plan_invalid"),
        (LlmError(kind="llm_unreachable", message="No answer."), "llm_unreachable"),
    ],
)
def test_every_error_is_a_baton_error_of_its_kind(error: BatonError, kind: str) -> None:
    """One `except BatonError` catches them all, and `kind` tells programs which it is."""
    assert isinstance(error, BatonError)
    assert error.info.kind == kind


def test_config_error_names_its_place() -> None:
    """The sentence begins with the file and the path in it, which are also there as a field."""
    error = ConfigError(place="servers.json: mcpServers.time", message="has no command.", cure="Add one.")
    assert error.place == "servers.json: mcpServers.time"
    assert str(error) == "servers.json: mcpServers.time: has no command. Add one."


def test_expression_error_shows_the_source() -> None:
    """The sentence quotes the expression, the field holds the whole of it."""
    error = ExpressionFailed(source="a.b", message="`a` has no key 'b'.")
    assert isinstance(error, ExpressionError)
    assert str(error) == "in `a.b`: `a` has no key 'b'."
    assert error.source == "a.b"


def test_expression_error_cuts_a_long_source_in_its_sentence() -> None:
    """An expression of 4 KB does not drown the sentence, but is kept."""
    source = "a + " * 1000
    error = ExpressionInvalid(source=source, message="it cannot be read.")
    assert len(str(error)) < 200
    assert "…`: it cannot be read." in str(error)
    assert error.source == source


def test_plan_invalid_lists_every_problem() -> None:
    """All problems are in the sentence, a line each with path and cure, and in the field."""
    problems = [
        Problem(path="steps[0].tool", message="there is no tool 'x'.", cure="Nearest: a__x."),
        Problem(path="steps[1].when", message="'b' is a later step."),
    ]
    error = PlanInvalid(problems)
    assert error.problems == tuple(problems)
    assert str(error).splitlines() == [
        "The plan has 2 problems; nothing was run.",
        "- steps[0].tool: there is no tool 'x'. Nearest: a__x.",
        "- steps[1].when: 'b' is a later step.",
    ]


def test_plan_invalid_counts_one_problem_in_the_singular() -> None:
    """The sentence is correct for one problem too."""
    assert str(PlanInvalid([Problem(path="steps", message="is empty.")])).startswith("The plan has 1 problem;")


def test_plan_invalid_says_what_was_run() -> None:
    """Where something began before the plan was whole, it is not said that nothing was run."""
    error = PlanInvalid([Problem(path="steps", message="is empty.")], ran="nothing was run but a read")
    assert str(error) == "The plan has 1 problem; nothing was run but a read.\n- steps: is empty."
