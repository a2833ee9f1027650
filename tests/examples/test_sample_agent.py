"""What is true of every sample agent, as a host sees it in either protocol era."""

import json
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.client import ConnectMode
from mcp.types import CallToolResult, TextContent

from batonmcp.examples import analytics_agent, config_agent, data_agent
from batonmcp.examples.sample_agent import ArgumentUnusable, SampleAgent, Schema, record, rows

AGENTS = [data_agent.AGENT, analytics_agent.AGENT, config_agent.AGENT]

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on the event loop that the agents run on."""
    return "asyncio"


@pytest.fixture(params=AGENTS, ids=lambda agent: agent.name)
def agent(request: pytest.FixtureRequest) -> SampleAgent:
    """Each sample agent in turn."""
    return request.param


async def call(agent: SampleAgent, arguments: dict[str, Any] | None, *, mode: ConnectMode = "auto") -> CallToolResult:
    """Return what the agent's tool gives over MCP; the client checks it against the output schema."""
    with anyio.fail_after(10):
        async with Client(agent.server(), mode=mode) as client:
            return await client.call_tool(agent.tool, arguments)


def text_of(result: CallToolResult) -> str:
    """Return the result's one text."""
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


def properties(schema: Schema) -> Iterator[Schema]:
    """Yield every property of an object schema, at any depth."""
    for member in schema.get("properties", {}).values():
        yield member
        yield from properties(member)
        yield from properties(member.get("items", {}))


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_introduces_itself(agent: SampleAgent, mode: ConnectMode) -> None:
    """A host learns the name, the display name and what the server is for, and that it has tools only."""
    with anyio.fail_after(10):
        async with Client(agent.server(), mode=mode) as client:
            info, capabilities = client.server_info, client.server_capabilities
    assert info is not None
    assert (info.name, info.title, info.description) == (agent.name, agent.title, agent.description)
    assert agent.title == agent.name.replace("_", " ").title()
    assert [*capabilities.model_dump(exclude_none=True)] == ["tools"]


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_shows_one_tool_with_exact_schemas(agent: SampleAgent, mode: ConnectMode) -> None:
    """The argument is a plain optional string with examples, and everything that comes back is described."""
    with anyio.fail_after(10):
        async with Client(agent.server(), mode=mode) as client:
            [tool] = (await client.list_tools()).tools
    assert tool.name == agent.tool
    assert tool.description == agent.tool_description
    assert tool.input_schema == {
        "type": "object",
        "properties": {
            agent.argument: {
                "type": "string",
                "description": f'Name of the {agent.argument}. Leave it out, or say "all", for the whole system.',
                "examples": [*agent.examples],
            },
        },
        "additionalProperties": False,
    }
    assert tool.output_schema == agent.output
    assert all("description" in member for member in properties(agent.output))
    assert set(agent.examples) < agent.parts.keys()


async def test_says_honestly_that_it_only_reads(agent: SampleAgent) -> None:
    """The annotations are complete, so that nobody has to assume the worst."""
    with anyio.fail_after(10):
        async with Client(agent.server()) as client:
            [tool] = (await client.list_tools()).tools
    assert tool.annotations is not None
    assert tool.annotations.model_dump(by_alias=True, exclude_none=True) == {
        "readOnlyHint": True,
        "destructiveHint": False,
        "idempotentHint": True,
        "openWorldHint": False,
    }


@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize("arguments", [None, {}])
async def test_answers_for_the_whole_system_without_an_argument(
    agent: SampleAgent,
    arguments: dict[str, Any] | None,
    mode: ConnectMode,
) -> None:
    """Without a name the answer is about all, every component is in it, and text and data say the same."""
    result = await call(agent, arguments, mode=mode)
    assert not result.is_error
    assert result.structured_content is not None
    assert result.structured_content[agent.argument] == "all"
    assert json.loads(text_of(result)) == result.structured_content
    table = next(key for key, schema in agent.output["properties"].items() if schema["type"] == "array")
    assert {row["component"] for row in result.structured_content[table]} == {
        part.name for parts in agent.parts.values() for part in parts
    }


