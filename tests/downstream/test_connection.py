"""The connection to one server: real processes, and a real server over HTTP."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest
from mcp_types import CallToolResult, TextContent, TextResourceContents

from batonmcp.config.settings import Protocol, ServerSettings
from batonmcp.core.effect import Effect
from batonmcp.core.limits import Limits
from batonmcp.downstream.call import CallTimeout, Changed, Lost, Rejected
from batonmcp.downstream.connection import Connection
from batonmcp.downstream.memory import Memory
from doubles.downstream import Gate, echo_server, evil, free_port, http, scripted, serving
from doubles.fifo import Fifo
from doubles.notebook import Notebook
from doubles.processes import wait_unmarked

pytestmark = pytest.mark.anyio

TIME_S = 20.0
TOGETHER = 16
DESTRUCTIVE = Effect(kind="destructive", source="declared", idempotent=False, open_world=True)
MEET = f"""
waiting = []
def meet(request_id, params):
    waiting.append(request_id)
    if len(waiting) == {TOGETHER}:
        for one in waiting:
            s.reply(one, e._text("met"))
s.handlers["tools/call"] = meet
"""


@asynccontextmanager
async def kept(
    settings: ServerSettings, token: str = "", *, connect_timeout: float = 15.0, memory: Memory | None = None
) -> AsyncGenerator[Connection]:
    """Keep a connection; when it is over, nothing with the test's mark is left."""
    connection = Connection(settings, {}, limits=Limits(connect_timeout=connect_timeout), memory=memory)
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as owner:
            owner.start_soon(connection.keep)
            yield connection
            owner.cancel_scope.cancel()
        if token:
            await wait_unmarked(token, within=1)


@asynccontextmanager
async def up(settings: ServerSettings, token: str = "", *, tools: int = 3) -> AsyncGenerator[Connection]:
    """Keep a connection that must come up with so many tools."""
    async with kept(settings, token) as connection:
        await connection.settled()
        assert connection.catalogue is not None, connection.trouble
        assert len(connection.catalogue.tools) == tools
        yield connection


async def say(connection: Connection, words: str = "hé", *, within: float = 10.0) -> str:
    """Have a text echoed."""
    return text(await connection.call("echo", {"text": words}, within=within))


def text(result: CallToolResult) -> str:
    """Return the only text of a result."""
    (block,) = result.content
    assert isinstance(block, TextContent)
    return block.text


