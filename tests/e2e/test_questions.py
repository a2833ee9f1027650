"""What servers ask while they work, from real processes to a real host: `batonmcp serve` between SDKs of both eras."""

import json
import os
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.session import ClientRequestContext
from mcp_types import (
    CallToolResult,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequestParams,
    ElicitResult,
    EmbeddedResource,
    ListRootsResult,
    ResourceLink,
    Root,
    TextContent,
    TextResourceContents,
)
from pydantic import FileUrl

from doubles import inquirer
from doubles.downstream import serving
from doubles.fifo import Fifo
from doubles.terminal import Terminal

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WriteConfig = Callable[..., Path]
Steps = list[dict[str, Any]]

TIME_S = 60.0
ERAS = ("legacy", "modern")


class Person:
    """Who sits at the host: gives the name that a question is about, when `think` has ended."""

    def __init__(self, think: Callable[[str], Awaitable[object]] | None = None) -> None:
        self.heard: list[str] = []
        self._think = think

    async def answer(self, context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        """Answer "Server (key) asks: X?" with the name "X"."""
        del context
        self.heard.append(params.message)
        if self._think:
            await self._think(params.message)
        topic = params.message.rpartition(": ")[2].removesuffix("?")
        return ElicitResult(action="accept", content={"name": topic.lower()})


async def model(context: ClientRequestContext, params: CreateMessageRequestParams) -> CreateMessageResult:
    """Lend the host's model, which shouts."""
    del context
    await anyio.lowlevel.checkpoint()
    (message,) = params.messages
    assert isinstance(message.content, TextContent)
    return CreateMessageResult(role="assistant", content=TextContent(text=message.content.text.upper()), model="m")


async def folders(context: ClientRequestContext) -> ListRootsResult:
    """Tell the host's folders."""
    del context
    await anyio.lowlevel.checkpoint()
    return ListRootsResult(roots=[Root(uri=FileUrl("file:///work"))])


@asynccontextmanager
async def host_of(config: Path, mode: str, **can: Any) -> AsyncGenerator[Client]:  # noqa: ANN401 - callbacks
    """Start `batonmcp serve` as a host does."""
    arguments = ["-m", "batonmcp", "serve", "--config", str(config)]
    command = StdioServerParameters(command=sys.executable, args=arguments)
    with anyio.fail_after(TIME_S):
        async with Client(command, mode=mode, **can) as host:
            yield host


def step(tool: str, topic: str = "", *, server: str = "legacy", name: str = "") -> dict[str, Any]:
    """Return a step that calls a tool of a server."""
    return {"id": name or tool, "tool": f"{server}__{tool}", "arguments": {"topic": topic}}


def asked_for(*steps: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `orchestrate` that run these steps."""
    return {"query": "q", "plan": {"steps": list(steps)}}


def run_of(result: CallToolResult) -> dict[str, Any]:
    """Return the record of a run."""
    assert result.meta is not None, result
    return result.meta["batonmcp/run"]


def values_of(result: CallToolResult) -> Mapping[str, Any]:
    """Return the value of each step, or how it failed."""
    return {
        one["id"]: one["value"] if one["status"] == "succeeded" else one["error"] for one in run_of(result)["steps"]
    }


# Who is asked.


@asynccontextmanager
async def asker(era: str, way: str, fifo: Fifo) -> AsyncGenerator[dict[str, Any]]:
    """Return the entry of a server that asks, over HTTP one that runs already."""
    if way == "stdio":
        yield inquirer.entry(fifo.path, protocol=era)
    else:
        async with serving(inquirer.inquirer(fifo.path).streamable_http_app()) as url:
            yield {"url": url, "protocol": era}


@pytest.mark.parametrize("way", ["stdio", "HTTP"])
@pytest.mark.parametrize("era", ERAS)
async def test_every_pair_of_eras(mode: str, era: str, way: str, write_config: WriteConfig, fifo: Fifo) -> None:
    """All that a server may ask reaches the host and the answer the server, alone, at a time, and in a row."""
    person = Person()
    at_a_time = [step(tool, "Ada", server="asker") for tool in ("elicit", "sample", "roots")]
    can = {"elicitation_callback": person.answer, "sampling_callback": model, "list_roots_callback": folders}
    async with asker(era, way, fifo) as entry, host_of(write_config({"asker": entry}), mode, **can) as host:
        together = values_of(await host.call_tool("orchestrate", asked_for(*at_a_time)))
        alone = [values_of(await host.call_tool("orchestrate", asked_for(one))) for one in at_a_time]
        in_a_row = values_of(await host.call_tool("orchestrate", asked_for(step("twice", server="asker"))))
    answers = {"elicit": "Ada: ada", "sample": "ADA", "roots": "file:///work"}
    assert together == answers
    assert alone == [{name: answers[name]} for name in ("elicit", "sample", "roots")]
    assert in_a_row == {"twice": "first and second"}
    assert person.heard == [f"Inquirer (asker) asks: {words}?" for words in ("Ada", "Ada", "First", "Second")]


async def test_two_servers_ask_at_a_time(mode: str, write_config: WriteConfig, fifo: Fifo) -> None:
    """Servers of both eras that ask in one run are answered each for itself."""
    config = write_config({era: inquirer.entry(fifo.path, protocol=era) for era in ERAS})
    both_open, waiting = anyio.Event(), 2

    async def meet(_message: str) -> None:
        nonlocal waiting
        waiting -= 1
        if not waiting:
            both_open.set()
        if mode == "legacy":  # a round is as large as what was asked in time for it
            await both_open.wait()

    steps = [step("elicit", f"Of {era}", server=era, name=era) for era in ERAS]
    person = Person(meet)
    async with host_of(config, mode, elicitation_callback=person.answer) as host:
        values = values_of(await host.call_tool("orchestrate", asked_for(*steps)))
    assert values == {era: f"Of {era}: of {era}" for era in ERAS}
    assert sorted(person.heard) == [f"Inquirer ({era}) asks: Of {era}?" for era in ERAS]


async def test_a_host_that_can_do_nothing(mode: str, write_config: WriteConfig, fifo: Fifo) -> None:
    """Where nobody can be asked, servers are told at once, and the run's notes say what was declined and why."""
    config = write_config({era: inquirer.entry(fifo.path, protocol=era) for era in ERAS})
    asks = ("elicit", "sample", "roots")
    steps = [step(tool, "Ada", server=era, name=f"{era}_{tool}") for era in ERAS for tool in asks]
    async with host_of(config, mode) as host:
        done = await host.call_tool("orchestrate", asked_for(*steps))
    reasons = {
        "sample": "Sampling was declined because this host does not lend its model.",
        "roots": "Listing roots was declined because this host has no list of folders to give.",
    }
    values = values_of(done)
    assert [values[f"{era}_elicit"] for era in ERAS] == ["Ada: decline"] * 2
    for tool, reason in reasons.items():
        assert values[f"legacy_{tool}"] == f"did without: {reason}"
        message = f"Inquirer asked for what it could not get: {reason}"  # that era has no way to tell the server
        assert values[f"modern_{tool}"]["message"] == message
    notes = "\n".join(run_of(done)["notes"])
    for era in ERAS:
        for words in (
            "a person's answer, which was declined because this host cannot ask a person",
            "a model's answer, which was declined because this host does not lend its model",
            "a list of folders, which was declined because this host has no list of folders",
        ):
            assert f"Inquirer ({era}) asked for {words}" in notes


async def test_runs_that_ask_through_one_stream(mode: str, write_config: WriteConfig, fifo: Fifo) -> None:
    """Three calls of one host ask at once through a stream that does not tell them apart: each gets its own answer."""
    config = write_config({"legacy": inquirer.entry(fifo.path, protocol="legacy")})
    results: dict[str, Any] = {}
    person = Person()
    async with host_of(config, mode, elicitation_callback=person.answer) as host:

        async def call(topic: str) -> None:
            results[topic] = values_of(await host.call_tool("orchestrate", asked_for(step("meet", topic))))

        async with anyio.create_task_group() as tasks:
            for topic in "ABC":
                tasks.start_soon(call, topic)
    assert results == {topic: {"meet": f"{topic}: {topic.lower()}"} for topic in "ABC"}
    heard = [f"Inquirer (legacy) asks: {topic}?" for topic in "ABC"]
    assert set(person.heard) == set(heard)
    assert mode == "legacy" or sorted(person.heard) == heard  # what is asked live may move to another call's window


@pytest.mark.parametrize("end", ["answered", "cancelled"])
async def test_a_run_that_ends_before_others(end: str, write_config: WriteConfig, fifo: Fifo) -> None:
    """When one of three runs that ask through one stream is over, the others still get their own answers."""
    config = write_config({"legacy": inquirer.entry(fifo.path, protocol="legacy")})
    results: dict[str, Any] = {}
    all_open, one_over = anyio.Event(), anyio.Event()

    async def think(message: str) -> None:
        if len(person.heard) == len("ABC"):
            all_open.set()
        await (all_open if "C?" in message and end == "answered" else one_over).wait()

    person = Person(think)
    async with host_of(config, "legacy", elicitation_callback=person.answer) as host:
        newest = anyio.CancelScope()

        async def call(topic: str) -> None:
            with newest if topic == "C" else anyio.CancelScope():
                results[topic] = values_of(await host.call_tool("orchestrate", asked_for(step("meet", topic))))
            if topic == "C":
                one_over.set()

        async with anyio.create_task_group() as tasks:
            for topic in "ABC":
                tasks.start_soon(call, topic)
            await all_open.wait()
            if end == "cancelled":
                newest.cancel()
    answered = "ABC" if end == "answered" else "AB"
    assert results == {topic: {"meet": f"{topic}: {topic.lower()}"} for topic in answered}


# How long it takes.


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_may_think_longer_than_a_call(
    mode: str, era: str, write_config: WriteConfig, fifo: Fifo
) -> None:
    """While a person thinks, the call's second does not pass: they think until another call has used up its two."""
    servers = {
        "asker": inquirer.entry(fifo.path, protocol=era, timeout=1),
        "other": inquirer.entry(fifo.path, protocol="legacy", timeout=2),
    }
    late: list[Any] = []

    async def think(_message: str) -> None:
        late.append(values_of(await host.call_tool("orchestrate", asked_for(step("hang", server="other")))))

    person = Person(think)
    async with host_of(write_config(servers), mode, elicitation_callback=person.answer) as host:
        values = values_of(await host.call_tool("orchestrate", asked_for(step("elicit", "Ada", server="asker"))))
    assert values == {"elicit": "Ada: ada"}
    assert ["did not answer within 2 s" in one["hang"]["message"] for one in late] == [True]


@pytest.mark.parametrize("era", ERAS)
async def test_a_host_that_gives_up_while_a_person_thinks(era: str, write_config: WriteConfig, fifo: Fifo) -> None:
    """A call that is cancelled while its question is open has no effect any more, and its server hears of the end."""
    config = write_config({"asker": inquirer.entry(fifo.path, protocol=era)})
    open_now = anyio.Event()

    async def think(message: str) -> None:
        if "Ada" in message:
            open_now.set()
            await anyio.sleep_forever()

    async with host_of(config, "legacy", elicitation_callback=Person(think).answer) as host:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(host.call_tool, "orchestrate", asked_for(step("elicit", "Ada", server="asker")))
            await open_now.wait()
            tasks.cancel_scope.cancel()
        lines = [await fifo.line()]
        if era == "legacy":
            lines.append(await fifo.line())  # in the other era no call is open while its question is
        values = values_of(await host.call_tool("orchestrate", asked_for(step("elicit", "Bob", server="asker"))))
        lines += [await fifo.line(), await fifo.line()]
    assert lines == ["asks elicit", *(["cancelled elicit"] if era == "legacy" else []), "asks elicit", "did bob"]
    assert values == {"elicit": "Bob: bob"}


# Progress and resources.


@pytest.mark.parametrize("era", ERAS)
async def test_progress_of_a_call_reaches_the_host(mode: str, era: str, write_config: WriteConfig, fifo: Fifo) -> None:
    """How far a tool is comes as progress of the host's call, in numbers that grow, with the step's name."""
    config = write_config({"asker": inquirer.entry(fifo.path, protocol=era)})
    told: list[tuple[float, str]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        del total
        await anyio.lowlevel.checkpoint()
        told.append((progress, message or ""))

    plan = asked_for(step("work", "part", server="asker", name="a"), step("elicit", "Ada", server="asker", name="b"))
    async with host_of(config, mode, elicitation_callback=Person().answer) as host:
        await host.call_tool("orchestrate", plan, progress_callback=hear)
    numbers = [number for number, _ in told]
    assert numbers == sorted(set(numbers))
    messages = [message for _, message in told]
    assert [f"asker__work (step a): {n} of 3, part {n}" in messages for n in (1, 2, 3)] == [True] * 3, messages


@pytest.mark.parametrize("era", ERAS)
async def test_resources_stay_readable(mode: str, era: str, write_config: WriteConfig, fifo: Fifo) -> None:
    """What a result links to or holds is read from us under an address of ours; anything else is refused in words."""
    config = write_config({"asker": inquirer.entry(fifo.path, protocol=era)})
    async with host_of(config, mode) as host:
        plan = asked_for(step("link", server="asker"), step("embed", server="asker"))
        done = await host.call_tool("orchestrate", plan)
        uris = [block.uri for block in done.content if isinstance(block, ResourceLink)]
        held = [block.resource for block in done.content if isinstance(block, EmbeddedResource)]
        assert not held  # its text is in the answer already
        contents = [(await host.read_resource(uri)).contents for uri in uris]
        listed = [resource.uri for resource in (await host.list_resources()).resources]
        with pytest.raises(MCPError, match="No result has named the resource 'notes://never' since"):
            await host.read_resource("notes://never")
        with pytest.raises(MCPError, match="No result has named the resource 'batonmcp://asker/notes"):
            await host.read_resource("batonmcp://asker/notes%3A%2F%2Fnever")
    assert uris[0] == "batonmcp://asker/notes%3A%2F%2Ftoday%3Fpage%3D1%23top"
    assert [part.text for (part,) in contents if isinstance(part, TextResourceContents)] == [
        "the notes of today",
        "kept notes",
    ]
    assert [part.uri for (part,) in contents] == uris
    assert set(listed) == set(uris)
    assert await fifo.line() == f"read {inquirer.LINKED}"


# On a terminal.


@pytest.mark.parametrize("era", ERAS)
async def test_a_person_at_a_terminal(era: str, write_config: WriteConfig, fifo: Fifo, tmp_path: Path) -> None:
    """`ask` puts a server's form to the person at the terminal, who may think longer than a call, and goes on then."""
    servers = {
        "asker": inquirer.entry(fifo.path, protocol=era, timeout=1),
        "other": inquirer.entry(fifo.path, protocol="legacy", timeout=2),
    }
    config, plan = write_config(servers), tmp_path / "plan.json"
    steps = [step("elicit", "Who", server="asker"), step("hang", server="other")]
    plan.write_text(json.dumps({"steps": steps}))
    command = [sys.executable, "-m", "batonmcp", "ask", "--plan", str(plan), "--config", str(config)]
    kept = {name: text for name, text in os.environ.items() if name in {"PATH", "HOME"} or name.startswith("COVERAGE_")}
    with Terminal(command, env=kept) as terminal:
        terminal.expect("Inquirer (asker) asks: Who?")
        terminal.expect("Answer? [y/N]:")
        with anyio.fail_after(TIME_S):
            await fifo.until("cancelled hang")
        terminal.type("y\n")
        terminal.expect("name: ")
        terminal.type("Ada\n")
        assert terminal.wait() == 1  # as the other step failed
        assert "Who: Ada" in terminal.seen
        assert "Inquirer did not answer within 2 s" in terminal.seen
