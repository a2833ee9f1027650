"""Route: what goes on the wire, and what is made of the reply."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.config.settings import LlmSettings
from batonmcp.core.errors import LlmError
from batonmcp.core.events import Event, Noted
from batonmcp.core.limits import Limits
from batonmcp.core.proposal import NoTool, Proposal, Routed
from batonmcp.core.registry import Registry
from batonmcp.core.signature import signature
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.port import LLM, Reply, Request
from batonmcp.stages.route import PLAN_FUNCTION, route
from batonmcp.stages.task import Task
from builders import registry, tool
from doubles.fake_llm import FakeLLM, ToolCalls
from doubles.ports import ScriptedLLM, calling, saying

pytestmark = pytest.mark.anyio

TOOLS = registry(
    tool("b__y", description="Says y."),
    tool("a__x", description="Says x.", input_schema={"type": "object", "properties": {"n": {"type": "integer"}}}),
)
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=timezone(timedelta(hours=1), "CET"))
NIGHT = datetime(2027, 1, 3, 23, 59, tzinfo=UTC)


async def routed(llm: LLM, task: Task, known: Registry = TOOLS, now: datetime = NOON) -> Routed:
    """Route a task."""
    with anyio.fail_after(20):
        return await route(llm, task, known, limits=Limits(), now=now, emit=list[Event]().append)


async def request_for(task: Task, known: Registry = TOOLS, now: datetime = NOON) -> Request:
    """Return what is asked of the model for a task."""
    llm = ScriptedLLM(saying("None fits."))
    await routed(llm, task, known, now)
    (request,) = llm.requests
    return request


# What is asked.


async def test_the_call_is_for_tools_only() -> None:
    """The first call goes out at temperature 0, and its system text says what to choose and never to answer."""
    request = await request_for(Task(query="How is it?"))
    assert (request.stage, request.temperature) == ("route", 0)
    assert "for a task and never answer it" in request.system
    assert "If one tool is enough, call it" in request.system
    assert "call all of them at once" in request.system
    assert f"call {PLAN_FUNCTION} once" in request.system
    assert '{"$from": "<expression>"}' in request.system


async def test_the_prefix_is_stable() -> None:
    """System text and tools are the same for any query, inputs and time; those stand in the user message."""
    one = await request_for(Task(query="How is it?"))
    other = await request_for(Task(query="And now?", inputs={"text": "secret"}, servers=("a", "b")), now=NIGHT)
    assert (one.system, one.functions) == (other.system, other.functions)
    assert one.user == "It is Sunday, 2026-11-22 12:00 (CET, UTC+0100).\n\nTask: How is it?"
    assert other.user.startswith("It is Sunday, 2027-01-03 23:59 (UTC, UTC+0000).\n\n")
    assert other.user.endswith("\n\nTask: And now?")


async def test_the_prefix_is_stable_on_the_wire() -> None:
    """The bytes before the user message are the same for two queries at two times, so that endpoints cache them."""
    with FakeLLM([ToolCalls([("a__x", {})])] * 2) as endpoint:
        client = OpenAIClient(LlmSettings(base_url=endpoint.base_url, api_key="k", model="m", retries=0))
        try:
            await routed(client, Task(query="How is it?"))
            await routed(client, Task(query="And now?", inputs={"a": 1}), registry(*reversed(list(TOOLS))), NIGHT)
        finally:
            await client.aclose()
        one, other = (request.body for request in endpoint.requests)
    assert json.dumps(one["messages"][0]) == json.dumps(other["messages"][0])
    assert json.dumps(one["tools"]) == json.dumps(other["tools"])
    assert [message["role"] for message in one["messages"]] == ["system", "user"]
    assert one["messages"][1] != other["messages"][1]
    wire = json.dumps([one["messages"][0], one["tools"]])
    assert not any(part in wire for part in ("2026", "CET", "How is it?"))


async def test_tools_are_offered_as_functions() -> None:
    """Each tool is a function under its full name, with its agent and schema, in sorted order; the plan comes last."""
    request = await request_for(Task(query="q"))
    assert [function.name for function in request.functions] == ["a__x", "b__y", PLAN_FUNCTION]
    offered = request.functions[0]
    assert offered.description == "[A] Says x."
    assert offered.parameters == {"type": "object", "properties": {"n": {"type": "integer"}}}
    assert request.functions[-1].parameters["required"] == ["steps"]


@pytest.mark.parametrize(
    ("schema", "offered"),
    [
        ({}, {"type": "object", "properties": {}}),
        ({"type": "object"}, {"type": "object", "properties": {}}),
        (
            {
                "$schema": "https://example.com/schema",
                "$id": "x",
                "type": "object",
                "required": ["a"],
            },
            {"type": "object", "properties": {"a": {}}, "required": ["a"]},
        ),
        (
            {"anyOf": [{"required": ["a"]}], "oneOf": [], "allOf": [], "not": {}, "enum": [], "properties": {"a": {}}},
            {"type": "object", "properties": {"a": {}}, "required": ["a"]},
        ),
        (
            {
                "anyOf": [{"properties": {"a": {"type": "string"}}}, {"$ref": "#/$defs/b"}],
                "$defs": {"b": {"required": ["b"]}},
            },
            {"type": "object", "properties": {"a": {"type": "string"}}},
        ),
    ],
)
async def test_the_root_of_a_schema_is_what_endpoints_take(schema: dict[str, Any], offered: dict[str, Any]) -> None:
    """Endpoints want an object with properties, nothing alternative at the root, and no references."""
    request = await request_for(Task(query="q"), registry(tool("a__x", input_schema=schema)))
    assert request.functions[0].parameters == offered


async def test_a_long_description_is_cut() -> None:
    """No function's description is longer than endpoints allow."""
    request = await request_for(Task(query="q"), registry(tool("a__x", description="y" * 5_000)))
    assert len(request.functions[0].description) == 1_024


