"""Faults of servers over HTTP. Each test is a row of the matrix, told there in words."""

from functools import partial
from urllib.parse import urlsplit

import anyio
import pytest
from pydantic import JsonValue
from starlette.types import Receive, Scope, Send

from batonmcp.core.outcome import Failed, Succeeded
from doubles import evil_http
from doubles.downstream import Gate, echo_server, free_port, http, serving
from faults.invariants import Ground, Session

pytestmark = pytest.mark.anyio


async def lives(session: Session, server: str = "bad", *, words: str = "again") -> None:
    """Check that a server answers."""
    assert await session.value(f"{server}__echo", within=10, text=words) == words


async def test_h01_cannot_be_reached(ground: Ground) -> None:
    """Each says so with its address, without what is secret in it."""
    refused = f"http://user:s3cret@127.0.0.1:{free_port()}/mcp"
    unknown = "http://no-such-host.invalid/mcp"
    async with serving(echo_server().streamable_http_app()) as url:
        encrypted = url.replace("http:", "https:")
        servers = [http(refused, name="refused"), http(unknown, name="unknown"), http(encrypted, name="encrypted")]
        async with ground.session(*servers) as session:
            await told(session)


async def told(session: Session) -> None:
    """Check what is said of those that cannot be reached."""
    for name in ("refused", "unknown", "encrypted"):
        trouble = await session.trouble(name)
        assert trouble.startswith(name)
        assert "cannot be reached at http" in trouble
        assert "s3cret" not in trouble


@pytest.mark.parametrize("mode", ["unauthorized", "forbidden"])
async def test_h02_wants_to_know_who_we_are(ground: Ground, mode: str) -> None:
    """The header is named, nothing secret is said back, and no address that it names is fetched."""
    async with evil_http.serving(mode) as evil:
        server = http(evil.url, name="bad", headers={"Authorization": "Bearer s3cret"})
        async with ground.session(server) as session:
            if mode == "unauthorized":
                said = await session.trouble("bad")
            else:
                said = str((await session.failure("bad__echo", text="x")).error)
        assert "mcpServers.bad.headers" in said
        assert "s3cret" not in said
        assert not [asked.path for asked in evil.seen if "metadata" in asked.path]


async def test_h03_forgets_the_session(ground: Ground) -> None:
    """The call that met it may be made again, as it did not run; the next one works."""
    apps = [echo_server().streamable_http_app() for _ in range(2)]
    gate = Gate(apps[0])
    async with (
        serving(apps[1]),
        serving(gate) as url,
        ground.session(http(url, name="bad", protocol="legacy")) as session,
    ):
        await lives(session)
        gate.app = apps[1]
        outcome = await session.call("bad__echo", within=10, text="x")
        assert isinstance(outcome, Succeeded) or outcome.again == "always"
        await lives(session)


async def test_h04_is_asked_too_often(ground: Ground) -> None:
    """The time that it names is told and kept to; nonsense in its place is passed over."""
    async with (
        evil_http.serving("rate_limited") as evil,
        ground.web("rate_nonsense", name="odd") as odd,
        ground.session(http(evil.url, name="bad"), odd) as session,
    ):
        assert "429" in (await session.failure("bad__echo", text="x")).error.message
        assert "7 s" in (await session.failure("bad__echo", text="x")).error.message
        assert evil.called == 1
        assert "429" in (await session.failure("odd__echo", text="x")).error.message


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("status_500", "500"),
        ("status_502", "502"),
        ("status_504", "504"),
        ("web_page", "text/html"),
        ("empty", ""),
        ("untyped", ""),
        ("no_content", ""),
        ("accepted", ""),
        ("not_json", ""),
        ("batch", ""),
        ("surrogate", ""),
        ("deep", ""),
    ],
)
async def test_h05_answers_something_else(ground: Ground, mode: str, said: str) -> None:
    """The call says what came, in a few words without markup; the connection goes on."""
    async with ground.web(mode) as server, ground.session(server) as session:
        failed = await session.failure("bad__echo", within=10, text="x")
        assert failed.error.kind != "timeout"
        assert said in str(failed.error)
        assert len(str(failed.error)) < 600
        assert "<" not in str(failed.error)
        again = await session.failure("bad__echo", within=10, text="x")
        assert again.error.kind != "timeout"


@pytest.mark.parametrize(
    "mode", ["big_json", "big_json_unannounced", "gzip_bomb", "endless_headers", "many_headers", "continue_flood"]
)
async def test_h06_sends_too_much(ground: Ground, mode: str) -> None:
    """It is refused at the limit: nothing is held up, and little memory is taken."""
    ground.heavy = True
    async with ground.web(mode) as server, ground.session(server) as session:
        await session.call("bad__echo", within=8, text="x")


async def test_h07_keeps_alive_and_says_nothing(ground: Ground) -> None:
    """The call's time ends it."""
    async with ground.web("drip") as server, ground.session(server) as session:
        assert (await session.failure("bad__echo", within=0.5, text="x")).error.kind == "timeout"


