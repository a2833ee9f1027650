"""The listing of a server, and the form in which it is kept."""

from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import ListToolsResult, PaginatedRequestParams, ToolAnnotations
from mcp_types import Tool as McpTool
from pydantic import JsonValue

from batonmcp.downstream.listing import Listing, list_tools, read_listing

pytestmark = pytest.mark.anyio

TIME_S = 10.0
TOOL = McpTool(
    name="today",
    description="Tells it.",
    input_schema={"type": "object", "properties": {"city": {"type": "string"}}},
    output_schema={"type": "object"},
    annotations=ToolAnnotations(read_only_hint=True),
)


def paged(*cursors: str | None) -> Server[Any]:
    """Return a server with a page for each of these cursors, which name the next one."""
    asked = 0

    async def page(_context: ServerRequestContext[Any], _params: PaginatedRequestParams | None) -> ListToolsResult:
        nonlocal asked
        asked += 1
        return ListToolsResult(
            tools=[McpTool(name=f"t{asked}", input_schema={"type": "object"})], next_cursor=cursors[asked - 1]
        )

    return Server("paged", on_list_tools=page)


@pytest.mark.parametrize("cursors", [("a", "b", None), ("a", "b", ""), ("a", "a", "b")])
async def test_pages_end_with_no_cursor_an_empty_one_or_a_known_one(cursors: tuple[str | None, ...]) -> None:
    """What leads nowhere or in circles is the end of the list, and what was listed is kept."""
    with anyio.fail_after(TIME_S):
        async with Client(paged(*cursors), mode="legacy", cache=None) as client:
            found = await list_tools(client, "p")
    assert len(found.tools) == cursors.index(cursors[-1]) + 1 if cursors[-1] != "b" else 2
    assert (found.title, found.complete) == ("p", True)


async def test_listings_are_compared_as_a_whole() -> None:
    """Any difference counts: a tool, their number, the title, what was left out."""
    tools = tuple(TOOL.model_copy(update={"name": f"t{number}"}) for number in range(500))
    listing = Listing(title="Weather", tools=tools)
    assert await listing.equals(Listing(title="Weather", tools=tuple(tool.model_copy() for tool in tools)))
    for other in (
        Listing(title="Weather", tools=(*tools[:-1], TOOL)),
        Listing(title="Weather", tools=tools[:-1]),
        Listing(title="Climate", tools=tools),
        Listing(title="Weather", tools=tools, left_out=("no. 2",)),
    ):
        assert not await listing.equals(other)


def test_listing_is_kept_and_read_again() -> None:
    """What was kept is what is read, and it is plain JSON."""
    listing = Listing(title="Weather", tools=(TOOL,), complete=False, left_out=("no. 2",))
    assert read_listing(dict(listing.as_json())) == listing


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"form": 2, "title": "W", "tools": [], "complete": True, "left_out": []},
        {"form": 1, "title": "W", "tools": [{"name": 1}], "complete": True, "left_out": []},
        {"form": 1, "tools": []},
    ],
)
def test_anything_else_is_nothing(document: JsonValue) -> None:
    """What another version has kept, or somebody has spoilt, is as good as forgotten."""
    assert read_listing(document) is None
