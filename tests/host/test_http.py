"""Serving over HTTP: several hosts of both eras at once, over real sockets, with a backend of the test behind."""

import json
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketStream
from mcp import Client, MCPError
from mcp.client.session import ClientRequestContext
from mcp_types import CallToolResult, ElicitRequestParams, ElicitResult, ResourceLink, TextContent, TextResourceContents

from batonmcp.core.attachment import Attachment, Contents
from batonmcp.core.caller import Caller
from batonmcp.core.errors import ConfigError
from batonmcp.core.events import Emit, RouteStarted
from batonmcp.core.limits import Limits
from batonmcp.host.backend import Backend
from batonmcp.host.http import PATH, listen_on, url_of
from batonmcp.host.resources import address
from batonmcp.host.server import Front
from batonmcp.stages.task import Task
from doubles.asking import AskingBackend, form, said
from doubles.fronts import Raw, asked, call, connected, over_http, posted, response_of, until_end
from reading import answer_in

pytestmark = pytest.mark.anyio

TIME_S = 20.0
eras = pytest.mark.parametrize("mode", ["legacy", "auto"])


def shared(backend: AskingBackend) -> Front:
    """Return a server for many hosts in front of a backend."""
    return Front(backend.open, agents=[], limits=Limits(), shared=True)


def text_of(result: CallToolResult) -> str:
    """Return the text of a result."""
    assert isinstance(result.content[0], TextContent)
    return answer_in(result.content[0].text)


async def echo(task: Task, _listen: Emit, _caller: Caller) -> str:
    """Answer with the query."""
    await anyio.lowlevel.checkpoint()
    return task.query


@dataclass
class Held:
    """Runs that go on until they are let go.

    Attributes:
        begun: Set when one is at work.
        ended: Set when one has ended, by itself or not.
        go: Lets them end.
    """

    begun: anyio.Event = field(default_factory=anyio.Event)
    ended: anyio.Event = field(default_factory=anyio.Event)
    go: anyio.Event = field(default_factory=anyio.Event)
    cancelled: bool = True

    async def play(self, task: Task, listen: Emit, _caller: Caller) -> str:
        """Say something, and wait."""
        if task.query != "hold":
            return task.query
        listen(RouteStarted(tools=1, agents=["A"]))
        self.begun.set()
        try:
            await self.go.wait()
            self.cancelled = False
        finally:
            self.ended.set()
        return "done"


@eras
async def test_one_backend_for_all(mode: str) -> None:
    """However many sessions there are, the backend is opened once, and closed with the process."""
    opened = 0
    closed = anyio.Event()

    @asynccontextmanager
    async def once() -> AsyncGenerator[Backend]:
        nonlocal opened
        opened += 1
        try:
            yield AskingBackend(echo)
        finally:
            closed.set()

    front = Front(once, agents=["a"], limits=Limits(), shared=True)
    with anyio.fail_after(TIME_S):
        async with over_http(front) as url:
            for query in ("one", "two", "three"):
                async with Client(url, mode=mode) as host:
                    assert text_of(await host.call_tool("orchestrate", {"query": query})) == query
            assert not closed.is_set()
        assert front.stopped.is_set()
    assert opened == 1


async def test_the_backend_is_open_before_anybody_asks() -> None:
    """Nobody has started this process and waits for its first answer, so that the first call need not wait."""
    opened = anyio.Event()

    @asynccontextmanager
    async def noted() -> AsyncGenerator[Backend]:
        opened.set()
        yield AskingBackend(echo)

    with anyio.fail_after(TIME_S):
        async with over_http(Front(noted, agents=[], limits=Limits(), shared=True)):
            await opened.wait()


@eras
async def test_many_at_once_do_not_mix(mode: str) -> None:
    """Twenty hosts with a call each get their own answers and their own progress."""
    barrier, waiting = anyio.Event(), 0

    async def together(task: Task, listen: Emit, _caller: Caller) -> str:
        nonlocal waiting
        listen(RouteStarted(tools=1, agents=[task.query]))
        waiting += 1
        if waiting == 20:
            barrier.set()
        await barrier.wait()
        return task.query

    answers: dict[str, str] = {}
    told: dict[str, list[str]] = {}

    async def one(url: str, name: str) -> None:
        lines = told.setdefault(name, [])

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            del progress, total
            await anyio.lowlevel.checkpoint()
            lines.append(message or "")

        async with Client(url, mode=mode) as host:
            done = await host.call_tool("orchestrate", {"query": name}, progress_callback=hear)
            answers[name] = text_of(done)

    with anyio.fail_after(TIME_S):
        async with over_http(shared(AskingBackend(together))) as url, anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(one, url, f"host{number}")
    assert len(answers) == 20
    assert answers == {name: name for name in told}
    assert all(lines for lines in told.values())


