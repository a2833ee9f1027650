"""The ports: what the double of the tests promises, the real fleet of servers keeps."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.config.load import load
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.downstream.fleet import open_fleet
from batonmcp.stages.ports import Tools, cannot_ask
from builders import plan_of, registry, tool
from doubles.evil_stdio import argv
from doubles.ports import InProcessTools, failed

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


async def test_where_nobody_can_be_asked() -> None:
    """Where no person can be asked, nothing is decided: neither yes nor no."""
    known = registry(tool("a__put", effect="write"))
    plan = plan_of({"steps": [{"id": "one", "tool": "a__put"}]}, known)
    asked = cannot_ask
    assert await asked(plan) is None
