"""The LLM port: what its records guarantee."""

from dataclasses import FrozenInstanceError

import pytest

from batonmcp.llm.port import FunctionCall, Reply, Request, Tokens


def test_defaults_are_nothing() -> None:
    """A reply that says no more is a text without calls, of no tokens; a request that says no more offers nothing."""
    assert Reply(text="hi") == Reply(text="hi", calls=(), tokens=Tokens(prompt=0, completion=0, cached=0))
    assert not Request(stage="route", system="s", user="u", temperature=0).functions


def test_records_are_frozen_and_compare_by_value() -> None:
    """Two replies that say the same are equal, and none can be changed after it was made."""
    reply = Reply(text="", calls=(FunctionCall(name="a__x", arguments={"n": 1}),))
    assert reply == Reply(text="", calls=(FunctionCall(name="a__x", arguments={"n": 1}),))
    assert reply != Reply(text="", calls=(FunctionCall(name="a__x", arguments={"n": 2}),))
    with pytest.raises(FrozenInstanceError):
        reply.text = "other"  # pyright: ignore[reportAttributeAccessIssue]
