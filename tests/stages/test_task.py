"""The task: what may be asked."""

import pytest
from pydantic import JsonValue

from batonmcp.core.errors import BatonError
from batonmcp.core.limits import Limits
from batonmcp.stages.task import Task

LIMITS = Limits(query_bytes=10)


@pytest.mark.parametrize("size", [1, 9, 10])
def test_a_query_up_to_the_limit_is_taken(size: int) -> None:
    """A query of at most as many bytes as allowed is taken as it is."""
    assert Task(query="x" * size).checked(LIMITS).query == "x" * size


@pytest.mark.parametrize("query", ["x" * 11, "ä" * 6, "\ud800" * 4], ids=["ASCII", "two bytes each", "surrogates"])
def test_a_longer_query_is_refused(query: str) -> None:
    """A query with more bytes is refused, with both numbers and what to do instead."""
    with pytest.raises(BatonError, match=r"1\d bytes, at most 10 are allowed. Pass long text as one of the inputs"):
        Task(query=query).checked(LIMITS)


def test_white_space_around_a_query_goes() -> None:
    """The query is trimmed; everything else stays."""
    task = Task(query="  how?\n", inputs={"a": 1}, servers=("s",), output="data", plan={"steps": []})
    assert task.checked(LIMITS) == Task(
        query="how?", inputs={"a": 1}, servers=("s",), output="data", plan={"steps": []}
    )


@pytest.mark.parametrize("query", ["", "  ", "\n\t"], ids=["nothing", "blanks", "other white space"])
def test_an_empty_query_is_refused_without_a_plan(query: str) -> None:
    """Without a plan something must be asked."""
    with pytest.raises(BatonError, match=r"The query is empty. Say the complete task") as error:
        Task(query=query).checked(LIMITS)
    assert error.value.info.kind == "bad_arguments"


@pytest.mark.parametrize("plan", [{"steps": []}, {}, [], "no plan"], ids=["plan", "object", "list", "text"])
def test_a_plan_needs_no_query(plan: JsonValue) -> None:
    """With a plan, right or wrong, the query may be empty; the plan is judged later, with the tools at hand."""
    assert Task(query=" ", plan=plan).checked(LIMITS).query == ""
