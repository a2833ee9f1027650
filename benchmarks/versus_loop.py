"""batonmcp against the agentic loop: the same questions, servers, client library and scripted endpoint.

    python benchmarks/versus_loop.py [--runs N] [--write]

Both sides call the three sample agents, real MCP servers over stdio that are connected before anything is measured,
and one endpoint over real HTTP. It plays the replies of a sensible model and charges time and tokens for what it is
really sent. `--write` puts the result into docs/benchmarks.md.
"""

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Literal, cast

import anyio
import openai
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessage, ChatCompletionMessageParam

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from page import assumptions, machine, parser, publish

from batonmcp.cli.compose import open_hub
from batonmcp.config.load import load
from batonmcp.core.discretion import Discretion
from batonmcp.core.events import Event, LlmCalled
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.registry import Registry
from batonmcp.stages.audience import Audience
from batonmcp.stages.orchestrate import orchestrate
from batonmcp.stages.ports import Ports
from batonmcp.stages.route import PLAN_FUNCTION
from batonmcp.stages.task import Task
from doubles.fake_llm import Charges, FakeLLM, JsonObject, Reply, Text, ToolCalls, Usage

__all__ = ["CHARGES", "QUESTIONS", "WAYS", "Question", "Row", "Sample", "Way", "measure", "report"]

# Assumptions: a hosted model of middle size, called over the internet; no discount for a prompt's cached part.
CHARGES = Charges(
    latency_s=0.5,  # for each call: network, queue, the model's start
    seconds_per_completion_token=0.0125,  # it writes 80 tokens a second
    seconds_per_prompt_token=0.0001,  # it reads 10,000 tokens a second
)
DOLLARS_PER_MILLION_PROMPT_TOKENS = 1.0
DOLLARS_PER_MILLION_COMPLETION_TOKENS = 5.0
CHARACTERS_PER_TOKEN = 4  # of the texts and calls of all messages and the tool definitions as compact JSON
ANSWER = "word " * 119 + "word."  # the final answer, 150 tokens on both sides; what it says is not measured
# End of the assumptions.

_ROOT = Path(__file__).parent.parent
_HEAD = (
    "| question | way | LLM calls | tool calls | prompt tokens | completion tokens | cost $ | wall s | wall / ideal |",
    "|---|---|---:|---:|---:|---:|---:|---|---:|",
)

LOOP_SYSTEM = (
    "You are a helpful assistant. Use the tools, and answer from their results only: brief, concrete, with units."
)

Way = Literal["loop, one tool a turn", "loop, parallel tool calls", "batonmcp"]
WAYS: tuple[Way, ...] = ("loop, one tool a turn", "loop, parallel tool calls", "batonmcp")
Call = tuple[str, Mapping[str, Any]]

REPORT: Call = ("data_agent__get_report", {})
TRENDS: Call = ("analytics_agent__get_trends", {})
CONFIG = "config_agent__check_config"
CONFIG_STEP = {
    "id": "config",
    "tool": CONFIG,
    "when": "len(trends.anomalies) > 0",
    "for_each": "unique([a.component for a in trends.anomalies])",
    "arguments": {"component": {"$from": "item"}},
}
PLAN: Call = (PLAN_FUNCTION, {"steps": [{"id": "trends", "tool": TRENDS[0], "arguments": {}}, CONFIG_STEP]})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Question:
    """A question, the mode its plan is to have, the router's reply to it, and what a loop's model calls for it.

    That is `first`, and with `follow` then the configuration of each component that has an anomaly.
    """

    query: str
    mode: str
    plan: tuple[Call, ...]
    first: tuple[Call, ...]
    follow: bool = False

    def stages(self, results: Sequence[str]) -> list[Sequence[Call]]:
        """Return the calls that can be known from these results of the first ones, by stage."""
        if not (self.follow and results):
            return [self.first]
        anomalies: list[dict[str, str]] = json.loads(results[0])["anomalies"]
        components = dict.fromkeys(anomaly["component"] for anomaly in anomalies)
        return [self.first, [(CONFIG, {"component": component}) for component in components]]


_BOTH = (REPORT, TRENDS)
QUESTIONS = (
    Question(query="Current system metrics?", mode="single", plan=(REPORT,), first=(REPORT,)),
    Question(query="Give me metrics and trend analysis", mode="parallel", plan=_BOTH, first=_BOTH),
    Question(
        query="Check anomalies and pull config if any", mode="sequential", plan=(PLAN,), first=(TRENDS,), follow=True
    ),
)


