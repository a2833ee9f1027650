"""The plain agentic loop on the MCP SDK's clients: while the model asks for tools, call them and ask again."""

import json
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TextIO, cast

import anyio
import openai
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult, TextContent, Tool
from openai.types.chat import ChatCompletionFunctionToolParam, ChatCompletionMessage, ChatCompletionMessageParam

from batonmcp.host.reply import RUN_META
from loops.servers import Command
from loops.told import Told, Way

__all__ = ["MODEL", "SYSTEM", "Loop", "open_loop"]

MODEL = "scripted"
SYSTEM = "You are a helpful assistant. Use the tools, and answer from their results only: brief, concrete, with units."


@asynccontextmanager
async def open_loop(
    servers: Mapping[str, Command], base_url: str, *, errors: TextIO, env: Mapping[str, str] | None = None
) -> AsyncGenerator["Loop"]:
    """Connect to all servers and yield a loop over them.

    Args:
        servers: The command of each.
        base_url: Of the endpoint.
        errors: Where the servers complain.
        env: Their environment on top of the usual.
    """
    clients: dict[str, Client] = {}
    tools: dict[str, tuple[Client, Tool]] = {}
    async with AsyncExitStack() as stack:
        model = await stack.enter_async_context(openai.AsyncOpenAI(base_url=base_url, api_key="none"))
        for name, command in servers.items():
            parameters = StdioServerParameters(
                command=command[0], args=list(command[1:]), env=dict(env) if env else None
            )
            client = Client(stdio_client(parameters, errlog=errors), mode="legacy")
            clients[name] = await stack.enter_async_context(client)
        for name, client in clients.items():
            for tool in (await client.list_tools()).tools:
                tools[f"{name}__{tool.name}"] = (client, tool)
        yield Loop(model, tools)


@dataclass(frozen=True, slots=True)
class Loop(Way):
    """The loop.

    Args:
        model: The endpoint's client.
        tools: What the model may call, by the names it is offered under.
        parallel: Whether it may ask for several in one turn.
    """

    model: openai.AsyncOpenAI
    tools: Mapping[str, tuple[Client, Tool]]
    parallel: bool = True

    async def ask(self, query: str) -> Told:
        """Answer a question."""
        began = time.perf_counter()
        definitions = self._definitions()
        messages: list[ChatCompletionMessageParam] = [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": query},
        ]
        runs: list[Mapping[str, Any]] = []
        while True:
            reply = await self.model.chat.completions.create(
                model=MODEL,
                temperature=0,
                messages=messages,
                tools=definitions,
                parallel_tool_calls=self.parallel,
            )
            message = reply.choices[0].message
            if not message.tool_calls:
                seconds = time.perf_counter() - began
                return _told(message.content or "", seconds, runs)
            messages.extend(await self._turn(message, runs))

    async def _turn(
        self, message: ChatCompletionMessage, runs: list[Mapping[str, Any]]
    ) -> list[ChatCompletionMessageParam]:
        """Make all calls of one message at the same time; return it and the results as messages."""
        calls = [call for call in message.tool_calls or () if call.type == "function"]
        results: dict[str, str] = {}

        async def call(call_id: str, name: str, arguments: str) -> None:
            client, tool = self.tools[name]
            result = await client.call_tool(tool.name, json.loads(arguments))
            results[call_id] = _text(result)
            runs.extend([run] if (run := (result.meta or {}).get(RUN_META)) else [])

        async with anyio.create_task_group() as tasks:
            for each in calls:
                tasks.start_soon(call, each.id, each.function.name, each.function.arguments)
        asked = cast("ChatCompletionMessageParam", message.model_dump(exclude_none=True))
        return [asked, *({"role": "tool", "tool_call_id": each.id, "content": results[each.id]} for each in calls)]

    def _definitions(self) -> list[ChatCompletionFunctionToolParam]:
        return [
            {
                "type": "function",
                "function": {"name": name, "description": tool.description or "", "parameters": tool.input_schema},
            }
            for name, (_, tool) in self.tools.items()
        ]


def _text(result: CallToolResult) -> str:
    text = "\n".join(block.text for block in result.content if isinstance(block, TextContent))
    if result.is_error:
        raise RuntimeError(text)
    return text


def _told(answer: str, seconds: float, runs: Sequence[Mapping[str, Any]]) -> Told:
    """Return what is told of an answer.

    Args:
        answer: The text.
        seconds: How long it took.
        runs: The records of batonmcp's runs.
    """
    if not runs:
        return Told(answer=answer, seconds=seconds)
    steps: list[dict[str, Any]] = [step for run in runs for step in run["steps"]]
    calls = sum(1 if step["items"] is None else len(step["items"]) for step in steps)
    return Told(answer=answer, seconds=seconds, tool_calls=calls, planner=runs[0]["planner"])
