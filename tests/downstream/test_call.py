"""One call of a tool, and what is said when it comes to nothing."""

from dataclasses import replace
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.dispatcher import ProgressFnT
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams, TextContent
from pydantic import TypeAdapter, ValidationError

from batonmcp.config.lineage import CHAIN, OUR_MARK
from batonmcp.config.settings import HttpServer, ServerSettings, StdioServer
from batonmcp.core.caller import NOBODY, Progress
from batonmcp.downstream.call import CURRENT_CALL, DECLINED, Call, Lost, Rejected, Send, meta_of, rejected
from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.http.failure import HttpFailure
from batonmcp.downstream.trouble import Evidence

pytestmark = pytest.mark.anyio

TIME_S = 10.0


def evidence(refusal: int | None = None, *, over_http: bool = True) -> Evidence:
    """Return what is known of a connection whose last answer was refused with this status."""
    settings = ServerSettings(name="w", transport=HttpServer(url="http://127.0.0.1/mcp"))
    found = Evidence(settings=settings, connect_timeout=1)
    if over_http:
        found.exchange = HttpExchange()
        found.exchange.refusal = refusal
    return found


def no_result() -> ValidationError:
    """Return the error that a malformed result causes."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(dict[str, int]).validate_python({"content": []})
    return caught.value


def server() -> Server[Any]:
    """Return a server that says the tool's name, refuses `refuse` and never answers `hang`."""

    async def list_tools(
        _context: ServerRequestContext[Any], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        return ListToolsResult(tools=[])

    async def call_tool(_context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        if params.name == "refuse":
            raise MCPError(-32602, "no such city")
        if params.name == "hang":
            await anyio.sleep_forever()
        return CallToolResult(content=[TextContent(text=params.name)])

    return Server("w", on_list_tools=list_tools, on_call_tool=call_tool)


def sender(name: str) -> Send[CallToolResult]:
    """Return what calls a tool."""
    return lambda client, progressed: client.call_tool(name, {}, progress_callback=progressed)


async def test_call_keeps_result_or_error() -> None:
    """What comes of a call is kept in it, and `done` tells that something has."""
    good, bad = Call(sender("echo")), Call(sender("refuse"))
    with anyio.fail_after(TIME_S):
        async with Client(server(), mode="legacy") as client, anyio.create_task_group() as tasks:
            for call in (good, bad):
                tasks.start_soon(call.perform, client)
                await call.done.wait()
    assert good.result is not None
    assert good.error is None
    assert str(bad.error) == "no such city"
    assert bad.result is None
    assert not bad.cut_off


async def test_call_knows_itself_and_tells_its_caller_of_progress() -> None:
    """What runs in a call's context can find it, and progress reaches whoever made it."""
    heard: list[Progress] = []
    found: list[object] = []

    async def send(_client: Client, progressed: ProgressFnT) -> CallToolResult:
        found.append(CURRENT_CALL.get())
        await progressed(1, 3, "one")
        await progressed(2, None, None)
        return CallToolResult(content=[])

    call = Call(send, replace(NOBODY, progressed=heard.append))
    with anyio.fail_after(TIME_S):
        async with Client(server(), mode="legacy") as client, anyio.create_task_group() as tasks:
            tasks.start_soon(call.perform, client)
    assert heard == [Progress(done=1, total=3, message="one"), Progress(done=2)]
    assert found == [call]
    assert CURRENT_CALL.get() is None


async def test_call_that_is_left_is_done_without_either() -> None:
    """Cancelling a call's own scope ends it alone, and leaves neither result nor error."""
    call = Call(sender("hang"))
    with anyio.fail_after(TIME_S):
        async with Client(server(), mode="legacy") as client, anyio.create_task_group() as tasks:
            tasks.start_soon(call.perform, client)
            call.scope.cancel()
            await call.done.wait()
    assert (call.result, call.error) == (None, None)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, True),
        (MCPError(-32000, "Connection closed"), True),
        (anyio.BrokenResourceError(), True),
        (OSError("gone"), True),
        (MCPError(-32000, "quota exceeded"), False),
        (MCPError(-32602, "Connection closed"), False),
        (RuntimeError("odd"), False),
    ],
)
async def test_cut_off_is_told_from_an_answer(error: Exception | None, expected: bool) -> None:  # noqa: FBT001
    """Only what a broken connection causes counts as one: servers use its error code for reasons of their own."""
    call = Call(sender("x"))
    call.error = error
    assert call.cut_off is expected