def _play(body: JsonObject) -> Reply:
    """Reply as a sensible model would to this request, of router, synthesizer or loop, and count its tokens."""
    calls = _wanted(body)
    written = [part for name, arguments in calls for part in (name, json.dumps(arguments))] or [ANSWER]
    usage = Usage(prompt_tokens=_tokens(_prompt(body)), completion_tokens=_tokens(written))
    return ToolCalls(calls, usage=usage) if calls else Text(ANSWER, usage=usage)


def _wanted(body: JsonObject) -> Sequence[Call]:
    messages: list[JsonObject] = body["messages"]
    question = next(question for question in QUESTIONS if question.query in messages[1]["content"])
    offered = [tool["function"]["name"] for tool in body.get("tools", ())]
    if not offered:
        return ()
    if PLAN_FUNCTION in offered:
        return question.plan
    results = [message["content"] for message in messages if message["role"] == "tool"]
    missing = [call for stage in question.stages(results) for call in stage][len(results) :]
    return missing if body["parallel_tool_calls"] else missing[:1]


def _prompt(body: JsonObject) -> list[str]:
    """Return what a chat template shows the model: tool definitions, texts, its own earlier calls."""
    messages: list[JsonObject] = body["messages"]
    functions = [call["function"] for message in messages for call in message.get("tool_calls", ())]
    calls = [part for function in functions for part in (function["name"], function["arguments"])]
    tools = [json.dumps(tool, separators=(",", ":")) for tool in body.get("tools", ())]
    return [*tools, *(message.get("content") or "" for message in messages), *calls]


