"""Many calls at once, of one host and of several: nothing of one gets into another.

Every call carries a word of its own through its arguments, its tool's progress, its questions and its results.
"""

import secrets
import sys
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, TypeAlias

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.session import ClientRequestContext
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult

from doubles import inquirer
from doubles.evil_stdio import argv
from doubles.fifo import Fifo
from doubles.http_hub import http_hub
from doubles.processes import TOKEN_VARIABLE

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WriteConfig = Callable[..., Path]
Way: TypeAlias = Literal["stdio", "http"]

TIME_S = 90
CALLS = 64
CLIENTS: Mapping[Way, int] = {"stdio": 1, "http": 4}


@pytest.fixture(params=["stdio", "http"])
def way(request: pytest.FixtureRequest) -> Way:
    """One host over its pipe, or several over HTTP, whose requests have the same ids and tokens."""
    return request.param


@dataclass(slots=True, kw_only=True, eq=False)
class Host:
    """One client, and what its person was asked."""

    client: Client
    heard: list[str] = field(default_factory=list[str])


@asynccontextmanager
async def hosts(way: Way, mode: str, config: Path, token: str) -> AsyncGenerator[Sequence[Host]]:
    """Connect all hosts to one hub."""
    with anyio.fail_after(TIME_S):
        async with AsyncExitStack() as stack:
            if way == "http":
                url = await stack.enter_async_context(http_hub(config, token))
                servers: Sequence[Any] = [url] * CLIENTS[way]
            else:
                arguments = ["-m", "batonmcp", "serve", "--config", str(config)]
                servers = [StdioServerParameters(command=sys.executable, args=arguments, env={TOKEN_VARIABLE: token})]
            found: list[Host] = []
            for server in servers:
                heard: list[str] = []
                client = Client(server, mode=mode, elicitation_callback=partial(answer, heard))
                found.append(Host(client=await stack.enter_async_context(client), heard=heard))
            yield found


async def answer(heard: list[str], context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
    """Answer "... WORD?" with the word."""
    del context
    heard.append(params.message)
    await anyio.lowlevel.checkpoint()
    return ElicitResult(action="accept", content={"name": params.message.rpartition(" ")[2].removesuffix("?")})


def plan(*steps: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments that run these steps."""
    return {"plan": {"steps": [*steps]}, "output": "data"}


def step(name: str, tool: str, topic: object) -> dict[str, Any]:
    """Return a step that is about something."""
    return {"id": name, "tool": f"asker__{tool}", "arguments": {"topic": topic}}


def values_of(result: CallToolResult) -> dict[str, Any]:
    """Return the value of each step that has one."""
    assert result.meta is not None, result
    return {each["id"]: each.get("value") for each in result.meta["batonmcp/run"]["steps"]}


def words_in(text: str, words: Sequence[str]) -> set[str]:
    """Return those of the words that are in a text."""
    return {word for word in words if word in text}


async def test_nothing_is_mixed(way: Way, mode: str, write_config: WriteConfig, fifo: Fifo, token: str) -> None:
    """Sixty-four runs at once: results, progress and data between steps are each run's own."""
    command, *arguments = argv("ok")
    entries = {"asker": inquirer.entry(fifo.path), "ok": {"command": command, "args": arguments}}
    words = [f"w_{secrets.token_hex(6)}" for _ in range(CALLS)]
    results: dict[str, CallToolResult] = {}
    heard: dict[str, list[str]] = {word: [] for word in words}

    async def call(host: Host, word: str) -> None:
        async def note(progress: float, total: float | None, message: str | None) -> None:
            del progress, total
            heard[word].append(message or "")

        first = {"id": word, "tool": "ok__echo", "arguments": {"text": word}}
        second = {"id": "b", "tool": "ok__echo", "arguments": {"text": {"$from": f"{word} + ' again'"}}}
        steps = plan(step("a", "work", word), first, second)
        results[word] = await host.client.call_tool("orchestrate", steps, progress_callback=note)

    async with hosts(way, mode, write_config(entries), token) as found, anyio.create_task_group() as tasks:
        for number, word in enumerate(words):
            tasks.start_soon(call, found[number % len(found)], word)
    for word in words:
        assert values_of(results[word]) == {"a": "worked", word: word, "b": f"{word} again"}
        assert words_in(results[word].model_dump_json(), words) == {word}
        assert words_in(" ".join(heard[word]), words) == {word}


@pytest.mark.parametrize("era", ["legacy", "modern"])
async def test_questions_reach_their_host(
    way: Way, mode: str, era: str, write_config: WriteConfig, fifo: Fifo, token: str
) -> None:
    """No host hears a question of another's run. One that cannot be told apart is declined, not guessed."""
    config = write_config({"asker": inquirer.entry(fifo.path, protocol=era)})
    words = [f"w_{secrets.token_hex(6)}" for _ in range(12)]
    values: dict[str, str] = {}

    async def call(host: Host, word: str) -> None:
        result = await host.client.call_tool("orchestrate", plan(step("a", "elicit", word)))
        values[word] = values_of(result)["a"]

    async with hosts(way, mode, config, token) as found:
        async with anyio.create_task_group() as tasks:
            for number, word in enumerate(words):
                tasks.start_soon(call, found[number % len(found)], word)
        for number, host in enumerate(found):
            assert words_in(" ".join(host.heard), words) <= set(words[number :: len(found)])
    declined = {word for word in words if values[word] in {f"{word}: decline", f"{word}: cancel"}}
    assert {word: value for word, value in values.items() if word not in declined} == {
        word: f"{word}: {word}" for word in words if word not in declined
    }
    assert not declined or (way, era) == ("http", "legacy")


async def test_one_of_many_is_cancelled(way: Way, mode: str, write_config: WriteConfig, fifo: Fifo, token: str) -> None:
    """A host that cancels one of its calls stops that one alone; the same ids of other hosts mean other calls."""
    config = write_config({"asker": inquirer.entry(fifo.path)})
    ended: list[int] = []
    scopes = [anyio.CancelScope() for _ in range(8)]

    async def call(host: Host, number: int) -> None:
        with scopes[number]:
            await host.client.call_tool("orchestrate", plan(step("a", "hang", f"{number}")))
        ended.append(number)

    async with hosts(way, mode, config, token) as found, anyio.create_task_group() as tasks:
        for number in range(len(scopes)):
            tasks.start_soon(call, found[number % len(found)], number)
            await fifo.until("hangs")
        for number in (5, 2):
            scopes[number].cancel()
            assert await fifo.line() == "cancelled hang"
            for host in found:
                done = await host.client.call_tool("orchestrate", plan(step("a", "work", "meanwhile")))
                assert values_of(done) == {"a": "worked"}
        assert ended == [5, 2]
        for number in {*range(len(scopes))} - {5, 2}:
            scopes[number].cancel()
            assert await fifo.line() == "cancelled hang"
    assert sorted(ended) == [*range(len(scopes))]
