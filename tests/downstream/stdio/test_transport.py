"""A server that runs as a process and speaks over its standard streams."""

import resource
import stat
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Never

import anyio
import pytest
from anyio.abc import TaskStatus
from anyio.lowlevel import checkpoint
from mcp import Client, MCPError
from mcp.client._transport import TransportStreams
from mcp.shared.message import SessionMessage
from mcp_types import PARSE_ERROR, JSONRPCRequest, JSONRPCResponse, TextContent

from batonmcp.config.settings import ServerSettings, StdioServer
from batonmcp.core.limits import Limits
from batonmcp.downstream.stdio.process import ServerProcess
from batonmcp.downstream.stdio.transport import stdio_transport
from doubles import stubborn
from doubles.downstream import evil, scripted
from doubles.fifo import Fifo
from doubles.processes import TOKEN_VARIABLE, alive, marked, wait_gone, wait_unmarked

pytestmark = pytest.mark.anyio

TIME_S = 20.0
LIMIT = Limits().result_bytes
PING = SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=1, method="ping"))


@asynccontextmanager
async def started(settings: ServerSettings, token: str) -> AsyncGenerator[tuple[TransportStreams, ServerProcess]]:
    """Start a server and yield its streams; when it is over, nothing with the test's mark is left."""
    assert isinstance(settings.transport, StdioServer)
    about = ServerProcess()
    with anyio.fail_after(TIME_S):
        async with stdio_transport(settings.transport, about) as streams:
            yield streams, about
        await wait_unmarked(token, within=1)


async def ping(streams: TransportStreams) -> None:
    """Send a request and wait for its answer."""
    incoming, outgoing = streams
    await outgoing.send(PING)
    answer = await incoming.receive()
    assert isinstance(answer, SessionMessage)
    assert isinstance(answer.message, JSONRPCResponse)
    assert (answer.message.id, answer.message.result) == (1, {})


async def repeat(send: Callable[[SessionMessage], Awaitable[None]]) -> Never:
    """Send the same message for ever."""
    while True:
        await send(PING)


async def test_messages_go_to_and_fro(token: str) -> None:
    """A request is answered; a server that was ended by us counts neither as closed nor as forced."""
    async with started(evil("ok", token), token) as (streams, about):
        await ping(streams)
        await ping(streams)
        assert about.pid is not None
        assert about.exit_code is None
    assert (about.exit_code, about.junk, about.forced, about.closed.is_set()) == (0, 0, False, False)
    assert not alive(about.pid)


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_other_event_loops_do_as_well(anyio_backend: str, token: str) -> None:
    """The same on trio."""
    async with started(evil("ok", token), token) as (streams, about):
        await ping(streams)
    assert (about.exit_code, about.forced, anyio_backend) == (0, False, "trio")


async def test_junk_between_messages_is_counted(token: str) -> None:
    """Lines that are no messages are passed over; blank ones do not even count."""
    async with started(evil("garbage", token), token) as (streams, about):
        await ping(streams)
    assert about.junk == 80


async def test_bytes_that_are_no_text_do_no_harm(token: str) -> None:
    """Bytes that are not UTF-8 spoil their line only, and Windows line ends none."""
    spoil = r"s.write(b'\xff\xfe\n' + b'{\"jsonrpc\": \"2.0\", \"id\": 1, \"result\": {}}\r\n')"
    async with started(scripted(spoil, token), token) as ((incoming, _), about):
        answer = await incoming.receive()
        assert isinstance(answer, SessionMessage)
    assert about.junk == 1


async def test_answer_in_pieces_is_put_together(token: str) -> None:
    """A message of megabytes that comes bit by bit is one message, and quickly so."""
    settings = scripted(f"s.tools['echo'] = lambda _: e._text('x' * {LIMIT - 1_000})", token)
    assert isinstance(settings.transport, StdioServer)
    about = ServerProcess()
    with anyio.fail_after(TIME_S):
        async with Client(stdio_transport(settings.transport, about), mode="legacy") as client:
            result = await client.call_tool("echo", {})
    (block,) = result.content
    assert isinstance(block, TextContent)
    assert len(block.text) == LIMIT - 1_000


