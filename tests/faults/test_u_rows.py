"""Faults of the host: what it says wrong, and how it leaves. Each test is a row of the matrix, told there in words."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from doubles import evil_stdio
from doubles.fifo import Fifo
from doubles.processes import TOKEN_VARIABLE, wait_unmarked
from doubles.raw_host import HANDSHAKE, MODERN, Message, RawHost, RequestId, raw_host, said
from faults.invariants import Ground

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WriteConfig = Callable[..., Path]
END_S = 1.0
ROUND_S = 60
INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, UNSUPPORTED_VERSION = -32600, -32601, -32602, -32022
ESCAPES = "\x1b[31mred\x1b[0m \x1b]0;title\x07 \x9b2J bell\x07 back\x08\x08\x08 \u202eright to left"


def echo(text: object, step: str = "a") -> Message:
    """Return a step that has its text said again."""
    return {"id": step, "tool": "ok__echo", "arguments": {"text": text}}


def slow(seconds: float) -> Message:
    """Return a step that takes its time."""
    return {"id": "a", "tool": "ok__slow", "arguments": {"seconds": seconds}}


def text_of(step: str, result: Message) -> object:
    """Return what a step of a run has returned."""
    steps = {each["id"]: each for each in result["_meta"]["batonmcp/run"]["steps"]}
    return steps[step]["value"]


@pytest.fixture
async def host(ground: Ground, write_config: WriteConfig, fifo: Fifo) -> AsyncGenerator[RawHost]:
    """A host before the handshake, of a hub with one good server."""
    async with opened(ground, write_config, fifo) as found:
        yield found


@asynccontextmanager
async def opened(
    ground: Ground,
    write_config: WriteConfig,
    fifo: Fifo,
    **baton: Any,  # noqa: ANN401 - JSON
) -> AsyncGenerator[RawHost]:
    """Start a hub with one good server, and check in the end that no process of either is left."""
    command, *arguments = evil_stdio.argv("ok", state=fifo.path)
    config = write_config({"ok": {"command": command, "args": arguments}}, **baton)
    with anyio.fail_after(ROUND_S):
        async with raw_host(config, environment={TOKEN_VARIABLE: ground.token}) as found:
            yield found
        await wait_unmarked(ground.token, within=END_S + 1)


async def is_well(host: RawHost) -> None:
    """Check that the next good request is answered, and the next good run runs."""
    assert await host.ask("ping") == {}
    assert text_of("a", await host.run(echo("all is well"))) == "all is well"


async def is_busy(host: RawHost, fifo: Fifo) -> None:
    """Have the host's call wait for a slow tool."""
    await host.shake_hands()
    await host.begin_run(slow(50))
    await fifo.until("call slow")


async def ends(host: RawHost) -> int:
    """Return the exit code, which must come within a second."""
    with anyio.fail_after(END_S + 1):
        return await host.process.wait()


async def test_u02_input_ends_within_a_run(host: RawHost, fifo: Fifo) -> None:
    """The host closes our input while a tool is running: we end, and so does its server."""
    await is_busy(host, fifo)
    await host.close_input()
    assert await ends(host) == 0


async def test_u02_input_ends_while_it_reads_nothing(host: RawHost, fifo: Fifo) -> None:
    """It makes no difference that our output is full."""
    await is_busy(host, fifo)
    await fill(host)
    await host.close_input()
    assert await ends(host) == 0


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        ((signal.SIGTERM,), 143),
        ((signal.SIGINT,), 130),
        ((signal.SIGINT, signal.SIGINT), 130),
        ((signal.SIGHUP,), 129),
    ],
    ids=["SIGTERM", "SIGINT", "SIGINT twice", "SIGHUP"],
)
async def test_u03_signals_within_a_run(
    host: RawHost, fifo: Fifo, signals: tuple[signal.Signals, ...], code: int
) -> None:
    """Each ends us while a tool is running, with the exit code that says which."""
    await is_busy(host, fifo)
    for each in signals:
        host.process.send_signal(each)
    assert await ends(host) == code


