"""Faults of servers over HTTP, seen from whoever calls: a connection that is kept."""

import resource
import shutil
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, nullcontext
from pathlib import Path
from time import process_time

import anyio
import httpx2
import pytest
from mcp_types import TextContent

from batonmcp.config.settings import HttpServer, ServerSettings
from batonmcp.core.limits import Limits
from batonmcp.downstream.call import CallTimeout, Lost, Rejected
from batonmcp.downstream.connection import Connection
from doubles.downstream import Gate, echo_server, http
from doubles.downstream import serving as serving_app
from doubles.evil_http import MODES, Evil, apart, serving
from doubles.lag import heartbeat
from doubles.toxic import Proxy, Toxins, toxic

pytestmark = pytest.mark.anyio

TIME_S = 30.0
CLIENTS = 64
ANSWERED = {"many_lines", "many_events", "tiny_chunks"}


@asynccontextmanager
async def kept(settings: ServerSettings) -> AsyncGenerator[Connection]:
    """Keep a connection."""
    connection = Connection(settings, {}, limits=Limits(connect_timeout=10))
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as owner:
            owner.start_soon(connection.keep)
            await connection.settled()
            yield connection
            owner.cancel_scope.cancel()


@asynccontextmanager
async def behind(toxins: Toxins | None = None) -> AsyncGenerator[tuple[Connection, Proxy]]:
    """Keep a connection to a good server over a bad network."""
    async with (
        serving("ok") as evil,
        toxic(httpx2.URL(evil.url).port or 0, toxins) as proxy,
        kept(http(f"http://127.0.0.1:{proxy.port}/mcp")) as connection,
    ):
        yield connection, proxy


@asynccontextmanager
async def up(mode: str) -> AsyncGenerator[tuple[Connection, Evil]]:
    """Keep a connection to a hostile server, which must come up."""
    async with serving(mode) as evil, kept(http(evil.url)) as connection:
        assert connection.trouble is None
        yield connection, evil


async def say(connection: Connection, text: str = "hé", *, within: float = 10.0) -> str:
    """Have a text echoed."""
    (block,) = (await connection.call("echo", {"text": text}, within=within)).content
    assert isinstance(block, TextContent)
    return block.text


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1/mcp", "h cannot be reached at http://127.0.0.1:1/mcp (All connection attempts failed)."),
        ("http://no-such-name.invalid/mcp", "h cannot be reached at http://no-such-name.invalid/mcp ("),
    ],
)
async def test_h01_nobody_there(url: str, said: str) -> None:
    """The address is told, and what is wrong with it."""
    async with kept(http(url)) as connection:
        assert (connection.trouble or "").startswith(said)


async def test_h01_certificate(tmp_path: Path) -> None:
    """A certificate that nobody known has signed is told as that."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    command = "openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 1 -subj /CN=127.0.0.1"
    await anyio.run_process([*command.split(), "-keyout", str(key), "-out", str(certificate)])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with serving("ok", tls=context) as evil, kept(http(evil.url)) as connection:
        assert (connection.trouble or "").startswith(f"h does not prove who it is at {evil.url} (self-signed certif")


async def test_h02_credentials() -> None:
    """The header is named, nothing of it is shown, and no address of the server's is looked at."""
    async with serving("unauthorized") as evil:
        async with kept(http(evil.url, headers={"Authorization": "Bearer t0ps3cret"})) as connection:
            assert (connection.trouble or "").startswith(
                "h answered 401: it does not accept what it was sent to prove who you are. Check mcpServers.h.headers: "
                "the value of Authorization is wrong, has expired or allows too little. It wants an OAuth token"
            )
            assert "t0ps3cret" not in (connection.trouble or "")
        assert {asked.path for asked in evil.seen} == {"/mcp"}


async def test_h03_session() -> None:
    """A session that is lost costs one call, which did not run; the next one has a new session."""
    async with up("session_lost") as (connection, evil):
        with pytest.raises(Lost) as caught:
            await say(connection)
        assert not caught.value.sent
        evil.mode = MODES["ok"]
        assert await say(connection) == "hé"


@pytest.mark.parametrize(
    "mode", ["rate_nonsense", "status_500", "web_page", "not_json", "event_cut", "redirect_metadata"]
)
async def test_h04_h05_h11_call_fails_alone(mode: str) -> None:
    """A refusal, a page, nonsense or a redirect costs the call that met it; the connection is the same one after."""
    async with up(mode) as (connection, evil):
        with pytest.raises(Rejected):
            await say(connection)
        evil.mode = MODES["ok"]
        assert await say(connection) == "hé"
        assert sum(asked.message.get("method") == "initialize" for asked in evil.seen) == 1