def _tokens(texts: Sequence[str]) -> int:
    return -(-sum(map(len, texts)) // CHARACTERS_PER_TOKEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One question answered once: the usage of each LLM call, the number of tool calls, and the time it took."""

    llm: tuple[Usage, ...]
    tool_calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Bench:
    """Both sides, ready to run: the servers are connected, the endpoint listens."""

    client: openai.AsyncOpenAI
    ports: Ports
    registry: Registry

    async def run(self, way: Way, question: Question) -> Sample:
        if way == "batonmcp":
            return await self.orchestrate(question)
        return await self.loop(question, parallel=way == "loop, parallel tool calls")

    async def orchestrate(self, question: Question) -> Sample:
        usages: list[Usage] = []

        def listen(event: Event) -> None:
            if isinstance(event, LlmCalled):
                usages.append(Usage(prompt_tokens=event.prompt_tokens, completion_tokens=event.completion_tokens))

        began = time.perf_counter()
        record = await orchestrate(Task(query=question.query, fresh=True), self.ports, Audience(listen=listen))
        seconds = time.perf_counter() - began
        if (record.status, record.mode, record.answer) != ("ok", question.mode, ANSWER):
            message = f"{question.query!r} ended otherwise than scripted: {record.as_json()}"
            raise RuntimeError(message)
        calls = sum(1 if step.items is None else len(step.items) for step in record.steps)
        return Sample(llm=tuple(usages), tool_calls=calls, seconds=seconds)

    async def loop(self, question: Question, *, parallel: bool) -> Sample:
        """While the model asks for tools: run them, append the results, ask again."""
        usages: list[Usage] = []
        tools = self._definitions()
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": LOOP_SYSTEM},
            {"role": "user", "content": question.query},
        ]
        began = time.perf_counter()
        while True:
            reply = await self.client.chat.completions.create(
                model="scripted", temperature=0, messages=messages, tools=tools, parallel_tool_calls=parallel
            )
            if spent := reply.usage:
                usages.append(Usage(prompt_tokens=spent.prompt_tokens, completion_tokens=spent.completion_tokens))
            message = reply.choices[0].message
            if not message.tool_calls:
                seconds = time.perf_counter() - began
                calls = sum(earlier["role"] == "tool" for earlier in messages)
                return Sample(llm=tuple(usages), tool_calls=calls, seconds=seconds)
            messages.extend(await self._turn(message))

    async def critical_path(self, question: Question, runs: int) -> float:
        """Return the time the tool calls need if each takes what it takes alone and waits only for what it uses."""
        results = [await self._call(*call) for call in question.first]
        stages = question.stages(results)
        return sum([max([await self._alone(call, runs) for call in stage]) for stage in stages])

    async def _alone(self, call: Call, runs: int) -> float:
        times: list[float] = []
        for _ in range(runs):
            began = time.perf_counter()
            await self._call(*call)
            times.append(time.perf_counter() - began)
        return median(times)

    async def _call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """Call a tool over MCP and return its result as JSON, the form that batonmcp's synthesizer gets too."""
        within = self.ports.limits.call_timeout
        match await self.ports.tools.call(self.registry[name], dict(arguments), within=within):
            case Succeeded(value=value):
                return json.dumps(value, ensure_ascii=False)
            case Failed(error=error):
                raise RuntimeError(str(error))

    async def _turn(self, message: ChatCompletionMessage) -> list[ChatCompletionMessageParam]:
        """Run all calls of one message at the same time; return it and the results as messages."""
        calls = [call for call in message.tool_calls or () if call.type == "function"]
        results: dict[str, str] = {}

        async def run(call_id: str, name: str, arguments: str) -> None:
            results[call_id] = await self._call(name, json.loads(arguments))

        async with anyio.create_task_group() as tasks:
            for call in calls:
                tasks.start_soon(run, call.id, call.function.name, call.function.arguments)
        asked = cast("ChatCompletionMessageParam", message.model_dump(exclude_none=True))
        return [asked, *({"role": "tool", "tool_call_id": call.id, "content": results[call.id]} for call in calls)]

    def _definitions(self) -> list[ChatCompletionFunctionToolParam]:
        return [
            {
                "type": "function",
                "function": {
                    "name": tool.qualified,
                    "description": tool.description,
                    "parameters": dict(tool.input_schema.document),
                },
            }
            for tool in self.registry
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of the table: one question answered in one way several times, and the ideal time for it."""

    question: Question
    way: Way
    samples: tuple[Sample, ...]
    ideal: float

    def as_markdown(self) -> str:
        """Return the row as the table has it."""
        first, times = self.samples[0], [sample.seconds for sample in self.samples]
        prompt = sum(usage.prompt_tokens for usage in first.llm)
        completion = sum(usage.completion_tokens for usage in first.llm)
        dollars = prompt * DOLLARS_PER_MILLION_PROMPT_TOKENS + completion * DOLLARS_PER_MILLION_COMPLETION_TOKENS
        cells = [self.question.mode, self.way, f"{len(first.llm)}", f"{first.tool_calls}"]
        cells += [f"{prompt:,}", f"{completion:,}", f"{dollars / 1e6:.4f}"]
        cells += [f"{median(times):.2f} ({min(times):.2f}..{max(times):.2f})", f"{median(times) / self.ideal:.2f}"]
        return f"| {' | '.join(cells)} |"


async def measure(charges: Charges, *, runs: int) -> list[Row]:
    """Answer every question in every way `runs` times, taking turns; a first round is not counted."""
    with FakeLLM(_play, charges=charges) as llm:
        settings = load(_ROOT / "servers.json", {"BATONMCP_MODEL": "scripted", "OPENAI_BASE_URL": llm.base_url})
        async with (
            openai.AsyncOpenAI(base_url=llm.base_url, api_key="none") as client,
            open_hub(settings, discretion=Discretion(), without_llm="lexical") as hub,
        ):
            bench = _Bench(client, hub.ports, await hub.ports.tools.registry())
            for way in WAYS:
                await bench.run(way, QUESTIONS[0])
            rounds = [{(q, way): await bench.run(way, q) for q in QUESTIONS for way in WAYS} for _ in range(runs)]
            paths = {question: await bench.critical_path(question, runs) for question in QUESTIONS}
    rows: list[Row] = []
    for question in QUESTIONS:
        ideal = paths[question] + sum(map(charges.seconds, rounds[0][question, "batonmcp"].llm))
        for way in WAYS:
            samples = tuple(answered[question, way] for answered in rounds)
            rows.append(Row(question=question, way=way, samples=samples, ideal=ideal))
    return rows


def report(rows: Sequence[Row], *, runs: int) -> str:
    """Return the part of docs/benchmarks.md that this script writes."""
    parts = (
        assumptions(__file__),
        f"Measured with {machine()}, {runs} runs of each line.",
        "\n".join([*_HEAD, *(row.as_markdown() for row in rows)]),
    )
    return "\n\n".join(parts)


def main() -> None:
    """Measure, print, and write if asked to."""
    understood = parser("Compare batonmcp with the agentic loop.", quick=False)
    understood.add_argument("--runs", type=int, default=5, help="runs of each question in each way")
    options = understood.parse_args()
    text = report(anyio.run(partial(measure, CHARGES, runs=options.runs)), runs=options.runs)
    publish("versus_loop.py", text, write=options.write)


if __name__ == "__main__":
    main()
