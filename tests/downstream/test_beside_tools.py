"""What a server offers beside its tools."""

from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import (
    INTERNAL_ERROR,
    METHOD_NOT_FOUND,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    PaginatedRequestParams,
    Prompt,
    Resource,
    ResourceTemplate,
)

from batonmcp.downstream.beside_tools import BesideTools, beside_tools

pytestmark = pytest.mark.anyio

TIME_S = 10.0


def server(*, circle: bool = False, refuses: int | None = None) -> Server[Any]:
    """Return a server with prompts on two pages, a resource and a template."""

    async def prompts(_: ServerRequestContext[Any], params: PaginatedRequestParams | None) -> ListPromptsResult:
        cursor = params.cursor if params else None
        names, following = (["a", "b"], "2") if cursor is None else (["c"], "2" if circle else None)
        return ListPromptsResult(prompts=[Prompt(name=name) for name in names], next_cursor=following)

    async def resources(_: ServerRequestContext[Any], _params: PaginatedRequestParams | None) -> ListResourcesResult:
        if refuses is not None:
            raise MCPError(code=refuses, message="no")
        return ListResourcesResult(resources=[Resource(name="readme", uri="file:///readme")])

    async def templates(
        _: ServerRequestContext[Any], _params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        return ListResourceTemplatesResult(
            resource_templates=[ResourceTemplate(name="day", uri_template="day:///{date}")]
        )

    return Server("s", on_list_prompts=prompts, on_list_resources=resources, on_list_resource_templates=templates)


async def asked(server: Server[Any]) -> BesideTools:
    """Ask a server."""
    with anyio.fail_after(TIME_S):
        async with Client(server, mode="legacy", cache=None) as client:
            return await beside_tools(client)


async def test_all_pages_are_listed() -> None:
    """Prompts, resources and templates are known by name."""
    assert await asked(server()) == BesideTools(prompts=("a", "b", "c"), resources=("readme", "day"))


async def test_pages_in_a_circle_end() -> None:
    """A cursor that was seen is not followed again."""
    assert (await asked(server(circle=True))).prompts == ("a", "b", "c")


async def test_a_server_without_any() -> None:
    """What is not declared is not asked for."""
    assert await asked(Server("s")) == BesideTools()


async def test_what_is_declared_and_unknown_is_nothing() -> None:
    """Servers declare more than they know; another error is one."""
    assert (await asked(server(refuses=METHOD_NOT_FOUND))).resources == ("day",)
    with anyio.fail_after(TIME_S):
        async with Client(server(refuses=INTERNAL_ERROR), mode="legacy", cache=None) as client:
            with pytest.raises(MCPError):
                await beside_tools(client)