async def test_u03_a_broken_pipe(host: RawHost, fifo: Fifo) -> None:
    """SIGPIPE is no reason to end, but an output that nobody reads any more is: then the host has gone."""
    await host.shake_hands()
    host.process.send_signal(signal.SIGPIPE)
    await is_well(host)
    await host.begin_run(slow(50))
    await fifo.until("call slow")
    host.close_output()
    await host.begin("ping")
    await ends(host)


async def fill(host: RawHost) -> list[RequestId]:
    """Ask for more than fits into our output, without reading it."""
    return [await host.begin("tools/list") for _ in range(100)]


async def test_u04_the_host_stops_reading(ground: Ground, write_config: WriteConfig, fifo: Fifo) -> None:
    """Runs go on and end in their time all the same, and what the host reads later is whole and in its place."""
    limits = {"call_timeout": 0.5, "attempts": 1}
    async with opened(ground, write_config, fifo, limits=limits, effects={"ok__*": "read"}) as host:
        await host.shake_hands()
        await is_well(host)
        await fifo.until("call echo")
        asked = await fill(host)
        quick = await host.begin_run(echo("nobody reads"), meta={"progressToken": 1})
        assert await fifo.until("call echo") == 'call echo {"text": "nobody reads"}'
        late = await host.begin_run(slow(50), meta={"progressToken": 2})
        await fifo.until("call slow")
        await fifo.until("cancelled")
        assert text_of("a", (await host.answer(quick))["result"]) == "nobody reads"
        assert "0.5" in said((await host.answer(late))["result"])
        for each in asked:
            (tool,) = (await host.answer(each))["result"]["tools"]
            assert tool["name"] == "orchestrate"
        await is_well(host)


WRONG: list[tuple[str, Any]] = [
    *(("query", value) for value in (1, True, ["x"], {"x": 1}, "", "   ", "x" * 65_537)),
    *(("inputs", value) for value in (1, "x", ["x"], '{"x": ')),
    *(("servers", value) for value in (1, "ok", {"x": 1}, [1], [["ok"]])),
    *(("output", value) for value in (1, "poem", ["data"], {"x": 1})),
    *(("plan", value) for value in (1, "x", ["x"], True)),
    *((name, value) for name in ("run_id", "select", "approval") for value in (1, True, ["x"], {"x": 1})),
    *((name, 1) for name in ("Query", "tool", "_meta", "", "plan ", "quéry")),
]


async def test_u08_wrong_arguments(host: RawHost, fifo: Fifo) -> None:
    """Each gets an error of the tool that names it; nothing is called, and null is as good as nothing."""
    await host.shake_hands()
    for name, value in WRONG:
        result = await host.run(**(dict[str, Any](query="x") | {name: value}))
        assert result.get("isError"), (name, value)
        assert name in said(result), (name, value, said(result))
    both = await host.run(query=7, output="poem", servers="ok", more=1)
    assert [each for each in ("query", "output", "servers", "more") if f"`{each}`" not in said(both)] == []
    nulls: dict[str, Any] = dict.fromkeys(("query", "inputs", "servers", "output"))
    result = await host.run(echo("the first call of all"), **nulls)
    assert text_of("a", result) == "the first call of all"
    assert await fifo.until("call") == 'call echo {"text": "the first call of all"}'


async def test_u08_wrong_parameters(host: RawHost) -> None:
    """A call that is none gets the protocol's error, and one without arguments the tool's."""
    await host.shake_hands()
    name: Message = {"name": "orchestrate"}
    wrongs: list[Message] = [{}, {"name": 7}, {**name, "arguments": [1]}, {**name, "arguments": "x"}]
    for wrong in wrongs:
        assert (await host.refused("tools/call", wrong))["code"] == INVALID_PARAMS, wrong
    nothings: list[Message] = [name, {**name, "arguments": {}}]
    for nothing in nothings:
        result = await host.ask("tools/call", nothing)
        assert result["isError"]
        assert "query" in said(result)
    await is_well(host)


