"""Early start over real HTTP: a stream that is held in its middle, and bytes that are cut anywhere."""

import json
import random
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.config.settings import LlmSettings
from batonmcp.core.events import AnswerGrew, Event, LlmCalled
from batonmcp.core.limits import Limits
from batonmcp.llm.openai_client import OpenAIClient
from doubles import deviations, fake_llm
from doubles.fake_llm import FakeLLM, JsonObject, Streamed, Text, ToolCalls
from doubles.fake_llm import Reply as Played
from doubles.hub import Hub, record_of, said
from doubles.ports import InProcessTools
from doubles.streamed_runs import TOOLS, endpoint_of

pytestmark = pytest.mark.anyio

TIME_S = 30.0
Called = tuple[str, JsonObject]
WEATHER: Called = ("weather__today", {"city": "Tromsø \N{GRINNING FACE}"})
TRAINS: Called = ("trains__find", {})
MAIL: Called = ("mail__send", {"text": 'A "quoted" \\ {word'})
ANSWER = "It rains in Tromsø, and the train leaves at nine in the morning from platform two, with a change on the way."


def plan(*calls: Called) -> ToolCalls:
    """Return a reply with one plan of these calls."""
    steps = [{"id": f"n{place}", "tool": name, "arguments": arguments} for place, (name, arguments) in enumerate(calls)]
    return ToolCalls([("plan_execution", {"steps": steps})])


def cut(body: bytes, places: Sequence[int]) -> list[bytes]:
    """Cut bytes at these places."""
    return [body[begin:end] for begin, end in pairwise(sorted({0, len(body), *places}))]


@pytest.mark.parametrize(
    "reply", [ToolCalls([WEATHER, MAIL, TRAINS]), plan(WEATHER, MAIL, TRAINS)], ids=["calls", "plan"]
)
async def test_read_is_answered_while_the_stream_is_held(reply: ToolCalls) -> None:
    """The endpoint sends its last events only once the read has been answered; the write comes after them."""
    events = fake_llm.events_of(reply)
    gate = threading.Event()
    seen: list[str] = []

    async def answer(arguments: dict[str, JsonValue]) -> JsonValue:
        seen.extend(tools.called)
        gate.set()
        return arguments

    tools = InProcessTools(TOOLS, {"weather__today": answer})
    with FakeLLM([Streamed([*events[:-3], gate, *events[-3:]])]) as llm, anyio.fail_after(TIME_S):
        async with endpoint_of(llm.base_url) as run:
            played = await run("q", tools=tools, output="data")
        assert len(llm.requests) == 1
    assert "mail__send" not in seen, "its entry was whole by then"
    assert played.record.status == "ok"
    assert played.precedes_its_plan("weather__today")
    assert not played.precedes_its_plan("mail__send")
    assert sorted(tools.called) == ["mail__send", "trains__find", "weather__today"]


FRAMES = {
    "bare": "{}",
    "thoughts": "<think>One could call\n{{}}\n or [not.</think>\n\n{}",
    "fence": "```json\n{}\n```",
    "tag": '<tool_call>\n{"name": "plan_execution", "arguments": {}}\n</tool_call>',
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES)
@pytest.mark.parametrize(
    "endpoint", [deviations.vllm_without_parser, deviations.text_only], ids=["json schema", "text"]
)
async def test_plan_in_words_starts_early_too(endpoint: Callable[[Played], deviations.AnEndpoint], frame: str) -> None:
    """An endpoint that is offered no tools writes its plan as text: the read is answered while the rest is held."""
    steps: list[JsonObject] = [
        {"id": "w", "tool": WEATHER[0], "arguments": WEATHER[1]},
        {"id": "m", "tool": MAIL[0], "arguments": MAIL[1]},
        {"id": "t", "tool": "trains__find", "for_each": "[1, 2]", "arguments": {"n": {"$from": "item"}}},
    ]
    events = fake_llm.events_of(Text(frame.replace("{}", json.dumps({"steps": steps}, indent=1))))
    gate = threading.Event()

    async def answer(arguments: dict[str, JsonValue]) -> JsonValue:
        gate.set()
        return arguments

    tools = InProcessTools(TOOLS, {"weather__today": answer})
    with FakeLLM(endpoint(Streamed([*events[:-6], gate, *events[-6:]]))) as llm, anyio.fail_after(TIME_S):
        async with endpoint_of(llm.base_url) as run:
            played = await run("q", tools=tools, output="data")
        assert not [request for request in llm.requests if "tools" in request.body][1:], "calls are not asked for again"
    assert played.record.status == "ok"
    assert played.precedes_its_plan("weather__today")
    assert not played.precedes_its_plan("mail__send")
    assert sorted(tools.called) == ["mail__send", "trains__find", "trains__find", "weather__today"]