async def lost(call: Callable[[], Awaitable[object]]) -> Lost:
    """Make a call that finds no connection, or loses it."""
    with pytest.raises(Lost) as caught:
        await call()
    return caught.value


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that the connection does by itself."""
    while not condition():  # noqa: ASYNC110 - nobody else is told of it
        await anyio.sleep(0.01)


# Coming up, or not.


@pytest.mark.parametrize(
    "mode", ["ok", "garbage", "pages", "cursor_loop", "modern_only", "stderr_flood", "no_annotations", "ignore_eof"]
)
async def test_odd_server_works(mode: str, token: str) -> None:
    """Noise, pages, cursors in circles, the newer era and a full standard error are no hindrance."""
    async with up(evil(mode, token), token) as connection:
        assert connection.trouble is None
        assert await say(connection) == "hé"


@pytest.mark.parametrize(
    ("mode", "names", "trouble"),
    [
        ("bad_tool", ["echo", "slow", "fail"], "describes tools in a way that is not MCP (no. 2); they were left out."),
        ("dup_names", ["slow", "fail"], "has several tools called echo; they were left out."),
    ],
)
async def test_spoilt_list_keeps_its_good_part(mode: str, names: list[str], trouble: str, token: str) -> None:
    """What cannot be used is left out and told; the rest works."""
    async with up(evil(mode, token), token, tools=len(names)) as connection:
        assert connection.catalogue is not None
        assert list(connection.catalogue.tools) == names
        assert connection.trouble == f"{mode} ({mode}) {trouble}"
        assert text(await connection.call("slow", {"seconds": 0}, within=10)) == "slept 0 s"


@pytest.mark.parametrize(
    ("mode", "trouble"),
    [
        (
            "exit_at_once",
            (
                "ended with exit code 3 before it was ready; try its command. "
                "Its last words: reading the configuration\nFATAL: cannot open database"
            ),
        ),
        (
            "garbage_only",
            (
                "gave no usable answer within 0.5 s of its start. "
                "It printed 80 lines that are no MCP messages: is it an MCP server that logs to stderr?"
            ),
        ),
        ("hang_init", "gave no usable answer within 0.5 s of its start."),
    ],
)
async def test_server_that_does_not_get_ready(mode: str, trouble: str, token: str) -> None:
    """The reason is known once the connection is settled, and a call is told the same and was not sent."""
    async with kept(evil(mode, token), token, connect_timeout=0.5 if mode != "exit_at_once" else 15) as connection:
        assert connection.trouble == f"{mode} is still starting."
        await connection.settled()
        assert connection.catalogue is None
        assert connection.trouble == f"{mode} {trouble}"
        error = await lost(partial(say, connection))
    assert (str(error), error.sent) == (f"{mode} {trouble}", False)


async def test_server_that_refuses_is_quoted(token: str) -> None:
    """A server that answers the handshake with an error is quoted."""
    spoil = "s.handlers['tools/list'] = lambda i, p: (_ for _ in ()).throw(e._RpcError(-32603, 'no list today'))"
    async with kept(scripted(spoil, token), token) as connection:
        await connection.settled()
        assert connection.trouble == "s refused the connection: no list today."


@pytest.mark.parametrize(
    ("protocol", "mode", "comes_up"),
    [
        ("auto", "modern_only", True),
        ("modern", "modern_only", True),
        ("legacy", "modern_only", False),
        ("legacy", "ok", True),
    ],
)
async def test_era_is_found_or_configured(protocol: Protocol, mode: str, comes_up: bool, token: str) -> None:  # noqa: FBT001
    """By itself the newer era is tried when the older one is refused; configured, it is not."""
    async with kept(evil(mode, token, protocol=protocol), token) as connection:
        await connection.settled()
        assert (connection.catalogue is not None) is comes_up
        if not comes_up:
            assert connection.trouble == "modern_only refused the connection: Unsupported protocol version."


async def test_older_era_is_tried_first(token: str, fifo: Fifo) -> None:
    """A server of the older era is started once, and never sees the newer one's first request, of which some die."""
    async with up(evil("ok", token, state=fifo.path), token):
        pass
    assert (await fifo.line()).startswith("started ")
    assert await fifo.line() == "eof"


async def test_server_that_fails_at_once_is_not_started_in_a_loop(tmp_path: Path, token: str) -> None:
    """Pauses grow: the third attempt comes a second and a half after the first at the earliest."""
    state = tmp_path / "state"
    connection = Connection(evil("exit_at_once", token, state=state), {}, limits=Limits(connect_timeout=15))
    with anyio.move_on_after(1.4):
        await connection.keep()
    assert len(state.read_text().splitlines()) <= 2
    await wait_unmarked(token, within=1)


async def test_entry_that_cannot_be_used_is_down_from_the_start() -> None:
    """Without a transport nothing is tried, and the trouble is that of the entry."""
    async with kept(ServerSettings(name="a", transport=None, trouble="a is not used: why.")) as connection:
        await connection.settled()
        assert connection.trouble == "a is not used: why."
        error = await lost(partial(say, connection))
    assert (str(error), error.sent) == ("a is not used: why.", False)


async def test_call_waits_for_a_server_that_starts(token: str) -> None:
    """A call that comes early is made once the server is ready, within its own time."""
    async with kept(evil("ok", token), token) as connection:
        assert await say(connection) == "hé"
    async with kept(evil("hang_init", token), token) as connection:
        error = await lost(partial(say, connection, within=0.1))
    assert (str(error), error.sent) == ("hang_init is still starting.", False)


# Calls.


async def test_calls_on_one_session_overlap(token: str) -> None:
    """Sixteen calls that are answered only when all of them have arrived are answered."""
    met: list[str] = []

    async def meet(connection: Connection) -> None:
        met.append(await say(connection))

    async with up(scripted(MEET, token), token) as connection, anyio.create_task_group() as calls:
        for _ in range(TOGETHER):
            calls.start_soon(meet, connection)
    assert met == ["met"] * TOGETHER


