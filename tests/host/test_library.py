"""Listing and reading resources of other servers, with an SDK client of either era as the host."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
import anyio.lowlevel
import pytest
from mcp import Client, MCPError
from mcp_types import EmbeddedResource, ResourceLink, TextResourceContents

from batonmcp.core.attachment import Attachment, Contents
from batonmcp.core.caller import Caller
from batonmcp.core.events import Emit
from batonmcp.core.limits import Limits
from batonmcp.host.resources import address
from batonmcp.host.server import Front
from batonmcp.stages.task import Task
from doubles.asking import AskingBackend

pytestmark = pytest.mark.anyio

Connect = Callable[[AskingBackend], AbstractAsyncContextManager[Client]]

TIME_S = 20.0
README = address("github", "repo://o/README.md")
LINK = Attachment(uri="repo://o/README.md", name="README.md")


async def nothing(_task: Task, _listen: Emit, _caller: Caller) -> str:
    """Do nothing."""
    await anyio.lowlevel.checkpoint()
    return "done"


@pytest.fixture(params=["legacy", "auto"])
def connect(request: pytest.FixtureRequest) -> Connect:
    """Connect a host of one era that has run a task."""

    @asynccontextmanager
    async def connect(backend: AskingBackend) -> AsyncGenerator[Client]:
        front = Front(backend.open, agents=[], limits=Limits())
        with anyio.fail_after(TIME_S):
            async with Client(front.server, mode=request.param, cache=None) as host:
                await host.call_tool("orchestrate", {"query": "q"})
                yield host

    return connect


def text_of(contents: object) -> str:
    """Return the text of a resource."""
    assert isinstance(contents, TextResourceContents)
    return contents.text


async def test_a_link_can_be_read(connect: Connect) -> None:
    """The address in the reply is read by asking the server whose resource it is, with its own address."""
    there = Contents(uri=LINK.uri, mime="text/markdown", text="# Hi")
    backend = AskingBackend(nothing, [LINK], {("github", LINK.uri): [there]})
    async with connect(backend) as host:
        result = await host.call_tool("orchestrate", {"query": "q"})
        link = result.content[1]
        assert isinstance(link, ResourceLink)
        assert link.uri == README
        (contents,) = (await host.read_resource(link.uri)).contents
    assert (contents.uri, contents.mime_type, text_of(contents)) == (README, "text/markdown", "# Hi")
    assert backend.asked_to_read == [LINK.uri]


async def test_what_a_result_held_is_not_asked_for_again(connect: Connect) -> None:
    """Its contents come from the result, embedded and read."""
    held = Attachment(uri="repo://o/a", name="a", contents=Contents(uri="repo://o/a", text="held"))
    backend = AskingBackend(nothing, [held])
    async with connect(backend) as host:
        embedded = (await host.call_tool("orchestrate", {"query": "q"})).content[1]
        assert isinstance(embedded, EmbeddedResource)
        (contents,) = (await host.read_resource(embedded.resource.uri)).contents
    assert text_of(embedded.resource) == text_of(contents) == "held"
    assert backend.asked_to_read == []


async def test_parts_can_be_read_in_turn(connect: Connect) -> None:
    """A folder's files come with addresses of their own, which can be read from us."""
    parts = [Contents(uri="repo://o/a", text="A"), Contents(uri="repo://o/b", text="B")]
    resources = {("github", "repo://o/"): parts, ("github", "repo://o/b"): parts[1:]}
    async with connect(AskingBackend(nothing, [Attachment(uri="repo://o/", name="o")], resources)) as host:
        folder = await host.read_resource(address("github", "repo://o/"))
        assert [contents.uri for contents in folder.contents] == [address("github", part.uri) for part in parts]
        (contents,) = (await host.read_resource(folder.contents[1].uri)).contents
        assert text_of(contents) == "B"


@pytest.mark.parametrize(
    "uri", [LINK.uri, address("gitlab", LINK.uri), "file:///etc/passwd", "http://127.0.0.1/", "batonmcp://"]
)
async def test_nothing_else_is_read(uri: str, connect: Connect) -> None:
    """An address that no result has named is refused, whatever it is, and nobody is asked."""
    backend = AskingBackend(nothing, [LINK])
    async with connect(backend) as host:
        with pytest.raises(MCPError, match="No result has named the resource"):
            await host.read_resource(uri)
    assert backend.asked_to_read == []


async def test_a_server_that_cannot_read_it(connect: Connect) -> None:
    """The reason reaches the host."""
    async with connect(AskingBackend(nothing, [LINK])) as host:
        with pytest.raises(MCPError, match=r"github has no repo://o/README.md\."):
            await host.read_resource(README)


async def test_reading_after_the_backend_has_gone() -> None:
    """What is behind may be closing down: that is said."""
    front = Front(AskingBackend(nothing, [LINK]).open, agents=[], limits=Limits())
    with anyio.fail_after(TIME_S):
        async with Client(front.server) as host:
            await host.call_tool("orchestrate", {"query": "q"})
            front.stop()
            await front.stopped.wait()
            with pytest.raises(MCPError, match="shutting down"):
                await host.read_resource(README)


async def test_they_are_listed(connect: Connect) -> None:
    """What results have named is listed in pages, newest first; a cursor of somebody else's is refused."""
    async with connect(AskingBackend(nothing, [Attachment(uri=f"a://{n}", name=str(n)) for n in range(150)])) as host:
        first = await host.list_resources()
        rest = await host.list_resources(cursor=first.next_cursor)
        assert [r.name for r in first.resources + rest.resources] == [str(n) for n in reversed(range(150))]
        assert rest.next_cursor is None
        with pytest.raises(MCPError, match="none of ours"):
            await host.list_resources(cursor="x")


async def test_at_first_there_are_none() -> None:
    """Before anything has run the list is empty."""
    front = Front(AskingBackend(nothing).open, agents=[], limits=Limits())
    with anyio.fail_after(TIME_S):
        async with Client(front.server) as host:
            assert (await host.list_resources()).resources == []


async def test_templates_are_asked_for(connect: Connect) -> None:
    """A host that lists resources lists templates as well, and hears that there are none."""
    async with connect(AskingBackend(nothing, [LINK])) as host:
        assert (await host.list_resource_templates()).resource_templates == []


async def test_an_error_says_which_resource(connect: Connect) -> None:
    """What cannot be found is told as data, too."""
    async with connect(AskingBackend(nothing, [LINK])) as host:
        with pytest.raises(MCPError) as unknown:
            await host.read_resource("repo://elsewhere/file")
    assert unknown.value.error.data == {"uri": "repo://elsewhere/file"}