async def test_h04_retry_after() -> None:
    """When to ask again is told, and until then nothing is asked."""
    async with up("rate_limited") as (connection, evil):
        with pytest.raises(Rejected) as caught:
            await say(connection)
        assert str(caught.value) == "h answered 429: it has been asked too often; try again in 7 s."
        assert not caught.value.unsure
        with pytest.raises(Lost):
            await say(connection)
        assert evil.called == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    "mode",
    [
        "big_json",
        "big_json_unannounced",
        "gzip_bomb",
        "endless_headers",
        "many_headers",
        "endless_event",
        "many_lines",
        "many_events",
        "tiny_chunks",
        "continue_flood",
    ],
)
async def test_h06_h08_too_much(mode: str) -> None:
    """However much comes, in whatever form, everybody else gets their turn and memory stays what it was."""
    async with apart(mode) as url, kept(http(url)) as connection:
        assert connection.trouble is None
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        async with heartbeat() as lag:
            with nullcontext() if mode in ANSWERED else pytest.raises((Rejected, CallTimeout)):
                await say(connection, within=20 if mode in ANSWERED else 5)
        assert lag.worked < 0.25  # gross violations only; on a quiet machine it is under 0.05
        assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 64


@pytest.mark.parametrize("mode", ["drip", "hang", "half"])
async def test_h07_h09_time_ends_it(mode: str) -> None:
    """A server that only keeps alive, or stops within its answer, costs the call its time and nobody any work."""
    async with up(mode) as (connection, evil):
        worked = process_time()
        with pytest.raises(CallTimeout):
            await say(connection, within=0.5)
        assert process_time() - worked < 0.4
        evil.mode = MODES["ok"]
        assert await say(connection) == "hé"


async def test_h09_black_hole() -> None:
    """A network that goes silent costs a call its time; when it is back, the next call is answered."""
    async with behind() as (connection, proxy):
        assert await say(connection) == "hé"
        proxy.toxins = Toxins(black_hole=True)
        with pytest.raises(CallTimeout):
            await say(connection, within=0.3)
        proxy.toxins = Toxins()
        assert await say(connection) == "hé"


@pytest.mark.parametrize(
    "toxins",
    [
        Toxins(slice_bytes=1),
        Toxins(latency=0.05),
        Toxins(bandwidth=50_000),
        Toxins(close_delay=0.5),
    ],
    ids=["slices", "latency", "bandwidth", "slow close"],
)
async def test_h10_slow_network(toxins: Toxins) -> None:
    """What comes slowly, or byte by byte, comes."""
    async with behind(toxins) as (connection, _):
        assert await say(connection) == "hé"


@pytest.mark.parametrize("toxins", [Toxins(limit_bytes=60), Toxins(reset_bytes=60)], ids=["closed", "reset"])
async def test_network_that_breaks(toxins: Toxins) -> None:
    """An answer that is cut off may have been the answer to a deed; the connection goes on."""
    async with behind() as (connection, proxy):
        proxy.toxins = toxins
        with pytest.raises(Rejected) as caught:
            await say(connection)
        assert caught.value.unsure
        proxy.toxins = Toxins()
        assert await say(connection) == "hé"


@pytest.mark.slow
async def test_h15_everybody_gets_their_own_answers() -> None:
    """Sixty-four clients of one server, many calls at a time: nobody sees what is another's."""
    leaks: list[str] = []

    async def use(url: str, client: int) -> None:
        async with kept(http(url)) as connection, anyio.create_task_group() as calls:

            async def call(number: int) -> None:
                canary = f"client {client}, call {number}"
                if await say(connection, canary, within=TIME_S) != canary:
                    leaks.append(canary)

            for number in range(4):
                calls.start_soon(call, number)

    async with serving_app(Gate(echo_server().streamable_http_app())) as url, anyio.create_task_group() as clients:
        for client in range(CLIENTS):
            clients.start_soon(use, url, client)
    assert not leaks


async def test_sse_server() -> None:
    """A server that speaks the older transport is used where its entry says so."""
    async with serving("sse") as evil:
        settings = ServerSettings(name="h", transport=HttpServer(url=evil.url, speaks="sse"))
        async with kept(settings) as connection:
            assert connection.trouble is None
            assert await say(connection) == "hé"


async def test_sse_server_that_was_not_known_as_one() -> None:
    """Where the entry says nothing it is found out: the older transport is used at once."""
    async with serving("sse") as evil, kept(http(evil.url)) as connection:
        assert connection.trouble is None
        assert await say(connection) == "hé"