async def test_call_that_is_left_is_cancelled_alone(token: str, fifo: Fifo) -> None:
    """Leaving a call tells the server, and disturbs neither the calls beside it nor those after it."""
    beside: list[str] = []

    async def sleep(connection: Connection) -> None:
        beside.append(text(await connection.call("slow", {"seconds": 0.3}, within=10)))

    async with up(evil("ok", token, state=fifo.path), token) as connection:
        async with anyio.create_task_group() as others:
            async with anyio.create_task_group() as leaving:
                leaving.start_soon(partial(connection.call, "slow", {"seconds": 50}, within=60))
                await fifo.until('call slow {"seconds": 50}')
                others.start_soon(sleep, connection)
                await fifo.until('call slow {"seconds": 0.3}')
                leaving.cancel_scope.cancel()
            assert await fifo.until("cancelled ")
            assert await say(connection) == "hé"
        assert connection.trouble is None
    assert beside == ["slept 0.3 s"]


async def test_call_that_takes_too_long_is_cancelled_alone(token: str, fifo: Fifo) -> None:
    """A call whose time is over is given up on both sides, and the connection goes on."""
    async with up(evil("ok", token, state=fifo.path), token) as connection:
        with pytest.raises(CallTimeout):
            await connection.call("slow", {"seconds": 50}, within=0.1)
        assert await fifo.until("cancelled ")
        assert await say(connection) == "hé"


async def test_hanging_call_does_not_hold_up_others(token: str) -> None:
    """While one call is never answered, others are, and leaving is quick."""
    spoil = "call = s.call\ns.handlers['tools/call'] = lambda i, p: call(i, p) if p['arguments'].get('text') else None"
    async with up(scripted(spoil, token), token) as connection, anyio.create_task_group() as calls:
        calls.start_soon(partial(connection.call, "echo", {}, within=60))
        assert [await say(connection, str(number)) for number in range(3)] == ["0", "1", "2"]
        calls.cancel_scope.cancel()
    async with up(evil("hang_call", token), token) as connection:
        with pytest.raises(CallTimeout):
            await say(connection, within=0.1)


async def test_result_that_breaks_its_schema_is_kept(token: str) -> None:
    """What a tool says is worth more than its promise about the form."""
    async with up(evil("bad_output", token), token, tools=4) as connection:
        result = await connection.call("measure", {"city": "Oslo"}, within=10)
    assert result.structured_content == {"celsius": "rather warm"}


@pytest.mark.parametrize(
    ("answer", "message", "unsure"),
    [
        ("raise e._RpcError(-32602, 'no such city')", "s answered: no such city.", False),
        ("raise e._RpcError(-32000, 'quota exceeded')", "s answered: quota exceeded.", True),
        (
            "return {'content': 'text', 'resultType': 'input_required'}",
            "s answered with something that is no result (content: Input should be a valid list).",
            True,
        ),
    ],
)
async def test_answer_that_is_no_result(answer: str, message: str, unsure: bool, token: str) -> None:  # noqa: FBT001
    """The server's words are told at once, the connection lives on, and what may have happened is said."""
    spoil = f"def answer(i, p):\n    {answer}\ns.handlers['tools/call'] = answer"
    async with up(scripted(spoil, token), token) as connection:
        for _ in range(2):
            with pytest.raises(Rejected) as caught, anyio.fail_after(1):
                await say(connection)
            assert (str(caught.value), caught.value.unsure) == (message, unsure)
        assert connection.trouble is None


async def test_unknown_tool_is_rejected(token: str) -> None:
    """A name that the server does not know is its error to tell."""
    async with up(evil("ok", token), token) as connection:
        with pytest.raises(Rejected, match="ok answered: cannot call 'nothing'"):
            await connection.call("nothing", {}, within=10)


# Going away.


async def test_death_under_a_call_is_told_and_the_next_call_waits_for_the_restart(token: str, fifo: Fifo) -> None:
    """Whoever waited learns why, is not tried again, and the next call reaches the restarted server."""
    async with up(evil("die_mid_call", token, state=fifo.path), token) as connection:
        error = await lost(partial(say, connection))
        assert str(error) == (
            "die_mid_call ended with exit code 1 while in use; it is started again. "
            "Its last words: FATAL: out of memory"
        )
        assert error.sent
        assert connection.catalogue is not None
        await lost(partial(say, connection, "again"))
        events = [await fifo.line() for _ in range(4)]
    assert [event.split()[0] for event in events] == ["started", "call", "started", "call"]
    assert events[3] == 'call echo {"text": "again"}'


