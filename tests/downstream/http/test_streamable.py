"""Streamable HTTP with servers that misbehave: each request fails by itself, and says why."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import anyio
import pytest
from mcp import Client, MCPError
from mcp_types import TextContent

from batonmcp.config.settings import HttpKind, HttpServer
from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.http.failure import FailureKind, HttpFailure
from batonmcp.downstream.http.transport import http_transport
from doubles.evil_http import MODES, Evil, serving

pytestmark = pytest.mark.anyio

TIME_S = 20.0
SECRET = "t0ps3cret"  # noqa: S105 - what must not be seen again


class Talk:
    """A client of a hostile server."""

    def __init__(self, client: Client, about: HttpExchange, evil: Evil) -> None:
        self.client = client
        self.about = about
        self.evil = evil

    async def say(self, text: str = "hé") -> str:
        """Have a text echoed."""
        (block,) = (await self.client.call_tool("echo", {"text": text})).content
        assert isinstance(block, TextContent)
        return block.text

    async def fail(self, text: str = "hé") -> HttpFailure:
        """Make a call that fails, and return what is known of it."""
        with pytest.raises(MCPError) as caught:
            await self.say(text)
        assert SECRET not in str(caught.value)
        failure = self.about.failure_of(caught.value)
        assert failure is not None, caught.value
        assert SECRET not in str(failure)
        return failure


@asynccontextmanager
async def talking(
    mode: str, *, max_bytes: int = 8_000_000, other: str = "http://127.0.0.1:1/x"
) -> AsyncGenerator[Talk]:
    """Connect to a hostile server."""
    async with serving(mode, other=other) as evil:
        about = HttpExchange(max_bytes=max_bytes)
        server = HttpServer(url=evil.url, headers={"Authorization": f"Bearer {SECRET}"})
        with anyio.fail_after(TIME_S):
            async with Client(http_transport(server, about), mode="legacy", cache=None) as client:
                await client.list_tools()
                yield Talk(client, about, evil)


@pytest.mark.parametrize("mode", ["ok", "events", "gzip", "textual_id", "redirect_same", "tiny_chunks"])
async def test_odd_answer_arrives(mode: str) -> None:
    """Streams, packed answers, ids of another type, redirects within the origin and tiny pieces are no hindrance."""
    async with talking(mode) as talk:
        assert (await talk.say())[:3] in {"hé", "xxx"}
        assert talk.about.failure is None


REFUSALS: list[tuple[str, FailureKind, int | None, str, str, float | None]] = [
    ("forbidden", "refused", 403, "", '{"error": "scope"}', None),
    ("rate_limited", "refused", 429, "", "slow down", 7.0),
    ("rate_nonsense", "refused", 429, "", "slow down", None),
    ("status_500", "refused", 500, "", "Traceback KeyError: 'x'", None),
    ("status_502", "refused", 502, "", "Bad Gateway", 0.0),
    ("status_504", "refused", 504, "", "", None),
    ("web_page", "unreadable", 200, "Unexpected content type: text/html", "Welcome hello", None),
    ("untyped", "unreadable", 200, "Unexpected content type: none", "", None),
    ("empty", "unreadable", 200, "its answer is no JSON object", "", None),
    ("no_content", "unreadable", 204, "204 without an answer", "", None),
    ("accepted", "unreadable", 202, "202 without an answer", "", None),
    ("not_json", "unreadable", 200, "its answer is no JSON object", "{oops", None),
    ("batch", "unreadable", 200, "its answer is no JSON object", "[1, 2]", None),
    ("brotli", "unreadable", None, "it is packed as 'br', although it was asked for as it is", "", None),
    ("bad_gzip", "unreadable", None, "it cannot be unpacked: Error -3", "", None),
    ("event_cut", "broken", None, "the stream ended", "", None),
    ("redirect_get", "redirected", 302, "it sends its visitors to http://127.0.0.1:", "", None),
    ("redirect_other", "redirected", 307, "it sends its visitors to http://127.0.0.1:1/x", "", None),
    ("redirect_user", "redirected", 307, "it sends its visitors to http://127.0.0.1:", "", None),
    ("redirect_metadata", "redirected", 307, "it sends its visitors to http://169.254.169.254/", "", None),
    ("redirect_upgrade", "redirected", 307, "it sends its visitors to https://127.0.0.1:", "", None),
    ("redirect_nonsense", "redirected", 307, "it sends its visitors to an address that is none", "", None),
]


@pytest.mark.parametrize(
    ("mode", "kind", "status", "said", "excerpt", "retry_after"), REFUSALS, ids=lambda value: str(value)[:20]
)
async def test_failed_call_says_what_came(
    mode: str, kind: FailureKind, status: int | None, said: str, excerpt: str, retry_after: float | None
) -> None:
    """Whatever comes in place of an answer is told as what it is, at once, and the next call is made as well."""
    async with talking(mode) as talk:
        for _ in range(2):
            failure = await talk.fail()
            assert (failure.kind, failure.status, failure.retry_after) == (kind, status, retry_after)
            assert failure.said.startswith(said)
            assert failure.excerpt.startswith(excerpt)
            assert len(failure.excerpt) <= 200
        assert talk.about.retry_after == retry_after
        assert not talk.about.forgotten.is_set()
        assert talk.evil.called == 2


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("big_json", "more than 8,000,000 bytes"),
        ("big_json_unannounced", "more than 8,000,000 bytes"),
        ("endless_event", "an event of more than 8,000,000 bytes"),
    ],
)
async def test_too_much_is_refused(mode: str, said: str) -> None:
    """An answer past the limit is not collected, and only its own call fails."""
    async with talking(mode) as talk:
        failure = await talk.fail()
        assert (failure.kind, failure.said) == ("oversize", said)
        assert not talk.about.forgotten.is_set()


@pytest.mark.parametrize("mode", ["endless_headers", "many_headers"])
async def test_head_without_end_is_refused(mode: str) -> None:
    """The head of a response has bounds too."""
    async with talking(mode) as talk:
        failure = await talk.fail()
        assert (failure.kind, failure.said) == ("broken", "Receive buffer too long")


async def test_limit_is_exact() -> None:
    """An answer of the limit arrives; one byte more does not."""
    async with talking("big_result", max_bytes=1_000) as talk:
        around = len('{"jsonrpc": "2.0", "id": 5, "result": {"content": [{"type": "text", "text": ""}]}}')
        assert len(await talk.say(str(1_000 - around))) == 1_000 - around
        assert (await talk.fail(str(1_001 - around))).kind == "oversize"


async def test_session_that_is_lost() -> None:
    """It is known as that, and never as a deed that may have been done."""
    async with talking("session_lost") as talk:
        failure = await talk.fail()
        assert (failure.status, failure.session, failure.arrived) == (404, True, False)
        assert talk.about.forgotten.is_set()


async def test_metadata_is_not_fetched() -> None:
    """A challenge may name whatever address: nobody goes there; and what was sent is not said back."""
    async with serving("unauthorized") as evil:
        about = HttpExchange()
        server = HttpServer(url=evil.url, headers={"Authorization": f"Bearer {SECRET}"})
        with anyio.fail_after(TIME_S), pytest.RaisesGroup(MCPError, flatten_subgroups=True):
            async with Client(http_transport(server, about), cache=None):
                pass
        assert {asked.path for asked in evil.seen} == {"/mcp"}
    assert about.failure is not None
    assert (about.failure.oauth, about.failure.status) == (True, 401)
    assert about.failure.excerpt.startswith("bad token *** ")


@pytest.mark.parametrize(("mode", "said"), [("reset", "ReadError"), ("cut", "peer closed connection")])
async def test_broken_connection_fails_one_call(mode: str, said: str) -> None:
    """A call whose connection breaks may have arrived; the calls beside it and after it are answered."""
    beside: list[str] = []

    async def say(talk: Talk) -> None:
        beside.append(await talk.say("beside"))

    async with talking(mode) as talk:
        async with anyio.create_task_group() as calls:
            if mode == "reset":
                calls.start_soon(say, talk)
                await talk.evil.arrived.wait()
            failure = await talk.fail(mode)
            assert (failure.kind, failure.arrived) == ("broken", True)
            assert failure.said.startswith(said)
            for asked in talk.evil.waiting:
                await asked.reply(200, asked.echo())
        assert beside == (["beside"] if mode == "reset" else [])
        talk.evil.mode = MODES["ok"]
        assert await talk.say() == "hé"
        assert not talk.about.forgotten.is_set()


async def test_answers_of_other_requests_are_not_taken() -> None:
    """Two calls that are answered with each other's answer both fail, and neither sees what is not its own."""
    failures: list[HttpFailure] = []

    async def fail(talk: Talk, text: str) -> None:
        failures.append(await talk.fail(text))

    async with talking("swapped") as talk, anyio.create_task_group() as calls:
        calls.start_soon(fail, talk, "one")
        calls.start_soon(fail, talk, "two")
    assert [failure.said for failure in failures] == ["its answer belongs to another request"] * 2


