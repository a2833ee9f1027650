"""Calls where the published format has them, or near it."""

from typing import Any

import pytest

from batonmcp.llm.port import FunctionCall
from batonmcp.llm.reply.calls import read_calls
from batonmcp.llm.reply.unusable import Unusable
from batonmcp.llm.reply.written import Offered

OFFERED = Offered(names={"a__x"})
ENTRY: dict[str, Any] = {"id": "1", "type": "function", "function": {"name": "a__x", "arguments": '{"n": 1}'}}


@pytest.mark.parametrize(
    "message",
    [
        {"tool_calls": [ENTRY]},
        {"tool_calls": ENTRY},
        {"tool_calls": [ENTRY, ENTRY]},
        {"function_call": {"name": "a__x", "arguments": '{"n": 1}'}},
        {"tool_calls": [{"name": "functions.a__x", "parameters": {"n": 1}}]},
        {"content": [{"type": "text", "text": "so"}, {"type": "tool_use", "name": "a__x", "input": {"n": 1}}]},
    ],
)
def test_call_in_every_place_seen(message: dict[str, Any]) -> None:
    """A list, a single entry, the old field, and other makers' parts mean one call; one that is repeated is one."""
    assert read_calls(message, OFFERED, "llm.test") == (FunctionCall(name="a__x", arguments={"n": 1}),)


def test_equal_calls_without_ids_are_two() -> None:
    """Only the same id tells that a call is the same: without one, each is meant."""
    bare = {"function": ENTRY["function"]}
    other = {**ENTRY, "id": "2"}
    assert len(read_calls({"tool_calls": [bare, bare]}, OFFERED, "llm.test")) == 2
    assert len(read_calls({"tool_calls": [ENTRY, other]}, OFFERED, "llm.test")) == 2


def test_calls_are_bounded() -> None:
    """A list of ever more calls ends at a number that no plan has."""
    many = [{"id": str(number), "name": "a__x"} for number in range(100_000)]
    assert len(read_calls({"tool_calls": many}, OFFERED, "llm.test")) == 256


def test_unknown_name_is_kept() -> None:
    """A name that was not offered stands: whoever checks plans knows the nearest ones."""
    assert read_calls({"tool_calls": [{"name": "a__z"}]}, OFFERED, "e") == (FunctionCall(name="a__z", arguments={}),)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"function": {"name": "", "arguments": "{}"}}, "a tool call without a name"),
        ({"name": "a__x", "arguments": [1]}, "a call of a__x whose arguments are no object"),
        ({"name": "a__x", "arguments": '{"n": '}, "called a__x with arguments that are not JSON: '{\"n\":'"),
    ],
)
def test_call_that_cannot_be_read(entry: dict[str, Any], said: str) -> None:
    """What is wrong with a call is told, and that asking again may help."""
    with pytest.raises(Unusable) as caught:
        read_calls({"tool_calls": [entry]}, OFFERED, "llm.test")
    assert said in caught.value.info.message
    assert caught.value.again


@pytest.mark.parametrize(
    "calls",
    [
        [{"function": {"name": "", "arguments": ""}}, {"function": {"name": "a__x", "arguments": '{"n": 1}'}}],
        '[{"function": {"name": "a__x", "arguments": {"n": 1}}}]',
        [{"function": {"name": "a__x"}, "arguments": '{"n": 1}'}],
        [{"function": {"name": "a__x", "arguments": 'json{"n": 1}'}}],
        [{"function": {"name": "a__x", "arguments": '<|constrain|>json<|message|>{"n": 1}<|call|>'}}],
        [
            {
                "function": {
                    "name": "multi_tool_use.parallel",
                    "arguments": '{"tool_uses": [{"recipient_name": "functions.a__x", "parameters": {"n": 1}}]}',
                }
            }
        ],
    ],
    ids=["nothing beside it", "a text", "arguments outside", "a label", "markers", "a wrapper"],
)
def test_call_in_other_clothes(calls: object) -> None:
    """What endpoints and models put around a call does not change it."""
    assert read_calls({"tool_calls": calls}, OFFERED, "e") == (FunctionCall(name="a__x", arguments={"n": 1}),)