@pytest.mark.parametrize("mode", ["endless_event", "many_lines", "many_events"])
async def test_h08_sends_strange_events(ground: Ground, mode: str) -> None:
    """Each ends the call, with an answer or a refusal, and holds nothing up."""
    ground.heavy = True
    async with ground.web(mode) as server, ground.session(server) as session:
        await session.call("bad__echo", within=8, text="x")


@pytest.mark.parametrize("mode", ["hang", "half"])
async def test_h09_goes_silent(ground: Ground, mode: str) -> None:
    """The call's time ends it, and the next call is not held up by it."""
    async with ground.web(mode) as server, ground.session(server) as session:
        for _ in range(2):
            failed = await session.failure("bad__echo", within=0.5, text="x")
            assert failed.error.kind == "timeout"


async def test_h10_answers_byte_by_byte(ground: Ground) -> None:
    """It arrives."""
    async with ground.web("tiny_chunks") as server, ground.session(server) as session:
        assert await session.value("bad__echo", within=10, text="x") == "x" * 50_000


@pytest.mark.parametrize(
    ("mode", "followed"),
    [
        ("redirect_same", True),
        ("redirect_loop", False),
        ("redirect_get", False),
        ("redirect_other", False),
        ("redirect_user", False),
        ("redirect_metadata", False),
        ("redirect_upgrade", False),
        ("redirect_nonsense", False),
    ],
)
async def test_h11_points_elsewhere(ground: Ground, mode: str, followed: bool) -> None:  # noqa: FBT001 - a column
    """Within its origin it is followed; anywhere else it is refused, and no secret is sent or said."""
    async with evil_http.serving("ok") as other, evil_http.serving(mode, other=other.url) as evil:
        server = http(evil.url, name="bad", headers={"Authorization": "Bearer s3cret"})
        async with ground.session(server) as session:
            outcome = await session.call("bad__echo", within=10, text="x")
        assert isinstance(outcome, Succeeded) is followed
        assert not other.seen
        if isinstance(outcome, Failed):
            assert "s3cret" not in str(outcome.error)


async def test_h15_many_clients(ground: Ground) -> None:
    """Of 64 calls at once in eight sessions, each gets its own answer."""
    async with serving(echo_server().streamable_http_app()) as url:
        servers = [http(url, name=f"c{number}", protocol="legacy") for number in range(8)]
        async with ground.session(*servers) as session, anyio.create_task_group() as calls:
            for number in range(64):
                calls.start_soon(partial(lives, session, f"c{number % 8}", words=f"words-{number}"))


async def test_h15_answers_for_others(ground: Ground) -> None:
    """Answers that are swapped reach nobody."""
    said: dict[str, JsonValue] = {}
    async with ground.web("swapped") as server, ground.session(server) as session:

        async def ask(words: str) -> None:
            outcome = await session.call("bad__echo", within=3, text=words)
            said[words] = outcome.value if isinstance(outcome, Succeeded) else None

        async with anyio.create_task_group() as calls:
            for words in ("mine", "yours"):
                calls.start_soon(ask, words)
    assert all(value in {None, words} for words, value in said.items())


async def sent_to(place: str, ground: Ground) -> str:
    """Return what is said of a call that its server, at 127.0.0.1, sends to another place."""
    inner, sending = echo_server().streamable_http_app(), list[str]()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if not sending or scope["type"] != "http":
            await inner(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 307, "headers": [(b"location", sending[0].encode())]})
        await send({"type": "http.response.body", "body": b""})

    gate = Gate(inner)
    async with serving(gate) as url, ground.session(http(url, name="bad")) as session:
        sending.append(place.replace("PORT", str(urlsplit(url).port)))
        gate.app = app
        failed = await session.failure("bad__echo", within=10, text="x")
        before = len(gate.requests)
        sending.clear()
        await lives(session)
        assert len(gate.requests) > before
    return failed.error.message


async def test_h12_names_the_same_address_otherwise(ground: Ground) -> None:
    """Origins are compared as they are written, and nothing is resolved for it: no second look-up can deceive."""
    said = await sent_to("http://localhost:PORT/mcp", ground)
    assert "did not take the request" in said
    assert "localhost" in said


@pytest.mark.parametrize(
    "place",
    [
        "http://2130706433:PORT/mcp",
        "http://0x7f.0.0.1:PORT/mcp",
        "http://127.1:PORT/mcp",
        "http://[::ffff:127.0.0.1]:PORT/mcp",
        "http://localhost.:PORT/mcp",
        "http://127.0.0.1:PORT@169.254.169.254/mcp",
        "//127.0.0.1%2eevil:PORT/mcp",
    ],
)
async def test_h13_writes_an_address_in_an_odd_way(ground: Ground, place: str) -> None:
    """However another place is written, nothing is sent there; the person's own entry may name any."""
    assert "did not take the request" in await sent_to(place, ground)
