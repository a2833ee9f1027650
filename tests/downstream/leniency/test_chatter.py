"""The notifications of a server."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp_types import JSONRPCNotification

from batonmcp.downstream.leniency.chatter import LIST_CHANGED, Chatter
from batonmcp.downstream.leniency.notes import Notes


class Clock:
    """A clock that stands still until it is told."""

    now = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def notification(method: str, **params: Any) -> JSONRPCNotification:  # noqa: ANN401 - JSON
    """Return a notification."""
    return JSONRPCNotification(jsonrpc="2.0", method=f"notifications/{method}", params=params)


@pytest.mark.parametrize(("method", "most"), [("message", 10), ("progress", 50), ("resources/updated", 100)])
def test_so_many_in_a_second(method: str, most: int) -> None:
    """What is more is dropped and counted; in the next second it goes on."""
    clock, notes = Clock(), Notes()
    chatter = Chatter(notes, clock, {1})
    params = {"progressToken": 1, "progress": 1}
    assert sum(chatter.passes(notification(method, **params)) for _ in range(500)) == most
    assert f"{500 - most} times" in notes.dropped[0]
    clock.now = 1.0
    assert chatter.passes(notification(method, **params))


@pytest.mark.parametrize("method", [LIST_CHANGED.removeprefix("notifications/"), "cancelled"])
def test_some_are_never_too_much(method: str) -> None:
    """What answers, or is thinned out elsewhere, goes through."""
    chatter = Chatter(Notes(), Clock(), ())
    assert all(chatter.passes(notification(method)) for _ in range(1_000))


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"progressToken": 2, "progress": 1},
        {"progressToken": True, "progress": 1},
        {"progressToken": [], "progress": 1},
        {"progressToken": 1},
        {"progressToken": 1, "progress": "much"},
        {"progressToken": 1, "progress": -1},
        {"progressToken": 1, "progress": math.nan},
        {"progressToken": 1, "progress": math.inf},
        {"progressToken": 1, "progress": True},
    ],
)
def test_progress_that_is_none_is_dropped(params: dict[str, Any]) -> None:
    """Of a call that nobody waits for, or without an amount."""
    notes = Notes()
    assert not Chatter(notes, Clock(), {1}).passes(notification("progress", **params))
    assert notes.dropped


@given(
    st.none() | st.booleans() | st.floats() | st.text(),
    st.none() | st.integers() | st.text() | st.just("x\x1b\u202e" * 10_000),
)
def test_progress_is_put_right(total: object, message: object) -> None:
    """A total that is none is left out; a message is short and plain."""
    told = notification("progress", progressToken=1, progress=0.5, total=total, message=message)
    assert Chatter(Notes(), Clock(), {1}).passes(told)
    params = told.params or {}
    assert math.isfinite(params.get("total", 0))
    words = params.get("message", "")
    assert len(words) <= 1_000
    assert "\x1b" not in words