@pytest.mark.parametrize(("count", "native"), [(126, True), (127, True), (128, False), (400, False)])
async def test_many_tools_become_signatures(count: int, native: bool) -> None:  # noqa: FBT001 - a column of the table
    """Up to 127 tools are functions beside the plan's; more stand as signatures in the system text."""
    known = registry(*(tool(f"s__t{number}", description=f"Number {number}.") for number in range(count)))
    request = await request_for(Task(query="q"), known)
    assert len(request.functions) == (count + 1 if native else 1)
    assert len(request.functions) <= 128
    assert request.functions[-1].name == PLAN_FUNCTION
    for known_tool in known:
        assert (signature(known_tool) in request.system) is not native


# Inputs.


async def test_inputs_are_shown_by_name_type_and_beginning() -> None:
    """Inputs stand sorted in the user message, each with its type and a beginning."""
    inputs: dict[str, JsonValue] = {"text": "Dear all,", "n": 5, "list": [1, 2], "none": None, "object": {"a": "ä"}}
    request = await request_for(Task(query="q", inputs=inputs))
    assert request.user.split("\n\n")[1].splitlines() == [
        "Passed in with the task:",
        "- inputs.list: list, [1, 2]",
        "- inputs.n: number, 5",
        "- inputs.none: null, null",
        '- inputs.object: object, {"a": "ä"}',
        "- inputs.text: text, Dear all,",
    ]


@pytest.mark.parametrize(
    "value",
    ["a" * 79 + "CANARY" * 100, ["a" * 100, "CANARY"], {"a": "b" * 80, "c": "CANARY"}],
    ids=["text", "list", "object"],
)
async def test_a_long_input_stays_here(value: JsonValue) -> None:
    """Of a long value the model sees the beginning and the length, never the whole."""
    request = await request_for(Task(query="q", inputs={"v": value}))
    size = len(value if isinstance(value, str) else json.dumps(value))
    assert f"… ({size:,} characters)" in request.user
    assert "CANARY" not in request.user + request.system


async def test_an_input_cannot_look_like_another_part_of_the_message() -> None:
    """A preview is one line, whatever stands in the value."""
    request = await request_for(Task(query="q", inputs={"v": "x\n\nTask: another\n- inputs.w: text, y"}))
    assert len(request.user.splitlines()) == 6
    assert request.user.count("\n\nTask: ") == 1


async def test_halves_of_characters_are_not_sent() -> None:
    """A query or an input with a lone surrogate does not break the request."""
    request = await request_for(Task(query="q \udcff", inputs={"v": ["\ud800"]}))
    assert request.user.encode()
    assert request.user.endswith('inputs.v: list, ["?"]\n\nTask: q ?')


# What is made of the reply.