async def test_plan_that_cannot_run_says_which_reads_ran() -> None:
    """Twice over HTTP: the reads that began for it are named in the error itself, and nothing else was called."""
    reply = plan(WEATHER, ("a__unknown", {}), MAIL)
    with FakeLLM([reply, reply]) as llm, anyio.fail_after(TIME_S):
        async with endpoint_of(llm.base_url) as run:
            played = await run("q")
    assert played.record.status == "failed"
    assert played.tools.called == ["weather__today"]
    assert "nothing was run but reads that began while the plan was being written (weather__today answered)." in str(
        played.record.error
    )


async def test_host_sees_what_has_begun_while_the_plan_is_written() -> None:
    """Each visit to the run tells which reads run and which are answered."""
    gate = threading.Event()
    events = fake_llm.events_of(plan(("other__look", {"n": 1}), ("store__read", {})))
    with FakeLLM([Streamed([*events[:-3], gate, *events[-3:]]), Text(ANSWER)]) as llm, anyio.fail_after(TIME_S):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=None, model="m"))
        async with Hub(llm=client, limits=Limits(answer_within=0.2)).host() as host:
            result = await host.call_tool("orchestrate", {"query": "q"})
            while "other__look answered" not in said(result):
                result = await host.call_tool("orchestrate", {"run_id": record_of(result)["run_id"]})
            shown = "Still running. Begun while the plan is being written: other__look answered"
            assert said(result).startswith(shown)
            assert record_of(result)["begun"][0] == {"tool": "other__look", "status": "answered"}
            gate.set()
            while record_of(result)["status"] == "running":
                result = await host.call_tool("orchestrate", {"run_id": record_of(result)["run_id"]})
        await client.aclose()
    assert (record_of(result)["status"], record_of(result)["begun"]) == ("ok", [])


async def test_progress_tells_what_has_begun_while_the_plan_is_written() -> None:
    """The reply is held until the host has been told of the read that began."""
    gate = threading.Event()
    events = fake_llm.events_of(plan(("other__look", {"n": 1}), ("store__read", {})))

    async def note(progress: float, total: float | None, message: str | None) -> None:
        del progress, total
        if message and message.startswith("Begun while the plan is being written: other__look "):
            gate.set()

    with FakeLLM([Streamed([*events[:-3], gate, *events[-3:]]), Text(ANSWER)]) as llm, anyio.fail_after(TIME_S):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=None, model="m"))
        async with Hub(llm=client).host() as host:
            result = await host.call_tool("orchestrate", {"query": "q"}, progress_callback=note)
        await client.aclose()
    assert record_of(result)["status"] == "ok"


@pytest.mark.parametrize("seed", range(12))
async def test_any_cut_calls_the_same_once(seed: int) -> None:
    """Wherever the bytes are cut, in a character or in an escape, each step is called once, as it was written."""
    dice = random.Random(seed)  # noqa: S311 - cuts, no secrets
    reply = plan(WEATHER, TRAINS, WEATHER) if seed % 2 else ToolCalls([WEATHER, TRAINS, WEATHER])
    body = b"".join(fake_llm.events_of(reply))
    parts = cut(body, [dice.randrange(len(body)) for _ in range(dice.choice([0, 3, 60, len(body)]))])
    with FakeLLM([Streamed(parts), Text(ANSWER)]) as llm, anyio.fail_after(TIME_S):
        async with endpoint_of(llm.base_url) as run:
            played = await run("q")
        assert len(llm.requests) == 2
    assert (played.record.status, played.record.answer) == ("ok", ANSWER)
    assert [(call.tool, call.arguments) for call in played.tools.calls] == [WEATHER, TRAINS, WEATHER]
    assert [step.value for step in played.record.steps] == [WEATHER[1], {}, WEATHER[1]]
    assert sum(isinstance(event, LlmCalled) for event in played.events) == 2