@pytest.mark.parametrize(
    ("error", "refusal", "message", "unsure"),
    [
        (MCPError(-32602, "no such\n city."), None, "Weather answered: no such city.", False),
        (MCPError(-32603, "Internal error"), None, "Weather answered: Internal error.", False),
        (MCPError(-32000, "SSE stream ended"), None, "Weather answered: SSE stream ended.", True),
        (MCPError(-32700, "Failed to parse"), None, "Weather answered: Failed to parse.", True),
        (MCPError(-32602, "bad city"), 400, "Weather answered: bad city.", False),
        (
            no_result(),
            None,
            "Weather answered with something that is no result (content: Input should be a valid integer).",
            True,
        ),
        (RuntimeError("odd"), None, "Weather answered with something that is no result (odd).", True),
    ],
)
async def test_answer_that_is_no_result_is_told(
    error: Exception,
    refusal: int | None,
    message: str,
    unsure: bool,  # noqa: FBT001
) -> None:
    """The server's own words are told on one line; where its answer was lost or unreadable, the tool may have run."""
    found = rejected(error, evidence(refusal), "Weather")
    assert isinstance(found, Rejected)
    assert (str(found), found.unsure) == (message, unsure)


@pytest.mark.parametrize(("status", "unsure"), [(401, False), (403, False), (429, False), (500, True), (503, True)])
async def test_refusal_over_http_is_told_by_its_status(status: int, unsure: bool) -> None:  # noqa: FBT001
    """The SDK hides the status of a refusal; a failure of the server itself may have come after the deed."""
    found = over_http(HttpFailure(kind="refused", status=status))
    assert isinstance(found, Rejected)
    assert str(found).startswith(f"Weather answered {status}")
    assert found.unsure is unsure


async def test_request_that_never_left_is_lost_unsent() -> None:
    """A server that cannot be reached has done nothing."""
    found = over_http(HttpFailure(kind="unreachable", said="connection refused"))
    assert isinstance(found, Lost)
    assert str(found).startswith("Weather cannot be reached at http://127.0.0.1/mcp (connection refused).")
    assert not found.sent


def over_http(failure: HttpFailure) -> Lost | Rejected:
    """Return what a call is told whose request failed so."""
    about = evidence()
    assert about.exchange is not None
    return rejected(MCPError(-32603, "Internal error", data=about.exchange.mark(failure)), about, "Weather")


async def test_what_was_declined_is_not_the_servers_own_answer() -> None:
    """Where a call ends with a question of its server that nobody could answer, it is said so."""
    error = MCPError(-32600, "Sampling was declined because why.", data=DECLINED)
    found = rejected(error, evidence(over_http=False), "Weather")
    assert isinstance(found, Rejected)
    assert str(found) == "Weather asked for what it could not get: Sampling was declined because why."
    assert not found.unsure


async def test_process_has_no_status() -> None:
    """Over standard streams the same error code is the server's own answer."""
    found = rejected(MCPError(-32603, "out of memory"), evidence(over_http=False), "Weather")
    assert str(found) == "Weather answered: out of memory."


def test_calls_over_http_carry_where_they_come_from() -> None:
    """The marks of those before us and our own, the last; a process that we start ourselves cannot lead back to us."""
    through = replace(NOBODY, chain=("first", "second"))
    web = ServerSettings(name="w", transport=HttpServer(url="http://127.0.0.1/mcp"))
    own = ServerSettings(name="o", transport=StdioServer(command="x"))
    assert meta_of(web, through) == {CHAIN: ["first", "second", OUR_MARK]}
    assert meta_of(web, NOBODY) == {CHAIN: [OUR_MARK]}
    assert meta_of(own, through) is None