async def test_u08_arguments_at_random(host: RawHost) -> None:
    """Whatever is put where, there is an answer, and we go on."""
    await host.shake_hands()
    dice = random.Random(8)  # noqa: S311 - arguments, no secrets
    for _ in range(150):
        names = dice.sample(["query", "inputs", "servers", "output", "plan", "x"], k=dice.randint(0, 5))
        arguments: dict[str, Any] = {name: anything(dice) for name in names}
        result = await host.run(**arguments)
        assert said(result)
    await is_well(host)


def anything(dice: random.Random, depth: int = 0) -> Any:  # noqa: ANN401 - JSON
    """Return a JSON value, not too deep."""
    kind = dice.randrange(8 if depth < 4 else 6)
    if kind == 6:
        return [anything(dice, depth + 1) for _ in range(dice.randrange(4))]
    if kind == 7:
        names = ["steps", "id", "tool", "arguments", "$from", "when", "for_each", "", "é"]
        return {name: anything(dice, depth + 1) for name in dice.sample(names, k=dice.randrange(5))}
    return [None, True, dice.randrange(-9, 9), 1e300, "ok__echo", ESCAPES][kind]


UNKNOWN: dict[str, Message] = {
    "prompts/get": {"name": "none"},
    "completion/complete": {"ref": {"type": "ref/prompt", "name": "x"}, "argument": {"name": "x", "value": "x"}},
    "logging/setLevel": {"level": "debug"},
    "resources/subscribe": {"uri": "x:y"},
    "tasks/get": {"taskId": "1"},
    "x": {},
    "": {},
    "é": {},
}


async def test_u09_unknown_names(host: RawHost) -> None:
    """The protocol's errors for methods, prompts and resources; a tool of another name is said to be none."""
    await host.shake_hands()
    for method, params in UNKNOWN.items():
        assert (await host.refused(method, params))["code"] == METHOD_NOT_FOUND, method
    assert (await host.ask("prompts/list", {}))["prompts"] == []
    for uri in ("file:///etc/passwd", "batonmcp://nothing/0", "no address", ""):
        assert (await host.refused("resources/read", {"uri": uri}))["code"] == INVALID_PARAMS, uri
    assert (await host.refused("resources/list", {"cursor": "none of ours"}))["code"] == INVALID_PARAMS
    result = await host.ask("tools/call", {"name": "ok__echo", "arguments": {"text": "past the plan"}})
    assert result["isError"]
    assert "'ok__echo'" in said(result)
    assert "'orchestrate'" in said(result)
    for notification in ("notifications/unknown", "notifications/cancelled", "notifications/progress", "tools/call"):
        await host.notify(notification, {"no": "sense"})
    await is_well(host)


GARBAGE = {
    "no JSON": b"garbage",
    "half a message": b'{"jsonrpc":"2.0","id":"half","method":"pi',
    "nothing": b"",
    "a thousand nothings": b"\n" * 1000,
    "bad UTF-8": b'\xff\xfe{"jsonrpc":"2.0"}',
    "bad UTF-8 in a message": b'{"jsonrpc":"2.0","id":"bad","method":"\xc3\x28"}',
    "half a character": b'{"jsonrpc":"2.0","id":"half","method":"\\ud800"}',
    "deep lists": b"[" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "deep parameters": b'{"jsonrpc":"2.0","id":"d","method":"ping","params":' + b'{"a":' * 9999 + b"1" + b"}" * 10_000,
    "a batch": b'[{"jsonrpc":"2.0","id":"b","method":"ping"}]',
    "null": b"null",
    "a number": b"17",
    "no version": b'{"id":"v","method":"ping"}',
    "an unknown version": b'{"jsonrpc":"1.0","id":"v","method":"ping"}',
    "an answer to nothing": b'{"jsonrpc":"2.0","id":"x","result":{}}',
    "an error for nothing": b'{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":"x"}}',
    "null as id": b'{"jsonrpc":"2.0","id":null,"method":"ping"}',
    "a fraction as id": b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}',
    "an object as id": b'{"jsonrpc":"2.0","id":{},"method":"ping"}',
    "an id past what Python reads": b'{"jsonrpc":"2.0","id":' + b"9" * 5000 + b',"method":"ping"}',
    "parameters that are a list": b'{"jsonrpc":"2.0","id":"l","method":"ping","params":[1]}',
}