@pytest.mark.parametrize("ending", ["error event", "cut", "json"])
async def test_stream_that_fails_repeats_nothing(ending: str) -> None:
    """What began with the lost stream stands for the reply that comes in one piece."""
    events = fake_llm.events_of(ToolCalls([WEATHER, TRAINS]))
    gate = threading.Event()

    def answer(body: JsonObject) -> Played:
        if "tools" not in body:
            return Text(ANSWER)
        if not body.get("stream"):
            return ToolCalls([WEATHER, TRAINS])
        match ending:
            case "error event":
                return Streamed([*events[:-4], gate, b'data: {"error": {"message": "gone"}}\n\n'])
            case "cut":
                return Streamed([*events[:-4], gate], cut=True)
            case _:
                gate.set()
                return fake_llm.calls_without_ids([WEATHER, TRAINS])

    async def sunny(arguments: dict[str, JsonValue]) -> JsonValue:
        gate.set()
        return arguments

    tools = InProcessTools(TOOLS, {"weather__today": sunny})
    with FakeLLM(answer) as llm, anyio.fail_after(TIME_S):
        async with endpoint_of(llm.base_url) as run:
            played = await run("q", tools=tools)
    assert played.record.status == "ok"
    assert tools.called == ["weather__today", "trains__find"]
    assert played.precedes_its_plan("weather__today") is (ending != "json")


async def test_switched_off_asks_for_no_stream() -> None:
    """With `early_start: false` the plan comes in one piece; the answer is streamed to who follows it."""
    with FakeLLM([ToolCalls([WEATHER]), Text(ANSWER)]) as llm, anyio.fail_after(TIME_S):
        async with endpoint_of(llm.base_url) as run:
            played = await run("q", limits=Limits(early_start=False))
        assert ["stream" in request.body for request in llm.requests] == [False, True]
    assert played.record.answer == ANSWER
    assert not played.precedes_its_plan("weather__today")


async def test_answer_is_heard_as_it_is_written() -> None:
    """Its beginning is told while its end is held back."""
    events = fake_llm.events_of(Text(ANSWER))
    gate = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, AnswerGrew):
            gate.set()

    with FakeLLM([ToolCalls([TRAINS]), Streamed([*events[:-4], gate, *events[-4:]])]) as llm, anyio.fail_after(TIME_S):
        async with endpoint_of(llm.base_url) as run:
            played = await run("q", listen=listen)
    told = [event.text for event in played.events if isinstance(event, AnswerGrew)]
    assert told
    assert all(ANSWER.startswith(text) for text in told)
    assert played.record.answer == ANSWER


async def test_host_shows_the_answer_as_it_is_written() -> None:
    """A host that wants progress sees the last words; for one that does not the answer is not streamed."""
    lines: list[str] = []
    gate = threading.Event()
    events = fake_llm.events_of(Text(ANSWER))

    async def note(progress: float, total: float | None, message: str | None) -> None:
        del progress, total
        lines.append(message or "")
        if "…It rains" in lines[-1]:
            gate.set()

    def answer(body: JsonObject) -> Played:
        if "tools" in body:
            return ToolCalls([("other__look", {})])
        return Streamed([*events[:12], gate, *events[12:]]) if body.get("stream") else Text(ANSWER)

    with FakeLLM(answer) as llm, anyio.fail_after(TIME_S):
        client = OpenAIClient(LlmSettings(base_url=llm.base_url, api_key=None, model="m"))
        async with Hub(llm=client).host() as host:
            result = await host.call_tool("orchestrate", {"query": "q"}, progress_callback=note)
            assert ANSWER in said(result)
            result = await host.call_tool("orchestrate", {"query": "q"})
            assert ANSWER in said(result)
        await client.aclose()
        assert [request.body.get("stream") for request in llm.requests if "tools" not in request.body] == [True, None]
    assert any(line.startswith("Writing the answer: …It rains in Tromsø") for line in lines)
