"""The catalogue of a server, listed from one in the same process."""

from collections.abc import Sequence
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.client.client import ConnectMode
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import INTERNAL_ERROR, ListToolsResult, PaginatedRequestParams, ToolAnnotations
from mcp_types import Tool as McpTool

from batonmcp.config.settings import ServerSettings
from batonmcp.core.effect import EffectKind
from batonmcp.downstream.catalogue import Catalogue, catalogue_of, difference
from batonmcp.downstream.listing import list_tools

pytestmark = pytest.mark.anyio

TIME_S = 10.0
OBJECT: dict[str, Any] = {"type": "object", "properties": {"city": {"type": "string"}}}


def tool(name: str, **more: Any) -> McpTool:  # noqa: ANN401 - the fields of a tool
    """Return a tool as a server defines it."""
    return McpTool(name=name, input_schema=OBJECT, **more)


def server(*pages: Sequence[McpTool], title: str | None = "Weather", endless: bool = False) -> Server[Any]:
    """Return a server that lists its tools on these pages, or the last of them for ever under ever new cursors."""

    async def list_tools(_context: ServerRequestContext[Any], params: PaginatedRequestParams | None) -> ListToolsResult:
        number = int((params and params.cursor) or 0)
        more = endless or number + 1 < len(pages)
        return ListToolsResult(
            tools=list(pages[min(number, len(pages) - 1)]), next_cursor=str(number + 1) if more else None
        )

    return Server("weather", title=title, on_list_tools=list_tools)


async def listed(
    source: Server[Any],
    *,
    effects: dict[str, EffectKind] | None = None,
    untrusted: bool = False,
    malformed: Sequence[str] = (),
    mode: ConnectMode = "legacy",
    **entry: Any,  # noqa: ANN401 - the fields of an entry
) -> Catalogue:
    """Return the catalogue of a server that servers.json calls `w`."""
    settings = ServerSettings(name="w", transport=None, untrusted=untrusted, **entry)
    with anyio.fail_after(TIME_S):
        async with Client(source, mode=mode, cache=None) as client:
            return catalogue_of(await list_tools(client, "w", malformed), settings, effects or {})


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_tool_becomes_an_entry(mode: ConnectMode) -> None:
    """An entry holds names, the agent's display name, description, schemas and effect."""
    output = {"type": "object", "properties": {"temp": {"type": "number"}}}
    hints = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    found = await listed(
        server([tool("today", description="Tells it.", output_schema=output, annotations=hints)]), mode=mode
    )
    (entry,) = found.tools.values()
    assert (entry.qualified, entry.server, entry.name, entry.agent) == ("w__today", "w", "today", "Weather")
    assert (entry.description, entry.input_schema.document) == ("Tells it.", OBJECT)
    assert entry.output_schema is not None
    assert entry.output_schema.document == output
    assert (entry.effect.kind, entry.effect.source, entry.effect.open_world) == ("read", "declared", False)
    assert (found.title, found.trouble) == ("Weather", None)


async def test_silent_tool_is_described_as_far_as_possible() -> None:
    """Without a description its title stands in; without annotations and output schema nothing is made up."""
    found = await listed(server([tool("put", title="Put it"), tool("delete_all")], title=None))
    put, delete = found.tools.values()
    assert (found.title, put.agent) == ("w", "w")
    assert (put.description, delete.description) == ("Put it", "")
    assert put.output_schema is None
    assert (put.effect.kind, delete.effect.kind) == ("write", "destructive")
    assert {put.effect.source, delete.effect.source} == {"guessed"}


async def test_configuration_decides_over_annotations() -> None:
    """`effects` and `untrusted` of servers.json count for more than what a server says of itself."""
    hints = ToolAnnotations(read_only_hint=True)
    source = server([tool("delete_log", annotations=hints), tool("get", annotations=hints)])
    found = await listed(source, effects={"w__g*": "destructive"}, untrusted=True)
    assert [(entry.effect.kind, entry.effect.source) for entry in found.tools.values()] == [
        ("destructive", "guessed"),
        ("destructive", "set"),
    ]


async def test_awkward_name_gets_an_alias() -> None:
    """A name that endpoints refuse gets an alias; the server is called by its own name for it."""
    found = await listed(server([tool("wetter.heute/mo"), tool("x" * 100)]))
    for entry, name in zip(found.tools.values(), ("wetter.heute/mo", "x" * 100), strict=True):
        assert entry.name == name
        assert entry.qualified != f"w__{name}"
        assert len(entry.qualified) <= 64