async def test_the_name_in_an_answer_can_be_asked_for(agent: SampleAgent) -> None:
    """Every known name, "all" included, gives an answer under that name, and the whole is made of its parts."""
    answers = {name: (await call(agent, {agent.argument: name})).structured_content for name in ["all", *agent.parts]}
    for name, answer in answers.items():
        assert answer is not None
        assert answer[agent.argument] == name
    whole = answers.pop("all")
    assert whole == (await call(agent, {})).structured_content
    assert whole is not None
    for key in [key for key, value in whole.items() if isinstance(value, list)]:
        assert whole[key] == [row for answer in answers.values() if answer is not None for row in answer[key]]


async def test_forgives_case_and_surrounding_space(agent: SampleAgent) -> None:
    """A name as a person may type it gives the same answer."""
    name = agent.examples[0]
    assert await call(agent, {agent.argument: f"  {name.upper()}\n"}) == await call(agent, {agent.argument: name})


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_an_unknown_name_is_an_error_with_the_nearest_name(agent: SampleAgent, mode: ConnectMode) -> None:
    """The error names what was asked for, suggests the nearest name and lists them all."""
    name = agent.examples[0]
    result = await call(agent, {agent.argument: name.replace("e", "", 1)}, mode=mode)
    assert result.is_error
    assert result.structured_content is None
    assert text_of(result) == (
        f"Unknown {agent.argument} {name.replace('e', '', 1)!r}. Did you mean {name!r}? "
        f"Known names: {', '.join(agent.parts)}. Leave {agent.argument!r} out for the whole system."
    )


@pytest.mark.parametrize("name", ["", "   ", "xyzzy"])
async def test_a_name_like_no_other_is_an_error_without_a_suggestion(agent: SampleAgent, name: str) -> None:
    """Nothing is suggested where nothing is near, and an empty name does not stand for everything."""
    result = await call(agent, {agent.argument: name})
    assert result.is_error
    assert text_of(result).startswith(f"Unknown {agent.argument} {name!r}. Known names: ")


@pytest.mark.parametrize(("value", "shown"), [(None, "null"), (5, "5"), (["search"], '["search"]')])
async def test_a_name_that_is_no_string_is_an_error(agent: SampleAgent, value: object, shown: str) -> None:
    """The error says what is expected instead."""
    result = await call(agent, {agent.argument: value})
    assert result.is_error
    assert text_of(result).startswith(f"{agent.argument!r} must be a string, not {shown}. Known names: ")


async def test_an_unknown_argument_is_an_error(agent: SampleAgent) -> None:
    """A misspelt argument is never silently an answer for the whole system."""
    result = await call(agent, {"nam": "search"})
    assert result.is_error
    assert text_of(result) == f"Unknown argument 'nam'. The only argument of {agent.tool} is {agent.argument!r}."


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_an_unknown_tool_is_a_protocol_error(agent: SampleAgent, mode: ConnectMode) -> None:
    """As the protocol has it, with a sentence that says what there is."""
    with anyio.fail_after(10):
        async with Client(agent.server(), mode=mode) as client:
            with pytest.raises(MCPError, match=rf"Unknown tool 'nope'\. The only tool is '{agent.tool}'\.") as error:
                await client.call_tool("nope", {})
    assert error.value.code == -32602


async def test_is_deterministic(agent: SampleAgent) -> None:
    """The same question gets the same answer, to the letter."""
    assert await call(agent, {}) == await call(agent, {})


def test_select_explains_what_it_cannot_use() -> None:
    """The decision is made without any connection."""
    with pytest.raises(ArgumentUnusable, match="Did you mean 'search'"):
        data_agent.AGENT.select({"entity": "serach"})


def test_record_and_rows_are_closed() -> None:
    """An object schema asks for exactly the properties it names."""
    closed = {
        "type": "object",
        "properties": {"n": {"type": "number"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    assert record(n={"type": "number"}) == closed
    assert rows("Numbers.", n={"type": "number"}) == {"type": "array", "description": "Numbers.", "items": closed}