async def test_server_that_has_gone() -> None:
    """A call that never left is told from one that may have arrived; and that there is nobody is known."""
    async with serving("ok") as evil:
        about = HttpExchange()
        with anyio.fail_after(TIME_S):
            async with Client(http_transport(HttpServer(url=evil.url), about), mode="legacy", cache=None) as client:
                talk = Talk(client, about, evil)
                assert await talk.say() == "hé"
                await evil.close()
                failure = await talk.fail()
                while failure.kind == "broken":  # the connection that was still open
                    failure = await talk.fail()
                assert (failure.kind, failure.arrived) == ("unreachable", False)
                assert about.forgotten.is_set()


@pytest.mark.parametrize("mode", ["hang", "drip", "half"])
async def test_call_that_is_left_frees_its_connection(mode: str) -> None:
    """A server that never answers is left alone after the call's time, and what comes next is answered."""
    async with talking(mode) as talk:
        for _ in range(3):
            with anyio.move_on_after(0.1):
                await talk.say()
        talk.evil.mode = MODES["ok"]
        assert await talk.say() == "hé"
        while any(not asked.gone for asked in talk.evil.seen if asked.calls and asked.message["id"] < 6):  # noqa: ASYNC110
            await anyio.sleep(0.01)


@pytest.mark.parametrize(
    ("mode", "speaks", "found"), [("sse", "auto", True), ("sse", "http", False), ("ok", "auto", False)]
)
async def test_older_transport_is_found(mode: str, speaks: HttpKind, found: bool) -> None:  # noqa: FBT001
    """A server that is greeted by POST in vain, and has a stream of the older kind, is known as that."""
    async with serving(mode) as evil:
        about = HttpExchange()
        server = HttpServer(url=evil.url, speaks=speaks)
        connect = partial(Client, http_transport(server, about), cache=None)
        with anyio.fail_after(TIME_S):
            if mode == "ok":
                async with connect():
                    pass
            else:
                with pytest.RaisesGroup(MCPError, flatten_subgroups=True):
                    async with connect():
                        pass
    assert about.speaks_sse is found
    assert (about.failure is not None and about.failure.speaks_sse) is found


async def test_stream_is_not_taken_up_in_a_loop() -> None:
    """A server that wants its streams to be taken up again at once is asked once a second."""
    async with talking("retry_zero") as talk:
        with anyio.move_on_after(0.9):
            await talk.say()
        assert sum(asked.method == "GET" for asked in talk.evil.seen) <= 2