@pytest.mark.parametrize("shaken", [False, True], ids=["at once", "after the handshake"])
async def test_u10_garbage(host: RawHost, shaken: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """After each kind of garbage, first of all or amid good requests, the next good request is answered."""
    if shaken:
        await host.shake_hands()
    for name, line in GARBAGE.items():
        await host.write(line)
        with anyio.fail_after(10):
            assert await host.ask("ping") == {}, name
    if not shaken:
        await host.shake_hands()
    await is_well(host)
    assert not [each for each in host.received if "result" in each and each["id"] in {"half", "b", "v", "x", 1.5}]


async def test_u10_odd_ids(host: RawHost) -> None:
    """An id that the protocol allows comes back as it was, however long it is."""
    await host.shake_hands()
    for odd in (0, -1, 2**53, 2**70, int("9" * 400), "", "0", "x" * 100_000, "\u2028 \x7f é", "a\x00b"):
        await host.begin("ping", id=odd)
        assert (await host.answer(odd))["result"] == {}
    await is_well(host)


async def test_u11_an_id_twice(host: RawHost, fifo: Fifo) -> None:
    """Two calls of one id: nothing breaks, the first is not lost to the second, and others are not touched."""
    await host.shake_hands()
    await host.begin_run(slow(50), id="other")
    await fifo.until("call slow")
    await host.begin_run(slow(0.5), id="twice")
    await fifo.until("call slow")
    await host.begin_run(echo("the second"), id="twice")
    await fifo.until("call echo")
    while len(host.answers("twice")) < 2:
        await host.read()
    values = [text_of("a", each["result"]) for each in host.answers("twice")]
    assert sorted(map(str, values)) == ["slept 0.5 s", "the second"]
    assert host.answers("other") == []
    await is_well(host)


async def test_u11_cancelled_for_nothing(host: RawHost, fifo: Fifo) -> None:
    """To cancel what is unknown or over does nothing; to cancel one of two stops that one, and its tool's call."""
    await host.shake_hands()
    over = await host.begin_run(echo("over"), id=1)
    await host.answer(over)
    kept = await host.begin_run(slow(1.5), id=2)
    await fifo.until("call slow")
    await host.begin_run(slow(50), id="2")
    await fifo.until("call slow")
    nothings: list[object] = [1, "1", "never", -1, 2.0, None, {}, [2]]
    for nothing in nothings:
        await host.notify("notifications/cancelled", {"requestId": nothing})
    await host.notify("notifications/cancelled")
    await host.notify("notifications/cancelled", {"requestId": "2", "reason": "the person has left"})
    assert (await fifo.until("cancelled")) != ""
    assert text_of("a", (await host.answer(kept))["result"]) == "slept 1.5 s"
    assert [each for each in host.answers("2") if "result" in each] == []
    await is_well(host)


async def test_u12_before_the_handshake(host: RawHost) -> None:
    """Requests before it are refused, all but `ping`; after it, everything is as if they had not been."""
    for method, params in (("tools/list", {}), ("tools/call", {"name": "orchestrate", "arguments": {"query": "x"}})):
        assert (await host.refused(method, params))["code"] in {INVALID_REQUEST, INVALID_PARAMS}
    assert await host.ask("ping") == {}
    assert (await host.refused("initialize", {"protocolVersion": 7}))["code"] == INVALID_PARAMS
    assert (await host.refused("initialize"))["code"] == INVALID_PARAMS
    await host.notify("notifications/initialized")
    await host.shake_hands()
    await is_well(host)


@pytest.mark.parametrize("version", ["1999-01-01", "2099-01-01", "", "latest", "2026-07-28"])
async def test_u12_an_unknown_version(host: RawHost, version: str) -> None:
    """A handshake of a version that has none gets the newest that has one, as the protocol says."""
    result = await host.shake_hands({**HANDSHAKE, "protocolVersion": version})
    assert result["protocolVersion"] == HANDSHAKE["protocolVersion"]
    await is_well(host)


async def test_u12_a_second_handshake(host: RawHost, fifo: Fifo) -> None:
    """It disturbs nothing that is under way."""
    await host.shake_hands()
    running = await host.begin_run(slow(1))
    await fifo.until("call slow")
    assert (await host.shake_hands())["serverInfo"]["name"] == "batonmcp"
    assert text_of("a", (await host.answer(running))["result"]) == "slept 1 s"
    await is_well(host)


async def test_u12_an_unknown_version_without_handshake(host: RawHost) -> None:
    """It is refused with the versions that there are; one that is known then works on the same connection."""
    unknown = {**MODERN, "io.modelcontextprotocol/protocolVersion": "2099-01-01"}
    error = await host.refused("server/discover", {"_meta": unknown})
    assert error["code"] == UNSUPPORTED_VERSION
    assert "2026-07-28" in error["data"]["supported"]
    (tool,) = (await host.ask("tools/list", {"_meta": MODERN}))["tools"]
    assert tool["name"] == "orchestrate"
    assert text_of("a", await host.run(echo("x"), meta=MODERN)) == "x"
    assert (await host.refused("initialize", HANDSHAKE))["code"] in {INVALID_REQUEST, UNSUPPORTED_VERSION}


async def test_u17_no_progress_wanted(host: RawHost) -> None:
    """A host that gives no token hears of no progress; one that gives an odd one gets that very one back."""
    await host.shake_hands()
    await host.run(echo("x"))
    assert [each for each in host.received if "method" in each] == []
    for token in ("t", 0, 7, "", "7"):
        before = len(host.received)
        await host.run(echo("x"), meta={"progressToken": token})
        heard = [each["params"] for each in host.received[before:] if each.get("method") == "notifications/progress"]
        assert heard
        assert {(type(each["progressToken"]), each["progressToken"]) for each in heard} == {(type(token), token)}
        numbers = [each["progress"] for each in heard]
        assert numbers == sorted(set(numbers))


async def test_u22_control_characters(ground: Ground, write_config: WriteConfig, fifo: Fifo, tmp_path: Path) -> None:
    """In what a terminal shows, the log and the list of runs, none of them is left."""
    store = {**os.environ, "BATONMCP_STORE": str(tmp_path / "store.sqlite3"), TOKEN_VARIABLE: ground.token}
    command, *arguments = evil_stdio.argv("ok", state=fifo.path)
    config = write_config({"ok": {"command": command, "args": arguments}})
    with anyio.fail_after(ROUND_S):
        async with raw_host(config, environment=store) as host:
            await host.shake_hands()
            result = await host.run(echo(ESCAPES), query=ESCAPES)
            assert text_of("a", result) == ESCAPES  # a host gets what the tool has said
            await host.run(query=ESCAPES, servers=[ESCAPES])
            await host.run({"id": ESCAPES, "tool": ESCAPES, "arguments": {}}, query=ESCAPES)
            await host.close_input()
            await ends(host)
            shown = [host.log.read_bytes()]
        run_id = result["_meta"]["batonmcp/run"]["run_id"]
        for arguments in (["runs"], ["runs", "show", run_id]):
            asking = [sys.executable, "-m", "batonmcp", *arguments, "--config", str(config)]
            done = await anyio.run_process(asking, env=store, stderr=subprocess.STDOUT)
            assert b"red" in done.stdout
            shown.append(done.stdout)
        await wait_unmarked(ground.token, within=END_S)
    for each in shown:
        assert {character for character in each.decode() if not character.isprintable()} <= {"\n"}