async def test_death_in_silence_is_noticed(token: str, fifo: Fifo) -> None:
    """A server that ends between two calls is started again at once; its tools stay known, and it is used again."""
    async with up(evil("exit_after_calls", token, state=fifo.path), token) as connection:
        assert await say(connection) == "hé"
        assert [(await fifo.line()).split()[0] for _ in range(3)] == ["started", "call", "started"]
        assert connection.catalogue is not None
        assert await say(connection) == "hé"


async def test_call_lost_with_the_connection_is_not_made_again(token: str, fifo: Fifo) -> None:
    """All calls in flight when a server dies are lost, and none of them is sent a second time."""
    spoil = f"s.state = e.Path({str(fifo.path)!r})\nimport os\nwaiting = []\n"
    spoil += (
        "def die(i, p):\n    waiting.append(i)\n    len(waiting) == 3 and os._exit(1)\ns.handlers['tools/call'] = die"
    )
    errors: list[Lost] = []

    async def call(connection: Connection) -> None:
        errors.append(await lost(partial(say, connection)))

    async with up(scripted(spoil, token), token) as connection:
        async with anyio.create_task_group() as calls:
            for _ in range(3):
                calls.start_soon(call, connection)
        await connection.settled()
        assert [error.sent for error in errors] == [True] * 3
        fifo_lines = [await fifo.line() for _ in range(3)]
        with pytest.raises(TimeoutError), anyio.fail_after(0.1):
            await fifo.line()
    assert [line.split()[0] for line in fifo_lines] == ["call"] * 3


async def test_unread_call_does_not_stop_the_server_for_ever(token: str) -> None:
    """A server that stopped reading costs the call its time, no more; it is started again and closed quickly."""
    async with up(evil("no_read", token), token) as connection:
        started = anyio.current_time()
        with pytest.raises(CallTimeout):
            await say(connection, "x" * 2**20, within=0.5)
        assert anyio.current_time() - started < 1
        error = await lost(partial(say, connection))
        assert str(error) == "no_read stopped reading what it was sent while in use; it is started again."
        await connection.settled()
        assert connection.trouble is None
        leaving = anyio.current_time()
    assert anyio.current_time() - leaving < 2


async def test_dead_server_whose_child_holds_the_pipes_is_started_again(token: str) -> None:
    """A call to such a server runs out of time, after which a new one is there."""
    spoil = "import subprocess, os\nsubprocess.Popen(['sleep', '60'])\n"
    spoil += "s.handlers['tools/call'] = lambda i, p: os._exit(7)"
    async with up(scripted(spoil, token), token) as connection:
        with pytest.raises(CallTimeout):
            await say(connection, within=0.5)
        await connection.settled()
        assert connection.catalogue is not None


async def test_overlong_answer_ends_the_connection(token: str) -> None:
    """An answer past the limit is not collected: the call is told so."""
    async with up(scripted("s.tools['echo'] = lambda _: e._text('x' * 9_000_000)", token), token) as connection:
        error = await lost(partial(say, connection))
    assert str(error) == "s was stopped because it sent a message of more than 8,000,000 bytes."


# Changes, memory, rest.


async def changed(connection: Connection, tools: list[str]) -> None:
    """Wait until the connection offers these tools."""
    await until(lambda: connection.catalogue is not None and list(connection.catalogue.tools) == tools)


async def test_changed_list_is_read_again(token: str) -> None:
    """A server that never declared it tells that its list has changed; who holds the old one keeps it."""
    grow = "def grow(a):\n    s.definitions = [*s.definitions, e._tool('more', '', {})]\n"
    grow += "    s.send({'method': 'notifications/tools/list_changed'})\n    return e._text('grown')\n"
    grow += "s.tools['echo'] = grow"
    async with up(scripted(grow, token), token) as connection:
        before = connection.catalogue
        await say(connection)
        await changed(connection, ["echo", "slow", "fail", "more"])
        assert before is not None
        assert list(before.tools) == ["echo", "slow", "fail"]


