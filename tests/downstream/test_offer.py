"""The offer of a server."""

from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import ListToolsResult, PaginatedRequestParams
from mcp_types import Tool as McpTool

from batonmcp.config.settings import ServerSettings, StdioServer
from batonmcp.downstream.offer import Offer
from doubles.notebook import Notebook

pytestmark = pytest.mark.anyio

TIME_S = 10.0
SETTINGS = ServerSettings(name="w", transport=StdioServer(command="weather"))


def server(names: list[str]) -> Server[Any]:
    """Return a server whose tools are these, whenever it is asked."""

    async def list_tools(
        _context: ServerRequestContext[Any], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[McpTool(name=name, input_schema={"type": "object"}) for name in names])

    return Server("weather", title="Weather", on_list_tools=list_tools)


async def test_offer_is_read_and_read_again() -> None:
    """A change is told from none, and the catalogue is exchanged as a whole only then."""
    names = ["today"]
    offer = Offer(SETTINGS, {}, Notebook())
    assert (offer.title, offer.catalogue, offer.tool("today")) == ("w", None, None)
    with anyio.fail_after(TIME_S):
        async with Client(server(names), mode="legacy", cache=None) as client:
            assert await offer.read(client, ["of before"])
            first = offer.catalogue
            assert not await offer.read(client, [])
            assert offer.catalogue is first
            names.append("tomorrow")
            assert await offer.read(client, [])
    assert offer.title == "Weather"
    assert offer.tool("tomorrow") is not None
    assert offer.tool("yesterday") is None
    assert first is not None
    assert list(first.tools) == ["today"]


async def test_offer_is_kept_for_the_next_process() -> None:
    """What one process has read the next one knows, of a server that is defined in the same way."""
    notebook = Notebook()
    before = Offer(SETTINGS, {}, notebook)
    await before.keep()
    assert not notebook.pages
    with anyio.fail_after(TIME_S):
        async with Client(server(["today"]), mode="legacy", cache=None) as client:
            await before.read(client, [])
    await before.keep()
    after = Offer(SETTINGS, {}, notebook)
    await after.recall()
    assert after.title == "Weather"
    assert after.tool("today") is not None
    other = Offer(ServerSettings(name="w", transport=StdioServer(command="other")), {}, notebook)
    await other.recall()
    assert other.catalogue is None


async def test_servers_json_is_seen_at_once() -> None:
    """New effects and a new list of denied tools count without asking the server again."""
    offer = Offer(SETTINGS, {}, Notebook())
    offer.adopt(SETTINGS, {"w__*": "read"})
    with anyio.fail_after(TIME_S):
        async with Client(server(["a", "b"]), mode="legacy", cache=None) as client:
            await offer.read(client, [])
    assert offer.catalogue is not None
    assert [tool.effect.kind for tool in offer.catalogue.tools.values()] == ["read", "read"]
    denying = ServerSettings(name="w", transport=SETTINGS.transport, deny=("b",))
    offer.adopt(denying, {"w__a": "destructive"})
    assert [(tool.name, tool.effect.kind) for tool in offer.catalogue.tools.values()] == [("a", "destructive")]