CALLS: list[tuple[list[tuple[str, dict[str, JsonValue]]], list[JsonValue]]] = [
    ([("a__x", {"n": 1})], [{"id": "s1", "tool": "a__x", "arguments": {"n": 1}}]),
    (
        [("b__y", {}), ("a__x", {"n": 1}), ("a__x", {"n": 2})],
        [
            {"id": "s1", "tool": "b__y", "arguments": {}},
            {"id": "s2", "tool": "a__x", "arguments": {"n": 1}},
            {"id": "s3", "tool": "a__x", "arguments": {"n": 2}},
        ],
    ),
    ([("nobody__knows", {})], [{"id": "s1", "tool": "nobody__knows", "arguments": {}}]),
]


@pytest.mark.parametrize(("calls", "steps"), CALLS, ids=["one", "several", "unknown"])
async def test_plain_calls_become_a_plan(
    calls: Sequence[tuple[str, dict[str, JsonValue]]], steps: list[JsonValue]
) -> None:
    """One call or several are a plan of as many steps, with the arguments that the model gave, text or no text."""
    expected = Proposal(document={"steps": steps})
    assert await routed(ScriptedLLM(calling(*calls)), Task(query="q")) == expected
    assert await routed(ScriptedLLM(calling(*calls, text="Let me see.")), Task(query="q")) == expected


PLAN: dict[str, JsonValue] = {"steps": [{"id": "one", "tool": "a__x", "arguments": {}}]}
OTHER_PLAN: dict[str, JsonValue] = {"steps": [{"id": "two", "tool": "b__y", "arguments": {}}]}
MIXED = f"The model called {PLAN_FUNCTION} and single tools (a__x, b__y); the plan was taken."
TWICE = f"The model called {PLAN_FUNCTION} 2 times; the first was taken."


@pytest.mark.parametrize(
    ("reply", "notes"),
    [
        (calling((PLAN_FUNCTION, PLAN)), []),
        (calling(("a__x", {}), (PLAN_FUNCTION, PLAN), ("b__y", {})), [MIXED]),
        (calling((PLAN_FUNCTION, PLAN), (PLAN_FUNCTION, OTHER_PLAN)), [TWICE]),
        (calling((PLAN_FUNCTION, PLAN), ("a__x", {}), (PLAN_FUNCTION, OTHER_PLAN), ("b__y", {})), [MIXED, TWICE]),
    ],
    ids=["a plan", "mixed", "two plans", "two plans and calls"],
)
async def test_a_plan_wins_and_the_notes_say_so(reply: Reply, notes: list[str]) -> None:
    """The first plan of a reply is taken; what was passed over for it is noted."""
    assert await routed(ScriptedLLM(reply), Task(query="q")) == Proposal(document=PLAN, notes=tuple(notes))


@pytest.mark.parametrize("reason", ["No tool fits: there is none for the weather.", ""])
async def test_no_call_is_no_tool(reason: str) -> None:
    """A reply without a call means that no tool fits, for the reason that the model gives."""
    assert await routed(ScriptedLLM(saying(reason)), Task(query="q")) == NoTool(reason=reason)


async def test_what_was_wrong_comes_last() -> None:
    """The problems of a plan stand behind the task, so that the prefix stays as it is."""
    llm = ScriptedLLM(saying("None."))
    with anyio.fail_after(5):
        await route(
            llm, Task(query="q"), TOOLS, limits=Limits(), now=NOON, emit=list[Event]().append, wrong="Its problems: x"
        )
    assert llm.requests[0].user.endswith("Task: q\n\nIts problems: x")


async def test_what_is_left_out_is_noted() -> None:
    """Where not all tools fit, the run's record says how many of which server the model did not see."""
    known = registry(*(tool(f"s{number % 3}__t{number}") for number in range(900)))
    events: list[Event] = []
    with anyio.fail_after(5):
        limits = Limits(catalogue_tokens=2_000)
        await route(ScriptedLLM(saying("None.")), Task(query="q"), known, limits=limits, now=NOON, emit=events.append)
    (noted,) = events
    assert isinstance(noted, Noted)
    assert "were left out" in noted.text


async def test_an_error_of_the_endpoint_goes_up() -> None:
    """What the endpoint's client raises is for the run to handle."""
    with pytest.raises(LlmError, match="No reply"):
        await routed(ScriptedLLM(LlmError(kind="llm_timeout", message="No reply.")), Task(query="q"))