async def test_what_was_offered_is_known_before_the_server_is_up(token: str, fifo: Fifo) -> None:
    """The next process knows the tools at once, and a call waits for the server; the era is remembered, too."""
    notebook = Notebook()
    entry = evil("ok", token, state=fifo.path)
    async with kept(entry, token, memory=notebook) as connection:
        await connection.known()
        await until(lambda: len(notebook.pages) == 2)
        assert notebook.pages["era", entry.definition] == "legacy"
    async with kept(entry, token, memory=notebook) as connection:
        await connection.known()
        assert connection.report().state == "connecting"
        assert connection.catalogue is not None
        assert connection.trouble is None
        assert list(connection.catalogue.tools) == ["echo", "slow", "fail"]
        assert await say(connection) == "hé"
        assert connection.report().state == "ready"


async def test_remembered_era_that_is_wrong_costs_one_attempt(token: str) -> None:
    """A server that no longer speaks the newer era is asked in the older one at once, in a fresh process."""
    notebook = Notebook()
    spoil = "s.handlers['server/discover'] = lambda i, p: (_ for _ in ()).throw(SystemExit(3))"
    entry = scripted(spoil, token)
    notebook.pages["era", entry.definition] = "modern"
    async with kept(entry, token, memory=notebook) as connection:
        await connection.settled()
        assert connection.catalogue is not None, connection.trouble
        assert (connection.report().speaks, connection.report().connects) == ("legacy", 2)


async def test_idle_server_is_stopped_and_started_again_on_demand(token: str, fifo: Fifo) -> None:
    """Its tools stay known; a call starts it, and is answered."""
    async with up(evil("ok", token, state=fifo.path, idle_timeout=0.2), token) as connection:
        assert await fifo.until("started ")
        assert await fifo.until("eof")
        await until(lambda: connection.report().state == "idle")
        assert connection.catalogue is not None
        assert connection.trouble is None
        assert await say(connection) == "hé"
        assert await fifo.until("started ")
        assert connection.report().connects == 2


async def test_server_that_answers_nothing_is_given_rest_and_then_started_again(token: str) -> None:
    """After three calls without an answer the next fails at once."""
    async with up(evil("hang_call", token), token) as connection:
        for _ in range(3):
            with pytest.raises(CallTimeout):
                await say(connection, within=1)
        error = await lost(partial(say, connection))
        assert str(error) == "hang_call did not answer its last calls; it is tried again in 5 s."
        assert connection.report().state == "degraded"


@pytest.mark.parametrize(
    ("planned", "message"),
    [("gone", "ok no longer offers gone."), ("fail", "ok has changed fail since the plan was made.")],
)
async def test_tool_that_is_no_longer_what_was_planned_is_not_called(
    planned: str, message: str, token: str, fifo: Fifo
) -> None:
    """The server hears nothing of such a call."""
    async with up(evil("ok", token, state=fifo.path), token) as connection:
        assert connection.catalogue is not None
        tool = replace(connection.catalogue.tools["fail"], name=planned, effect=DESTRUCTIVE)
        with pytest.raises(Changed, match=message.replace(".", r"\.")):
            await connection.call(planned, {"message": "x"}, within=5, planned=tool)
        assert await connection.call("echo", {"text": "x"}, within=5, planned=connection.catalogue.tools["echo"])
        assert await fifo.until("call ") == 'call echo {"text": "x"}'


async def test_resource_is_read(token: str) -> None:
    """What a server names can be read through its connection; what it does not know is its error to tell."""
    spoil = "s.handlers['resources/read'] = lambda i, p: {'contents': [{'uri': p['uri'], 'text': 'words'}]}"
    async with up(scripted(spoil, token), token) as connection:
        (contents,) = (await connection.read_resource("note://1", within=5)).contents
        assert isinstance(contents, TextResourceContents)
        assert contents.text == "words"
    async with up(evil("ok", token), token) as connection:
        with pytest.raises(Rejected, match="Method not found: resources/read"):
            await connection.read_resource("note://1", within=5)


