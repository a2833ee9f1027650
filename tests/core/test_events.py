"""The events of a run."""

from dataclasses import fields, is_dataclass
from typing import get_args

import pytest

from batonmcp.core import events
from batonmcp.core.events import Event, PlannerName, RunFinished, RunStatus, StepStarted

KINDS = get_args(Event)


def test_every_event_of_the_module_is_part_of_the_stream() -> None:
    """Whoever matches over `Event` meets all of them."""
    classes = {thing for name in events.__all__ if is_dataclass(thing := getattr(events, name))}
    assert classes == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_an_event_is_frozen_and_built_by_keyword(kind: type[Event]) -> None:
    """Several readers get the same object, and none can change what another sees."""
    event = kind(**{part.name: None for part in fields(kind)})  # type: ignore[arg-type]
    assert not hasattr(event, "__dict__")
    for part in fields(kind):
        with pytest.raises(AttributeError):
            setattr(event, part.name, 1)
    if fields(kind):
        with pytest.raises(TypeError):
            kind("positional")  # type: ignore[call-arg, misc, arg-type]


def test_a_run_ends_without_an_error_unless_said() -> None:
    """Most runs do."""
    assert RunFinished(status="ok", answer="Yes.").error is None


def test_a_step_tells_all_its_calls() -> None:
    """One for each item of a `for_each`, of which there may be none."""
    assert StepStarted(step_id="a", arguments=(), per_item=True).arguments == ()


def test_statuses_are_those_of_the_run_record() -> None:
    """The words are an outside contract: design §9."""
    assert set(get_args(RunStatus)) == {
        *("ok", "partial", "failed", "cancelled"),
        *("no_match", "planned", "plan_required", "approval_required", "refused", "running", "busy"),
    }
    assert set(get_args(PlannerName)) == {"llm", "host", "lexical", "cache"}