@pytest.mark.parametrize("modes", [("legacy", "legacy"), ("auto", "auto"), ("legacy", "auto")])
async def test_a_question_reaches_the_host_whose_run_it_is(modes: tuple[str, str]) -> None:
    """Two hosts whose runs ask at the same time answer each its own question, and hear of no other."""
    both, waiting = anyio.Event(), 0
    heard: dict[str, list[str]] = {"ann": [], "bob": []}

    async def ask(task: Task, _listen: Emit, caller: Caller) -> str:
        nonlocal waiting
        waiting += 1
        if waiting == 2:
            both.set()
        await both.wait()
        return said(await caller.ask(form(f"Are you {task.query}?")))

    async def one(url: str, mode: str, name: str) -> None:
        async def answer(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
            del context
            await anyio.lowlevel.checkpoint()
            heard[name].append(params.message.rpartition(": ")[2])
            return ElicitResult(action="accept", content={"ok": True})

        async with Client(url, mode=mode, elicitation_callback=answer) as host:
            done = await host.call_tool("orchestrate", {"query": name})
            assert text_of(done) == "accept {'ok': True}"

    with anyio.fail_after(TIME_S):
        async with over_http(shared(AskingBackend(ask))) as url, anyio.create_task_group() as tasks:
            for mode, name in zip(modes, heard, strict=True):
                tasks.start_soon(one, url, mode, name)
    assert heard == {"ann": ["Are you ann?"], "bob": ["Are you bob?"]}


@eras
async def test_what_a_run_named_is_for_whoever_has_its_reply(mode: str) -> None:
    """Nothing is listed, no address can be guessed, and the one in the reply can be read on any connection."""
    uri = "repo://o/README.md"
    parts = [Contents(uri=uri, text="# Hi"), Contents(uri="repo://o/b", text="B")]
    links = [Attachment(uri=uri, name="README.md")]
    backend = AskingBackend(echo, links, {("github", uri): parts, ("github", "repo://o/b"): parts[1:]})
    with anyio.fail_after(TIME_S):
        async with over_http(shared(backend)) as url:
            async with Client(url, mode=mode, cache=None) as host:
                addresses: list[str] = []
                for _ in range(2):
                    link = (await host.call_tool("orchestrate", {"query": "q"})).content[1]
                    assert isinstance(link, ResourceLink)
                    addresses.append(link.uri)
            async with Client(url, mode=mode, cache=None) as other:
                assert (await other.list_resources()).resources == []
                for guess in (uri, address("github", uri), address("github", uri, room="0" * 32)):
                    with pytest.raises(MCPError, match="No result has named the resource"):
                        await other.read_resource(guess)
                first, second = (await other.read_resource(addresses[0])).contents
                assert isinstance(first, TextResourceContents)
                assert (first.uri, first.text) == (addresses[0], "# Hi")
                (again,) = (await other.read_resource(second.uri)).contents
                assert isinstance(again, TextResourceContents)
                assert again.text == "B"
    assert len(set(addresses)) == 2
    assert all(address("github", uri).removeprefix("batonmcp://") in found for found in addresses)


async def test_a_client_that_goes_cancels_its_run() -> None:
    """In the newer era the end of the stream is the end of the call."""
    held = Held()
    with anyio.fail_after(TIME_S):
        async with over_http(shared(AskingBackend(held.play))) as url:
            async with connected(url) as stream:
                await stream.send(call({"query": "hold"}, progress=True))
                assert b"notifications/progress" in await until(stream, b"notifications/progress")
            await held.ended.wait()
    assert held.cancelled


async def until(stream: SocketStream, word: bytes) -> bytes:
    """Read until a word has come."""
    text = b""
    while word not in text:
        text += await stream.receive()
    return text


class Session:
    """A session of the older era by hand."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.id = ""

    async def open(self) -> "Session":
        """Shake hands."""
        about = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        opened = await self.ask("initialize", about)
        assert opened.status == 200
        self.id = opened.headers["mcp-session-id"]
        assert (await self.ask("notifications/initialized", None, request=False)).status == 202
        return self

    def message(self, method: str, params: object, *, request: bool = True) -> bytes:
        """Return a message of the session as a request."""
        body: dict[str, object] = {
            "jsonrpc": "2.0",
            "method": method,
            **({"id": 7} if request else {}),
            "params": params or {},
        }
        session = [f"mcp-session-id: {self.id}", "mcp-protocol-version: 2025-11-25"] if self.id else []
        return posted(json.dumps(body).encode(), *session)

    async def ask(self, method: str, params: object, *, request: bool = True) -> Raw:
        """Send a message on a connection of its own, and return the beginning of the answer."""
        return await asked(self._url, self.message(method, params, request=request))


HOLD = {"name": "orchestrate", "arguments": {"query": "hold"}, "_meta": {"progressToken": "p"}}


async def test_a_session_of_the_older_era_outlives_its_connections() -> None:
    """There the end of a stream says nothing of the call: it goes on, and the session can be used."""
    held = Held()
    with anyio.fail_after(TIME_S):
        async with over_http(shared(AskingBackend(held.play))) as url:
            session = await Session(url).open()
            async with connected(url) as stream:
                await stream.send(session.message("tools/call", HOLD))
                await until(stream, b"notifications/progress")
            assert (await session.ask("tools/list", None)).status == 200
            assert not held.ended.is_set()
            held.go.set()
            await held.ended.wait()
            async with connected(url) as stream:
                await stream.send(session.message("tools/call", {**HOLD, "arguments": {"query": "still here"}}))
                await until(stream, b"still here")
    assert not held.cancelled


@pytest.mark.parametrize("how", ["cancelled", "deleted"])
async def test_a_call_of_the_older_era_is_cancelled_by_word(how: str) -> None:
    """By a notification, or with the whole session."""
    held = Held()
    with anyio.fail_after(TIME_S):
        async with over_http(shared(AskingBackend(held.play))) as url:
            session = await Session(url).open()
            async with connected(url) as stream:
                await stream.send(session.message("tools/call", HOLD))
                await until(stream, b"notifications/progress")
                if how == "cancelled":
                    answer = await session.ask("notifications/cancelled", {"requestId": 7}, request=False)
                    assert answer.status == 202
                else:
                    lines = (f"DELETE {PATH} HTTP/1.1", "host: localhost", f"mcp-session-id: {session.id}", "", "")
                    assert (await asked(url, "\r\n".join(lines).encode())).status == 200
                await held.ended.wait()
    assert held.cancelled


async def test_a_body_that_is_too_large_is_refused_and_the_connection_lives() -> None:
    """The sentence reaches the client although it sends on, and its next request is served."""
    with anyio.fail_after(TIME_S):
        async with over_http(shared(AskingBackend(echo))) as url, connected(url) as stream:
            answer = Raw(0, {}, b"")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(stream.send, posted(b"x" * 5_000_000))
                answer = await response_of(stream)
            assert (answer.status, b"4,194,304 bytes" in answer.body) == (413, True)
            await stream.send(call({"query": "q"}))
            assert (await response_of(stream)).status == 200


async def test_other_places_are_not_there() -> None:
    """There is the endpoint, and nothing else."""
    with anyio.fail_after(TIME_S):
        async with over_http(shared(AskingBackend(echo))) as url:
            for path in ("/", "/sse", "/.well-known/oauth-protected-resource", "/mcp/../etc"):
                request = f"GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n".encode()
                assert (await asked(url, request)).status == 404


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.com", "", "127.0.0.1.example.com"])  # noqa: S104
def test_other_machines_are_not_served(host: str) -> None:
    """An address that others can reach is refused, with what to do instead."""
    with pytest.raises(ConfigError, match=r"no authentication yet: whoever reaches it.*ssh -L"):
        listen_on(host, 0)


@pytest.mark.parametrize(
    ("host", "begins"),
    [
        ("127.0.0.1", "http://127.0.0.1:"),
        ("localhost", "http://127.0.0.1:"),
        ("127.1.2.3", "http://127.1.2.3:"),
        ("::1", "http://[::1]:"),
        ("[::1]", "http://[::1]:"),
    ],
)
async def test_every_address_of_this_machine_alone(host: str, begins: str) -> None:
    """Each can be listened on, is told as it is, and answers a client that uses what it is told."""
    try:
        listener = listen_on(host, 0)
    except ConfigError as error:
        pytest.skip(str(error))
    with listener:
        url = url_of(listener)
    assert url.startswith(begins)
    assert url.endswith(PATH)
    assert not url.endswith(f":0{PATH}")


def test_a_port_that_is_taken() -> None:
    """The sentence names the port, and what can be done."""
    with listen_on("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=rf"--port {port}: cannot be listened on at 127.0.0.1: .*write 0 for any"):
            listen_on("127.0.0.1", port)


async def test_leaving_cuts_everything() -> None:
    """When serving ends, runs are cancelled and connections closed, and nobody is waited for."""
    held = Held()
    with anyio.fail_after(TIME_S):
        async with AsyncExitStack() as stack:
            async with over_http(shared(AskingBackend(held.play))) as url:
                stream = await stack.enter_async_context(connected(url))
                await stream.send(call({"query": "hold"}, progress=True))
                await held.begun.wait()
            assert held.ended.is_set()
            await until_end(stream)
