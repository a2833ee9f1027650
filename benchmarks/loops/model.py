"""A scripted model that behaves sensibly in whatever protocol it is used in, and keeps the books of what it was sent.

It answers a request from what that request shows: whether it is to plan, which tools it may call, which results are
there, and whether it may call several tools at once. How often it is asked is up to who asks.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import Lock
from typing import Any, cast

from batonmcp.host.tool import TOOL_NAME
from batonmcp.stages.route import PLAN_FUNCTION
from batonmcp.stages.task import Output
from doubles.fake_llm import JsonObject, Reply, Text, ToolCalls, Usage
from loops.charges import ANSWER, SUMMARY, Prompt, counted
from loops.questions import KEPT, SERVER_OF, Call, Question, key

__all__ = ["Model"]

_FACT = re.compile(r"(\w+ \{[^\n]*?\}) -> (\{[^\n]*\})")
_NOTHING_YET = "No steps executed yet"  # an orchestrator tells its planner so
_WORKER = "You are part of a larger workflow"  # and so its workers
_QUALIFIED = re.compile(r"\b[a-z_]\w*__\w+")


class Model:
    """What the endpoint plays: a script for `FakeLLM`.

    Args:
        questions: All that can be asked.

    Attributes:
        output: What a host's model asks `orchestrate` for.
        tool_calls: How many tools were asked for since the books were settled.
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self.output: Output = "answer"
        self.tool_calls = 0
        self._questions = questions
        self._prompts: list[Prompt] = []
        self._usages: list[Usage] = []
        self._lock = Lock()

    def __call__(self, body: JsonObject) -> Reply:
        """Reply, and write down the usage."""
        calls, text = self._decided(body)
        prompt = Prompt.of(body)
        written = [part for name, arguments in calls for part in (name, json.dumps(arguments))] or [text]
        with self._lock:
            usage = Usage(
                prompt_tokens=prompt.tokens,
                completion_tokens=counted(written),
                cached_tokens=prompt.cached(self._prompts),
            )
            self._prompts.append(prompt)
            self._usages.append(usage)
            self.tool_calls += len([name for name, _ in calls if not name.endswith((PLAN_FUNCTION, TOOL_NAME))])
        return ToolCalls(calls, usage=usage) if calls else Text(text, usage=usage)

    def settle(self) -> tuple[Usage, ...]:
        """Return the usage of each call since the last time, and forget them: another answer begins."""
        with self._lock:
            usages = tuple(self._usages)
            self._usages.clear()
            self._prompts.clear()
            self.tool_calls = 0
        return usages

    def _decided(self, body: JsonObject) -> tuple[Sequence[Call], str]:
        """Return what to call, else what to say."""
        texts = list(_texts(body["messages"]))
        question = next(question for question in self._questions if any(question.query in text for text in texts))
        offered = [cast("str", tool["function"]["name"]) for tool in body.get("tools") or ()]
        if "response_format" in body:
            return (), _worker_plan(question, begun=not any(_NOTHING_YET in text for text in texts))
        if PLAN_FUNCTION in offered:
            return _routed(question, offered, texts), ANSWER
        own = _results(body["messages"])
        known = {**_told(texts), **own}
        for name in offered:
            if name.endswith(TOOL_NAME):
                output = {} if self.output == "answer" else {"output": self.output}
                return ([] if own else [(name, {"query": question.query} | output)]), ANSWER
        names = _names(offered)
        missing = [(names[name], arguments) for name, arguments in question.missing(known) if name in names]
        if not missing:
            return (), _reported(own) if any(_WORKER in text for text in texts) else ANSWER
        return missing if body.get("parallel_tool_calls") is not False else missing[:1], ANSWER


def _routed(question: Question, offered: Sequence[str], texts: Iterable[str]) -> Sequence[Call]:
    """Return what a router's model calls: the tools themselves where it can, else a plan."""
    shown = [*offered, *(name for text in texts for name in _QUALIFIED.findall(text))]
    names = _names(shown)
    steps = question.document(names.__getitem__)
    if question.steps or not {step["tool"] for step in steps} <= {*offered}:
        return [(PLAN_FUNCTION, {"steps": steps})]
    return [(step["tool"], step["arguments"]) for step in steps]


def _names(offered: Iterable[str]) -> dict[str, str]:
    """Map the plain names of the tools that questions need to those they are offered under."""
    found: dict[str, str] = {}
    for name in offered:
        for plain, server in SERVER_OF.items():
            if name == plain or name.endswith((f"{server}_{plain}", f"{server}__{plain}")):
                found[plain] = name
    return found


def _results(messages: Iterable[JsonObject]) -> dict[str, Any]:
    """Return the results of the model's own calls."""
    asked: dict[str, Call] = {}
    known: dict[str, Any] = {}
    for message in messages:
        for call in message.get("tool_calls") or ():
            asked[call["id"]] = (call["function"]["name"], json.loads(call["function"]["arguments"]))
        if message["role"] == "tool":
            name, arguments = asked[message["tool_call_id"]]
            plain = next((plain for plain in SERVER_OF if name.endswith(plain)), name)
            known[key((plain, arguments))] = _result("".join(_texts([message])))
    return known


def _told(texts: Iterable[str]) -> dict[str, Any]:
    """Return what other workers report of their results."""
    return {call: json.loads(result) for text in texts for call, result in _FACT.findall(text)}


def _result(text: str) -> Any:  # noqa: ANN401 - JSON
    """Read a result, which a client may have left in the content block it came in."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    match value:
        case {"type": "text", "text": str(inner)} | [{"type": "text", "text": str(inner)}]:
            return json.loads(inner)
        case _:
            return value


def _texts(messages: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for message in messages:
        content = message.get("content") or ""
        yield from [content] if isinstance(content, str) else (part.get("text", "") for part in content)


# What an orchestrator of several workers has its models do.


def _worker_plan(question: Question, *, begun: bool) -> str:
    """Return a plan of steps that come one after the other, a task for each server; an empty one once all is done."""
    steps: list[dict[str, Any]] = []
    for stage in question.stages if not begun else ():
        tools: dict[str, list[str]] = {}
        for tool in dict.fromkeys(stage.tools):
            tools.setdefault(SERVER_OF[tool], []).append(tool)
        if steps and [task["agent"] for task in steps[-1]["tasks"]] == [*tools]:
            continue  # the same worker goes on by itself
        tasks = [{"description": f"Use {', '.join(names)}", "agent": server} for server, names in tools.items()]
        steps.append({"description": f"Step {len(steps) + 1}", "tasks": tasks})
    return json.dumps({"steps": steps, "is_complete": begun})


def _reported(results: Mapping[str, Any]) -> str:
    """Return what a worker says: what it has called, what others need of each result, and a summary."""
    kept = {call: KEPT.get(call.partition(" ")[0], _nothing)(result) for call, result in results.items()}
    return "\n".join([*(f"{call} -> {json.dumps(result)}" for call, result in kept.items()), SUMMARY])


def _nothing(_result: Any) -> JsonObject:  # noqa: ANN401 - JSON
    return {}