async def test_report_tells_how_it_is(token: str) -> None:
    """State, era, start and trouble stand together for people."""
    async with up(evil("ok", token), token) as connection:
        report = connection.report()
        assert (report.name, report.title, report.state, report.speaks) == ("ok", "ok", "ready", "legacy")
        assert report.started.endswith("evil_stdio.py ok")
        assert report.ready_in is not None
        assert (report.tools, report.connects, report.trouble) == (3, 1, None)
    async with kept(evil("exit_at_once", token), token) as connection:
        await connection.settled()
        report = connection.report()
        assert (report.state, report.tools) == ("broken", 0)
        assert report.last_words.endswith("FATAL: cannot open database")
    async with kept(ServerSettings(name="a", transport=None, trouble="a is not used: why.")) as connection:
        assert connection.report().state == "disabled"


# Over HTTP.


@pytest.mark.parametrize("protocol", ["auto", "legacy"])
async def test_http_server_works(protocol: Protocol) -> None:
    """Both eras are spoken over HTTP, and a call that is left leaves the others alone."""
    async with (
        serving(Gate(echo_server().streamable_http_app())) as url,
        up(http(url, protocol=protocol), tools=2) as connection,
    ):
        assert connection.catalogue is not None
        assert connection.catalogue.title == "Echo Server"
        with pytest.raises(CallTimeout):
            await connection.call("hang", {}, within=0.1)
        assert await say(connection) == "hé"
        assert connection.trouble is None


@pytest.mark.parametrize("protocol", ["auto", "legacy"])
async def test_http_server_that_refuses_under_way(protocol: Protocol) -> None:
    """A token that expires is told by its status and setting, and what works again works again."""
    gate = Gate(echo_server().streamable_http_app(), closed_to=frozenset({"GET"}))
    async with serving(gate) as url, up(http(url, protocol=protocol), tools=2) as connection:
        for status, unsure in ((401, False), (500, True)):
            gate.status = status
            with pytest.raises(Rejected, match=rf"^Echo Server answered {status}") as caught:
                await say(connection)
            assert caught.value.unsure is unsure
        gate.status = None
        assert await say(connection) == "hé"


@pytest.mark.parametrize("protocol", ["auto", "legacy"])
async def test_http_server_that_goes_and_comes_back(protocol: Protocol) -> None:
    """While it is away the sentence says so, whatever it refused before; when it is back, it is used again."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/mcp"
    async with kept(http(url, protocol=protocol)) as connection:
        await connection.settled()
        assert (connection.trouble or "").startswith(f"h cannot be reached at {url} (")
        async with serving(Gate(echo_server().streamable_http_app(), closed_to=frozenset({"GET"})), port=port):
            await until(lambda: connection.trouble is None)
            assert await say(connection) == "hé"
        error = await lost(partial(say, connection))
        assert str(error).startswith(f"h cannot be reached at {url} (")
        assert not error.sent  # where nobody listens, nothing arrives
        async with serving(echo_server().streamable_http_app(), port=port):
            await until(lambda: connection.trouble is None)
            assert await say(connection) == "hé"


async def test_http_server_that_forgets_the_session() -> None:
    """After a restart that nobody noticed one call is refused, and the next one has a new session."""
    other = echo_server().streamable_http_app()
    gate = Gate(echo_server().streamable_http_app())
    async with serving(other), serving(gate) as url, up(http(url, protocol="legacy"), tools=2) as connection:
        assert await say(connection) == "hé"
        gate.app = other
        error = await lost(partial(say, connection))
        assert (str(error), error.sent) == ("h has been started again meanwhile; it is connected anew.", False)
        assert await say(connection) == "hé"


async def test_http_address_without_a_server(token: str) -> None:
    """A refusal, a web page and silence are told apart, and no header is shown."""
    gate = Gate(echo_server().streamable_http_app(), status=401)
    async with serving(gate) as url:
        for status, kind, trouble in [
            (401, "application/json", "h answered 401: it does not accept what it was sent to prove who you are."),
            (404, "text/html", "h answered 404: at its address there is no MCP server. Check mcpServers.h.url."),
            (200, "text/html", f"h does not answer as an MCP server at {url} (Unexpected content type: text/html)."),
        ]:
            gate.status, gate.content_type = status, kind
            settings = http(url, headers={"Authorization": f"Bearer {token}"})
            async with kept(settings) as connection:
                await connection.settled()
                assert (connection.trouble or "").startswith(trouble)
                assert token not in (connection.trouble or "")