@pytest.mark.parametrize(("spoil", "answered"), [("\\ud800", True), ("[" * 9, True), ("[" * 300, False), ('"', False)])
async def test_a_spoilt_answer_ends_its_call_only(spoil: str, answered: bool, token: str) -> None:  # noqa: FBT001
    """An answer that cannot be read fails that call at once; one that can be mended is one; others are good."""
    value = spoil + "]" * spoil.count("[") if spoil[0] == "[" else f'"{spoil}"'
    code = f"""
def spoilt(id, params):
    if params["name"] == "spoilt":
        s.write(b'{{"jsonrpc": "2.0", "id": ' + str(id).encode() + b', "result": {{"content": [], "_meta": {{"a": ')
        s.write({value.encode()!r} + b'}}}}}}\\n')
        return None
    return s.call(id, params)
s.handlers["tools/call"] = spoilt
"""
    settings = scripted(code, token)
    assert isinstance(settings.transport, StdioServer)
    with anyio.fail_after(TIME_S):
        async with Client(stdio_transport(settings.transport, ServerProcess()), mode="legacy") as client:
            if answered:
                await client.call_tool("spoilt", {})
            else:
                with pytest.raises(MCPError, match="unreadable") as raised:
                    await client.call_tool("spoilt", {})
                assert raised.value.code == PARSE_ERROR
            result = await client.call_tool("echo", {"text": "x"})
    assert isinstance(result.content[0], TextContent)


async def test_half_a_character_in_arguments_is_replaced(token: str) -> None:
    """Arguments that cannot be sent as they are do not end the connection."""
    settings = evil("ok", token)
    assert isinstance(settings.transport, StdioServer)
    with anyio.fail_after(TIME_S):
        async with Client(stdio_transport(settings.transport, ServerProcess()), mode="legacy") as client:
            for text, said in (("a\ud800b", "a\ufffdb"), ("c", "c")):
                (block,) = (await client.call_tool("echo", {"text": text})).content
                assert isinstance(block, TextContent)
                assert block.text == said


@pytest.mark.parametrize("flood", ["junk", "{", "[" * 400, "{" * 400], ids=["text", "brace", "deep", "deeper"])
async def test_endless_junk_ends_it(flood: str, token: str) -> None:
    """A server that prints lines without end that are no messages is stopped at once, and that is known."""
    spoil = f"\nwhile True: s.write({flood.encode()!r} + b'\\n')"
    async with started(scripted(spoil, token), token) as (_, about):
        await about.closed.wait()
        assert (about.babbling, about.overlong) == (True, False)
    assert about.junk == 1_001


async def test_a_thousand_lines_of_junk_are_borne(token: str) -> None:
    """As many as are borne in a second, at once and before the first message."""
    async with started(scripted("s.write(b'junk\\n' * 1_000)", token), token) as (streams, about):
        await ping(streams)
    assert (about.junk, about.babbling) == (1_000, False)


async def test_an_endless_line_ends_it(token: str) -> None:
    """A line that never ends is collected up to the limit, which may be another one."""
    settings = scripted("\nwhile True: s.write(b'x' * 65_536)", token)
    assert isinstance(settings.transport, StdioServer)
    about = ServerProcess(max_bytes=1_000_000)
    with anyio.fail_after(TIME_S):
        async with stdio_transport(settings.transport, about):
            await about.closed.wait()
    assert about.overlong
    assert not marked(token)


async def test_a_line_of_100_megabytes_is_refused_without_being_read(token: str) -> None:
    """What is past the limit is neither collected nor waited for."""
    spoil = "s.handlers['ping'] = lambda id, _: s.write(b'x' * 100_000_000 + b'\\n')"
    async with started(scripted(spoil, token), token) as ((_, outgoing), about):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        await outgoing.send(PING)
        await about.closed.wait()
        assert about.overlong
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 32_000_000


async def test_others_have_their_turn_under_a_flood(token: str) -> None:
    """While a server floods its standard error, and another one its output, the event loop goes on."""
    noisy = scripted("\nimport os\nwhile True: os.write(2, b'x' * 65_536)", token)
    async with (
        started(noisy, token) as (_, about),
        started(evil("ok", token), token) as (streams, _),
    ):
        while not about.last_words:
            await checkpoint()
        for _ in range(20):
            await ping(streams)
        assert len(about.last_words) == 400
        about.cut_off()


async def test_overlong_message_ends_it(token: str) -> None:
    """A line past the limit is not collected for ever: the connection ends, with the reason."""
    async with started(scripted(f"s.write(b'x' * {LIMIT + 70_000})", token), token) as (_, about):
        await about.closed.wait()
        assert about.overlong


