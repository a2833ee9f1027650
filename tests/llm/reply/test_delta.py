"""A message that comes in deltas."""

from typing import Any

import pytest

from batonmcp.llm.port import ArgumentsGrew, CallBegun, Piece, TextGrew
from batonmcp.llm.reply.delta import Message


def grown(*deltas: dict[str, Any]) -> tuple[dict[str, Any], list[Piece]]:
    """Return the message that deltas make, and what was told meanwhile."""
    message = Message()
    pieces = [piece for delta in deltas for piece in message.add(delta)]
    return message.whole(), pieces


def calls(*parts: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the names and arguments of the calls that parts make."""
    whole, _ = grown(*({"tool_calls": [part]} for part in parts))
    return [(call["function"]["name"], call["function"]["arguments"]) for call in whole["tool_calls"]]


def part(arguments: object = None, name: str | None = None, **ids: object) -> dict[str, Any]:
    """Return a part of a call."""
    return {**ids, "function": {"name": name, "arguments": arguments}}


def test_what_is_new_is_told_once() -> None:
    """Text, the beginning of a call, and its arguments, in the order in which they come."""
    _, pieces = grown(
        {"content": "So "}, {"tool_calls": [part("{", "a", index=0)]}, {"tool_calls": [part("}", index=0)]}
    )
    assert pieces == [TextGrew("So "), CallBegun(0, "a"), ArgumentsGrew(0, "{"), ArgumentsGrew(0, "}")]


def test_a_new_id_for_each_part_is_still_one_call() -> None:
    """A part without a name goes on with the call before it, whatever its id."""
    assert calls(part("", "a", id="1", index=0), part('{"n":', id="2", index=0), part(" 1}", id="3", index=0)) == [
        ("a", '{"n": 1}')
    ]


def test_a_name_with_each_part_is_still_one_call() -> None:
    """A repeated name begins a call only where the one before it is complete, or another index says so."""
    assert calls(part('{"n":', "a", index=0), part(" 1}", "a", index=0)) == [("a", '{"n": 1}')]
    assert calls(part('{"n": 1}', "a", index=0), part("{}", "a", index=0)) == [("a", '{"n": 1}'), ("a", "{}")]
    assert calls(part('{"n":', "a", index=0), part("{}", "a", index=1)) == [("a", '{"n":'), ("a", "{}")]
    assert calls(part("{}", "a", id="1"), part("{}", "a", id="2")) == [("a", "{}"), ("a", "{}")]


def test_parts_of_two_calls_in_turn() -> None:
    """Calls that are told apart by their indexes may come in turn."""
    assert calls(
        part("", "a", id="1", index=0),
        part("", "b", id="2", index=1),
        part("{", index=0),
        part("[", index=1),
        part("}", index=0),
        part("]", index=1),
    ) == [("a", "{}"), ("b", "[]")]


def test_call_in_the_old_form() -> None:
    """The function call of the API's first version is a call."""
    whole, _ = grown({"function_call": {"name": "a", "arguments": ""}}, {"function_call": {"arguments": "{}"}})
    assert [call["function"] for call in whole["tool_calls"]] == [{"name": "a", "arguments": "{}"}]


def test_content_in_parts() -> None:
    """Text that comes as a list of parts is text; what a model thought in such a part is not."""
    thought = {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]}
    whole, pieces = grown(thought, {"content": [{"type": "text", "text": "It "}]}, {"content": "rains."})
    assert whole["content"] == "It rains."
    assert pieces == [TextGrew("It "), TextGrew("rains.")]


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning", "thinking"])
def test_that_a_model_thought_is_known_and_not_held(key: str) -> None:
    """Of thoughts no more is kept than that there were some."""
    message = Message()
    for _ in range(1_000):
        assert not list(message.add({key: "x" * 1_000}))
    assert message.size == 0
    assert 0 < len(message.whole()["reasoning_content"]) <= 100


def test_arguments_nested_without_end() -> None:
    """Arguments too deep to be written down are no arguments, and no crash."""
    deep: Any = {}
    for _ in range(100_000):
        deep = {"a": deep}
    ((name, arguments),) = calls(part(deep, "a", index=0))
    assert (name, arguments) == ("a", "[")
