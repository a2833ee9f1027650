"""The ports: what the double of the tests promises, the real fleet of servers keeps."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from pydantic import JsonValue

from batonmcp.config.load import load
from batonmcp.core.attachment import Contents
from batonmcp.core.caller import NOBODY, Answer, Caller, Declined, Progress, Question
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.downstream.fleet import open_fleet
from batonmcp.stages.ports import Tools
from builders import registry, tool
from doubles import inquirer
from doubles.evil_stdio import argv
from doubles.ports import Dialogue, InProcessTools, failed

pytestmark = pytest.mark.anyio

OpenTools = Callable[[], AbstractAsyncContextManager[Tools]]

TIME_S = 20.0
SECONDS = {"type": "object", "properties": {"seconds": {"type": "number"}}, "required": ["seconds"]}


@asynccontextmanager
async def in_process() -> AsyncGenerator[Tools]:
    """Open the double with the tools of the server that the fleet is tried on."""

    async def echo(arguments: dict[str, JsonValue]) -> JsonValue:
        return arguments["text"]

    async def slow(arguments: dict[str, JsonValue]) -> JsonValue:
        await anyio.sleep(float(str(arguments["seconds"])))
        return "slept"

    async def fail(arguments: dict[str, JsonValue]) -> Failed:
        return failed(str(arguments["message"]))

    known = registry(tool("evil__echo"), tool("evil__fail"), tool("evil__slow", input_schema=SECONDS))
    yield InProcessTools(known, {"evil__echo": echo, "evil__slow": slow, "evil__fail": fail})


@pytest.fixture(params=["in process", "fleet"])
def open_tools(request: pytest.FixtureRequest, write_config: Callable[..., Path]) -> OpenTools:
    """Both implementations of the port `Tools`."""
    if request.param == "in process":
        return in_process
    command, *arguments = argv("ok")
    config = write_config({"evil": {"command": command, "args": arguments}})
    return lambda: open_fleet(load(config, {}))


async def test_tools_are_known(open_tools: OpenTools) -> None:
    """The registry holds the tools, once the servers asked for have settled."""
    with anyio.fail_after(TIME_S):
        async with open_tools() as tools:
            known = await tools.registry(["evil"])
            assert [known_tool.qualified for known_tool in known] == ["evil__echo", "evil__fail", "evil__slow"]
            assert await tools.registry() is known


async def test_a_call_is_answered(open_tools: OpenTools) -> None:
    """The outcome of a call that is answered holds its value."""
    with anyio.fail_after(TIME_S):
        async with open_tools() as tools:
            known = await tools.registry()
            outcome = await tools.call(known["evil__echo"], {"text": "hello"}, within=TIME_S)
    assert outcome == Succeeded(value="hello")


async def test_a_failing_tool_is_data(open_tools: OpenTools) -> None:
    """A tool that reports an error is an outcome with its words."""
    with anyio.fail_after(TIME_S):
        async with open_tools() as tools:
            known = await tools.registry()
            outcome = await tools.call(known["evil__fail"], {"message": "No such entity."}, within=TIME_S)
    assert outcome == failed("No such entity.")


async def test_a_call_past_its_time_is_data(open_tools: OpenTools) -> None:
    """A call that is not answered in time is an outcome too, and the next one works."""
    with anyio.fail_after(TIME_S):
        async with open_tools() as tools:
            known = await tools.registry()
            late = await tools.call(known["evil__slow"], {"seconds": 50}, within=0.05)
            again = await tools.call(known["evil__echo"], {"text": "still here"}, within=TIME_S)
    assert isinstance(late, Failed)
    assert late.error.kind == "timeout"
    assert "did not answer within 0.05 s" in late.error.message
    assert again == Succeeded(value="still here")


async def test_a_caller_may_leave(open_tools: OpenTools) -> None:
    """A caller that is cancelled gets away at once and leaves other calls alone."""
    with anyio.fail_after(TIME_S):
        async with open_tools() as tools:
            known = await tools.registry()
            with anyio.move_on_after(0.05):
                await tools.call(known["evil__slow"], {"seconds": 50}, within=TIME_S)
            again = await tools.call(known["evil__echo"], {"text": "still here"}, within=TIME_S)
    assert again == Succeeded(value="still here")


# What servers ask, tell and hold.


@asynccontextmanager
async def asking_in_process() -> AsyncGenerator[Tools]:
    """Open the double with the tools of the server that asks."""

    async def elicit(caller: Caller) -> JsonValue:
        params: dict[str, JsonValue] = {"message": "Ada?", "requestedSchema": {"type": "object"}}
        answer = await caller.ask(Question(server="asker", agent="Inquirer", about="elicitation", params=params))
        if isinstance(answer, Declined):
            return "Ada: decline"
        content = answer.result["content"]
        assert isinstance(content, dict)
        return f"Ada: {content['name']}"

    async def work(caller: Caller) -> JsonValue:
        for part in range(1, 4):
            caller.progressed(Progress(done=part, total=3, message=f"part {part}"))
            await anyio.lowlevel.checkpoint()
        return "worked"

    known = registry(*(tool(f"asker__{name}") for name in ("elicit", "hang", "work")))
    answers = {"asker__elicit": Dialogue(elicit), "asker__work": Dialogue(work)}
    notes = Contents(uri=inquirer.LINKED, mime="text/plain", text="the notes of today")
    yield InProcessTools(known, answers, resources={("asker", inquirer.LINKED): [notes]})


@pytest.fixture(params=["in process", "legacy", "modern"])
def open_asking(request: pytest.FixtureRequest, write_config: Callable[..., Path], tmp_path: Path) -> OpenTools:
    """Both implementations of the port `Tools`, with a server that asks; the fleet with one of either era."""
    if request.param == "in process":
        return asking_in_process
    config = write_config({"asker": inquirer.entry(tmp_path / "ledger", protocol=request.param)})
    return lambda: open_fleet(load(config, {}))


async def test_a_question_goes_to_the_caller(open_asking: OpenTools) -> None:
    """What the server asks during a call goes to its caller, whose answer the tool gets; nobody declines."""
    heard: list[Question] = []

    async def answer(question: Question) -> Answer:
        heard.append(question)
        await anyio.lowlevel.checkpoint()
        return Answer({"action": "accept", "content": {"name": "ada"}})

    with anyio.fail_after(TIME_S):
        async with open_asking() as tools:
            elicit = (await tools.registry())["asker__elicit"]
            answered = await tools.call(elicit, {"topic": "Ada"}, within=TIME_S, caller=replace(NOBODY, ask=answer))
            declined = await tools.call(elicit, {"topic": "Ada"}, within=TIME_S)
    assert (answered, declined) == (Succeeded(value="Ada: ada"), Succeeded(value="Ada: decline"))
    (question,) = heard
    assert (question.server, question.agent, question.about) == ("asker", "Inquirer", "elicitation")
    assert question.params["message"] == "Ada?"


@pytest.mark.slow
async def test_the_time_of_a_call_stands_still_while_its_caller_thinks(open_asking: OpenTools) -> None:
    """An answer that takes longer than the call has is in time: the caller thinks until another call is out of it."""
    late: list[Succeeded | Failed] = []

    with anyio.fail_after(TIME_S):
        async with open_asking() as tools:
            known = await tools.registry()

            async def think(_question: Question) -> Answer:
                late.append(await other.call(hang, {}, within=2.5))
                return Answer({"action": "accept", "content": {"name": "ada"}})

            async with open_asking() as other:
                hang = (await other.registry())["asker__hang"]
                if isinstance(other, InProcessTools):
                    other.hold("asker__hang")
                caller = replace(NOBODY, ask=think)
                outcome = await tools.call(known["asker__elicit"], {"topic": "Ada"}, within=2.0, caller=caller)
    assert outcome == Succeeded(value="Ada: ada")
    assert [isinstance(one, Failed) and one.error.kind for one in late] == ["timeout"]


async def test_progress_goes_to_the_caller(open_asking: OpenTools) -> None:
    """How far a call is, its caller hears while it runs, in order."""
    heard: list[Progress] = []
    with anyio.fail_after(TIME_S):
        async with open_asking() as tools:
            work = (await tools.registry())["asker__work"]
            caller = replace(NOBODY, progressed=heard.append)
            outcome = await tools.call(work, {"topic": "part"}, within=TIME_S, caller=caller)
    assert outcome == Succeeded(value="worked")
    assert heard == [Progress(done=part, total=3, message=f"part {part}") for part in range(1, 4)]


async def test_a_resource_is_read(open_asking: OpenTools) -> None:
    """What a server's resource holds; one that it does not have, and a server that is not there, are outcomes."""
    with anyio.fail_after(TIME_S):
        async with open_asking() as tools:
            await tools.registry()
            found = await tools.read_resource("asker", inquirer.LINKED, within=TIME_S)
            missing = await tools.read_resource("asker", "notes://never", within=TIME_S)
            nobody = await tools.read_resource("nobody", inquirer.LINKED, within=TIME_S)
    assert found == [Contents(uri=inquirer.LINKED, mime="text/plain", text="the notes of today")]
    assert isinstance(missing, Failed)
    assert isinstance(nobody, Failed)