async def test_stderr_never_blocks_the_server(token: str) -> None:
    """Tens of megabytes on standard error are drained, and the last lines kept."""
    async with started(evil("stderr_flood", token), token) as (streams, about):
        await ping(streams)
    lines = about.last_words.splitlines()
    assert lines[-1] == "the flood is over"
    assert len(lines) <= 20
    assert max(map(len, lines)) <= 400


async def test_end_is_noticed_with_last_words_and_exit_code(token: str) -> None:
    """A server that dies is closed, and what it said last and its exit code are known, whatever the race."""
    async with started(evil("exit_at_once", token), token) as ((incoming, _), about):
        with pytest.raises(anyio.EndOfStream):
            await incoming.receive()
        assert about.closed.is_set()
    assert (about.exit_code, about.forced) == (3, False)
    assert about.last_words == "reading the configuration\nFATAL: cannot open database"


async def test_last_words_without_an_end_of_line(token: str) -> None:
    """What stands on standard error without a line end is heard as well."""
    async with started(scripted("import sys; sys.stderr.write('FATAL: no'); sys.exit(1)", token), token) as (_, about):
        await about.closed.wait()
    assert about.last_words == "FATAL: no"


async def test_closed_input_is_noticed(token: str) -> None:
    """A server that closes its input but lives on can no longer be used, and is known to be closed."""
    spoil = "import os, time; os.close(0); s.write(b'x\\n'); time.sleep(50)"
    async with started(scripted(spoil, token), token) as ((incoming, outgoing), about):
        with pytest.raises((anyio.BrokenResourceError, anyio.ClosedResourceError)):
            await repeat(outgoing.send)
        await about.closed.wait()
        with pytest.raises(anyio.EndOfStream):
            await incoming.receive()
    assert about.forced


@pytest.mark.parametrize("descriptor", [0, 1])
async def test_a_closed_stream_is_noticed_without_any_traffic(descriptor: int, token: str) -> None:
    """A server that closes its input or its output and lives on is known to have done so, though nothing is sent."""
    code = f"import os, time; os.close({descriptor}); s.note('up'); time.sleep(50)"
    async with started(scripted(code, token), token) as (_, about):
        await about.closed.wait()
    assert about.forced


async def test_unread_input_is_given_up_in_time(token: str) -> None:
    """A write that is not taken is known since when; only one that has waited long enough ends the server."""
    async with started(scripted("import time; s.write(b'x\\n'); time.sleep(50)", token), token) as ((_, out), about):
        await out.send(SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=1, method="x", params={"a": "x" * 2**20})))
        with anyio.move_on_after(0.05):
            await out.send(PING)
        assert about.writing_since is not None
        about.give_up(patience=TIME_S)
        assert not about.closed.is_set()
        about.give_up(patience=0.01)
        assert about.closed.is_set()
        with pytest.raises(anyio.BrokenResourceError):
            await out.send(PING)
    assert about.deaf


async def test_ended_server_with_open_output_is_given_up(fifo: Fifo, token: str) -> None:
    """A server that has ended while a child of it holds its output open is given up when somebody has waited for it."""
    spoil = f"s.state = e.Path({str(fifo.path)!r}); import subprocess; subprocess.Popen(['sleep', '60']); s.note('up')"
    async with started(scripted(spoil + "\nimport os; os._exit(7)", token), token) as (_, about):
        await fifo.until("up")
        assert about.pid is not None
        await wait_gone([about.pid], within=TIME_S)
        with pytest.raises(TimeoutError), anyio.fail_after(0.1):
            await about.closed.wait()
        while about.exit_code is None:  # noqa: ASYNC110 - the event loop's own watcher tells nobody else
            await anyio.sleep(0.01)
        about.give_up(patience=TIME_S)
        assert about.closed.is_set()
    assert (about.exit_code, about.deaf) == (7, False)


async def test_living_server_is_not_given_up(token: str) -> None:
    """A server that merely takes its time is left alone; so is one that has not been started."""
    ServerProcess().give_up(patience=0)
    async with started(evil("ok", token), token) as (streams, about):
        await ping(streams)
        about.give_up(patience=0)
        await ping(streams)
    assert not about.deaf


@pytest.mark.parametrize(
    ("mode", "within"), [("ok", 1.0), ("hang_call", 1.0), ("grandchild", 1.5), ("no_read", 1.5), ("ignore_eof", 2.0)]
)
async def test_leaving_is_quick_and_leaves_nothing(mode: str, within: float, token: str) -> None:
    """Whatever a server does at the end, it and what it started is gone soon."""
    with anyio.fail_after(TIME_S):
        async with started(evil(mode, token), token) as (streams, about):
            await ping(streams)
            leaving = anyio.current_time()
        assert anyio.current_time() - leaving < within
    assert about.forced is (mode == "ignore_eof")


