"""The guard before the endpoint, as an application is asked."""

import anyio
import pytest
from starlette.types import Message, Receive, Scope, Send

from batonmcp.host.http_guard import LARGEST_BODY, HttpGuard, refusal_of

pytestmark = pytest.mark.anyio

TIME_S = 10.0
HOSTS = ("127.0.0.1", "::1", "localhost")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([("host", "127.0.0.1:8765")], None),
        ([("host", "127.0.0.1")], None),
        ([("host", "LocalHost:1")], None),
        ([("host", "[::1]:8765")], None),
        ([("host", "localhost"), ("origin", "http://localhost:6274")], None),
        ([("host", "localhost"), ("origin", "http://[::1]:6274")], None),
        ([], 421),
        ([("host", "")], 421),
        ([("host", "evil.example")], 421),
        ([("host", "evil.example:8765")], 421),
        ([("host", "localhost.evil.example")], 421),
        ([("host", "127.0.0.1.evil.example:8765")], 421),
        ([("host", "localhost:8765@evil.example")], 421),
        ([("host", "evil.example@localhost:8765")], 421),
        ([("host", "localhost:port")], 421),
        ([("host", "localhost/")], 421),
        ([("host", "[::1")], 421),
        ([("host", "192.168.0.1")], 421),
        ([("host", "localhost"), ("host", "evil.example")], 421),
        ([("host", "localhost"), ("host", "localhost")], 421),
        ([("host", "localhost"), ("origin", "https://evil.example")], 403),
        ([("host", "localhost"), ("origin", "http://localhost.evil.example")], 403),
        ([("host", "localhost"), ("origin", "http://localhost@evil.example")], 403),
        ([("host", "localhost"), ("origin", "http://localhost:1 http://evil.example")], 403),
        ([("host", "localhost"), ("origin", "null")], 403),
        ([("host", "localhost"), ("origin", "")], 403),
        ([("host", "localhost"), ("origin", "file://localhost")], 403),
        ([("host", "localhost"), ("origin", "http://localhost"), ("origin", "http://evil.example")], 403),
        ([("host", "localhost"), ("content-length", str(LARGEST_BODY))], None),
        ([("host", "localhost"), ("content-length", str(LARGEST_BODY + 1))], 413),
        ([("host", "localhost"), ("content-length", "9" * 5_000)], 413),
    ],
    ids=str,
)
def test_where_a_request_is_for_and_from(headers: list[tuple[str, str]], status: int | None) -> None:
    """Only this machine's names, only this machine's pages, and nothing larger than is taken."""
    refusal = refusal_of([(name.encode(), value.encode()) for name, value in headers], HOSTS)
    assert (refusal.status if refusal else None) == status
    if status == 421:
        assert refusal is not None
        assert "127.0.0.1, [::1], localhost" in refusal.sentence


def test_the_sentence_is_short_and_plain() -> None:
    """What a stranger writes into a header cannot write on a terminal."""
    refusal = refusal_of([(b"host", b"evil\x1b[31m" + b"x" * 10_000)], HOSTS)
    assert refusal is not None
    assert refusal.sentence.isprintable()
    assert len(refusal.sentence) < 300


class Asking:
    """Asks a guarded application that answers 200 with its body.

    Attributes:
        guard: The guard.
        bodies: What the application has read.
    """

    def __init__(self, *, patience: float = TIME_S) -> None:
        self.guard = HttpGuard(self._echo, hosts=HOSTS, patience=patience)
        self.bodies: list[bytes] = []

    async def _echo(self, _scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        self.bodies.append(message["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def post(self, *parts: Message, host: str = "localhost") -> Message:
        """Post what comes in these parts, and then no more; return the beginning of the answer."""
        left, sent = list(parts), list[Message]()

        async def receive() -> Message:
            if not left:
                await anyio.sleep_forever()
            return left.pop(0)

        async def send(message: Message) -> None:
            await anyio.lowlevel.checkpoint()
            sent.append(message)

        scope: Scope = {"type": "http", "method": "POST", "headers": [(b"host", host.encode())]}
        await self.guard(scope, receive, send)
        return sent[0]


def part(body: bytes, *, more: bool = False) -> Message:
    """Return a part of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_is_passed_on_whole() -> None:
    """Whatever parts it came in."""
    asking = Asking()
    with anyio.fail_after(TIME_S):
        answer = await asking.post(part(b"a", more=True), part(b"b", more=True), part(b"c"))
    assert (answer["status"], asking.bodies) == (200, [b"abc"])


async def test_a_refused_request_is_not_read() -> None:
    """Nobody waits for the body of what is refused for its headers."""
    asking = Asking()
    with anyio.fail_after(TIME_S):
        answer = await asking.post(host="evil.example")
    assert (answer["status"], asking.bodies) == (421, [])


async def test_a_body_that_does_not_end() -> None:
    """It has its time, and then the answer is that it was too slow."""
    asking = Asking(patience=0.05)
    with anyio.fail_after(TIME_S):
        answer = await asking.post(part(b"a", more=True))
    assert (answer["status"], asking.bodies) == (408, [])
    assert (b"connection", b"close") in answer["headers"]


async def test_a_body_that_grows() -> None:
    """Its length need not be told: it counts what came."""
    asking = Asking()
    with anyio.fail_after(TIME_S):
        answer = await asking.post(*[part(b"x" * 1_000_000, more=True)] * 5)
    assert (answer["status"], asking.bodies) == (413, [])


async def test_a_client_that_goes_within_its_body() -> None:
    """Nothing is passed on."""
    asking = Asking()
    with anyio.fail_after(TIME_S):
        await asking.post(part(b"a", more=True), {"type": "http.disconnect"})
    assert asking.bodies == []


async def test_large_bodies_together() -> None:
    """What all that are on their way hold is bounded, and afterwards there is room again."""
    asking = Asking(patience=1.0)
    statuses: list[int] = []

    async def slow() -> None:
        statuses.append((await asking.post(part(b"x" * 4_000_000, more=True)))["status"])

    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(slow)
        answer = await asking.post(part(b"x" * 4_000_000))
    assert sorted(statuses) == [408] * 16 + [503] * 4
    assert answer["status"] == 200


async def test_nothing_but_http() -> None:
    """What is no request is not answered."""
    asking = Asking()

    async def nothing() -> Message:
        raise AssertionError

    async def nobody(_message: Message) -> None:
        raise AssertionError

    await asking.guard({"type": "websocket"}, nothing, nobody)
    assert asking.bodies == []
