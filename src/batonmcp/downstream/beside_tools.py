"""What a server offers beside its tools: prompts and resources, which batonmcp does not pass on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from mcp import Client, MCPError
from mcp_types import METHOD_NOT_FOUND, ListPromptsResult, ListResourcesResult, ListResourceTemplatesResult

__all__ = ["BesideTools", "beside_tools"]

_MOST_PAGES: Final = 20

_Page = TypeVar("_Page", ListPromptsResult, ListResourcesResult, ListResourceTemplatesResult)


@dataclass(frozen=True, slots=True, kw_only=True)
class BesideTools:
    """The names of what a server offers beside its tools.

    Attributes:
        prompts: The names of its prompts.
        resources: The names of its resources and of its templates for them.
    """

    prompts: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()


async def beside_tools(client: Client) -> BesideTools:
    """Have a server list its prompts and resources, as far as it says that it has any."""
    offers = client.server_capabilities
    prompts = [prompt.name for page in await _pages(client.list_prompts, offers.prompts) for prompt in page.prompts]
    resources = [
        found.name for page in await _pages(client.list_resources, offers.resources) for found in page.resources
    ]
    resources += [
        template.name
        for page in await _pages(client.list_resource_templates, offers.resources)
        for template in page.resource_templates
    ]
    return BesideTools(prompts=tuple(prompts), resources=tuple(resources))


async def _pages(list_: Callable[..., Awaitable[_Page]], offered: object) -> list[_Page]:
    """Follow the cursors, but not in circles; what is declared and then unknown is nothing."""
    pages: list[_Page] = []
    cursor: str | None = None
    seen: set[str] = set()
    while offered is not None and len(pages) < _MOST_PAGES:
        try:
            page = await list_(cursor=cursor)
        except MCPError as error:
            if error.code == METHOD_NOT_FOUND:
                break
            raise
        pages.append(page)
        cursor = page.next_cursor
        if not cursor or cursor in seen:
            break
        seen.add(cursor)
    return pages