async def test_many_stubborn_servers_end_as_fast_as_one(token: str) -> None:
    """Fifty servers that ignore everything but SIGKILL are ended side by side."""
    command, *arguments = stubborn.argv("ignores_term")
    server = StdioServer(command=command, args=tuple(arguments), env={TOKEN_VARIABLE: token})

    async def keep(leave: anyio.Event, *, task_status: TaskStatus[None]) -> None:
        about = ServerProcess()
        async with stdio_transport(server, about) as (incoming, outgoing):
            await outgoing.send(SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=1, method="initialize")))
            await incoming.receive()
            task_status.started()
            await leave.wait()
        assert about.forced

    leaving, took = 0.0, list[float]()
    with anyio.fail_after(3 * TIME_S):
        for number in (1, 50):
            leave = anyio.Event()
            async with anyio.create_task_group() as owners:
                for _ in range(number):
                    await owners.start(keep, leave)
                leave.set()
                leaving = anyio.current_time()
            took.append(anyio.current_time() - leaving)
            assert not marked(token)
    assert took[1] < took[0] + 5  # one after the other it would be 40 s


async def test_cancelled_start_leaves_nothing(token: str) -> None:
    """Cancelling at any moment of the start, or an error inside, ends the process as well."""
    for delay in (0.0, 0.01, 0.05):
        with anyio.move_on_after(delay):
            async with started(evil("hang_init", token), token):
                await anyio.sleep_forever()
        await wait_unmarked(token, within=1)
    with pytest.RaisesGroup(pytest.RaisesExc(ValueError, match="inside"), flatten_subgroups=True):
        async with started(evil("ok", token), token):
            inside = "inside"
            raise ValueError(inside)
    await wait_unmarked(token, within=1)


async def test_server_gets_its_environment_and_folder(tmp_path: Path, token: str) -> None:
    """A server is started in its folder, with its variables."""
    spoil = "import os; s.tools['echo'] = lambda _: e._text(os.getcwd() + ' ' + os.environ['CITY'])"
    server = scripted(spoil, token).transport
    assert isinstance(server, StdioServer)
    server = StdioServer(
        command=server.command, args=server.args, env={**server.env, "CITY": "Oslo"}, cwd=str(tmp_path)
    )
    with anyio.fail_after(TIME_S):
        async with Client(stdio_transport(server, ServerProcess()), mode="legacy") as client:
            result = await client.call_tool("echo", {})
    (block,) = result.content
    assert isinstance(block, TextContent)
    assert block.text == f"{tmp_path} Oslo"


async def test_server_that_cannot_be_started(tmp_path: Path, token: str) -> None:
    """What the system says is raised: no program, no right to run it, no folder, nothing that runs it."""
    plain, orphan = tmp_path / "plain", tmp_path / "orphan"
    plain.write_text("echo")
    orphan.write_text("#!/no/such/interpreter\n")
    orphan.chmod(stat.S_IRWXU)
    rows: list[tuple[StdioServer, type[OSError]]] = [
        (StdioServer(command="no-such-program"), FileNotFoundError),
        (StdioServer(command=str(plain)), PermissionError),
        (StdioServer(command=str(orphan)), FileNotFoundError),
        (StdioServer(command=sys.executable, cwd=str(tmp_path / "nowhere")), FileNotFoundError),
        (StdioServer(command=sys.executable, cwd=str(plain)), NotADirectoryError),
    ]
    for server, error in rows:
        about = ServerProcess()
        settings = ServerSettings(name="a", transport=server)
        with pytest.raises(error):
            async with started(settings, token):
                pytest.fail("it was started")
        assert about.pid is None


async def test_sdk_client_sees_the_end_as_one(token: str) -> None:
    """A death under a call is a closed connection to the SDK's client."""
    settings = evil("die_mid_call", token)
    assert isinstance(settings.transport, StdioServer)
    about = ServerProcess()
    with anyio.fail_after(TIME_S):
        async with Client(stdio_transport(settings.transport, about), mode="legacy") as client:
            with pytest.raises(MCPError, match="Connection closed"):
                await client.call_tool("echo", {"text": "x"})
            await about.closed.wait()
    assert about.exit_code == 1