async def test_every_page_is_read() -> None:
    """All pages are followed, in order; a tool that is repeated as it was is listed once."""
    found = await listed(server([tool("a"), tool("b")], [], [tool("b"), tool("c")]))
    assert [entry.name for entry in found.tools.values()] == ["a", "b", "c"]
    assert found.trouble is None


async def test_endless_pages_come_to_an_end() -> None:
    """Ever new cursors are not followed for ever, and what was listed is kept with a word about the rest."""
    found = await listed(server([tool("a")], endless=True))
    assert [entry.name for entry in found.tools.values()] == ["a"]
    assert found.trouble == "Weather (w) lists tools on more than 100 pages; the rest was left out."


async def test_name_used_twice_means_neither() -> None:
    """Of two different tools with one name none can be called for certain: both are left out, and it is said."""
    found = await listed(server([tool("a"), tool("b")], [tool("a", description="another")]))
    assert [entry.name for entry in found.tools.values()] == ["b"]
    assert found.trouble == "Weather (w) has several tools called a; they were left out."


async def test_all_names_that_a_server_lists_are_known() -> None:
    """Also those of tools that are not used: by servers.json, for having a name twice, or for not being MCP."""
    found = await listed(
        server([tool("a"), tool("b"), tool("c"), tool("c", description="another")]), malformed=["bad"], deny=("b",)
    )
    assert list(found.tools) == ["a"]
    assert list(found.offered) == ["a", "b", "c", "bad"]


async def test_all_that_was_left_out_is_told() -> None:
    """Several reasons are several sentences."""
    found = await listed(server([tool("a"), tool("a", description="another")]), malformed=["no. 2", "bad"])
    assert found.trouble == (
        "Weather (w) has several tools called a; they were left out. "
        "Weather (w) describes tools in a way that is not MCP (no. 2, bad); they were left out."
    )


async def test_server_without_tools_is_not_asked_for_any() -> None:
    """A server that offers prompts only has an empty catalogue, not an error."""
    found = await listed(Server("prompts", title="Prompts"))
    assert found == Catalogue(title="Prompts", tools={}, trouble=None)


async def test_refusal_is_the_servers_error() -> None:
    """A server that cannot list its tools is not taken for one that has none."""

    async def refuse(_context: ServerRequestContext[Any], _params: PaginatedRequestParams | None) -> ListToolsResult:
        raise MCPError(INTERNAL_ERROR, "no list today")

    with pytest.RaisesGroup(pytest.RaisesExc(MCPError, match="no list today"), flatten_subgroups=True):
        await listed(Server("weather", on_list_tools=refuse))


@pytest.mark.parametrize(
    ("allow", "deny", "names"),
    [
        ((), (), ["get_a", "get_b", "put_a"]),
        (("get_*",), (), ["get_a", "get_b"]),
        ((), ("*_a",), ["get_b"]),
        (("get_*", "put_a"), ("get_b",), ["get_a", "put_a"]),
        (("GET_*",), (), []),
    ],
)
async def test_entry_says_which_tools_are_used(allow: Sequence[str], deny: Sequence[str], names: list[str]) -> None:
    """`allow` and `deny` are globs over the tools' own names; what is denied is not used although it is allowed."""
    found = await listed(server([tool("get_a"), tool("get_b"), tool("put_a")]), allow=tuple(allow), deny=tuple(deny))
    assert list(found.tools) == names
    assert found.trouble is None


READS = ToolAnnotations(read_only_hint=True)


@pytest.mark.parametrize(
    ("planned", "now", "reason"),
    [
        (tool("a"), tool("a"), None),
        (tool("a", description="Same."), tool("a", description="Same.", title="Not what is judged"), None),
        (tool("a"), None, "Weather no longer offers a."),
        (tool("a", annotations=READS), None, "Weather no longer offers a."),
        (tool("a", annotations=READS), tool("a", annotations=READS, description="Better."), None),
        (tool("a", annotations=READS), tool("a"), "Weather has changed a since the plan was made."),
        (tool("a"), tool("a", description="Other."), "Weather has changed a since the plan was made."),
        (
            tool("a"),
            McpTool(name="a", input_schema={"type": "object"}),
            "Weather has changed a since the plan was made.",
        ),
    ],
)
async def test_difference_matters_where_more_than_reading_is_at_stake(
    planned: McpTool, now: McpTool | None, reason: str | None
) -> None:
    """A changed tool is called only if it read and still reads; one that has gone is not called."""
    before = (await listed(server([planned]))).tools["a"]
    after = (await listed(server([now] if now else []))).tools.get("a")
    assert difference(before, after) == reason
    assert difference(before, before) is None
