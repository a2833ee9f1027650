"""Faults of servers on stdio. Each test is a row of the matrix, told there in words."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.config.settings import ServerSettings, StdioServer
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed
from batonmcp.core.registry import Registry
from batonmcp.downstream.fleet import open_fleet
from doubles.downstream import settings_of
from doubles.processes import alive, marked
from faults.invariants import CONTROL, Ground, Session, snapshot

pytestmark = pytest.mark.anyio

QUICK = Limits(connect_timeout=1.0)
GONE_S = 2.0


def names(registry: Registry, server: str) -> set[str]:
    """Return the names of a server's tools."""
    return {tool.name for tool in registry if tool.server == server}


async def lives(session: Session, server: str = "bad", *, words: str = "again") -> None:
    """Check that a server answers."""
    assert await session.value(f"{server}__echo", within=10, text=words) == words


async def recovers(session: Session, server: str = "bad") -> None:
    """Check that a server answers, once it is known to have gone: one call may find that out."""
    outcome = await session.call(f"{server}__echo", within=10, text="x")
    if isinstance(outcome, Failed):
        assert outcome.error.kind == "unavailable"
        await lives(session, server)


async def gone(pids: set[int] | frozenset[int]) -> None:
    """Wait until these processes are gone."""
    with anyio.fail_after(GONE_S):
        while any(map(alive, pids)):  # noqa: ASYNC110 - the end of a process that is not our child is no event
            await anyio.sleep(0.02)


def started(ground: Ground, server: str = "bad") -> list[int]:
    """Return the processes of a server so far."""
    return [int(pid) for pid in ground.noted(server, "started")]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Somebody who must not be called."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        found.settimeout(0)
        yield found
        with pytest.raises(BlockingIOError):
            found.accept()


# Coming up.


async def test_d01_cannot_be_started(ground: Ground) -> None:
    """Each says exactly what is wrong and where to correct it; the good one works meanwhile."""
    plain = ground.folder / "plain"
    plain.write_text("echo")
    broken = {
        "missing": StdioServer(command="no-such-program-anywhere"),
        "plain": StdioServer(command=str(plain)),
        "nowhere": StdioServer(command="sh", cwd=str(ground.folder / "nowhere")),
        "zero": StdioServer(command="sh", args=("-c", "a\0b")),
    }
    servers = [ServerSettings(name=name, transport=transport) for name, transport in broken.items()]
    async with ground.session(*servers) as session:
        assert "there is no program 'no-such-program-anywhere'" in await session.trouble("missing")
        assert "Install it, or write its full path in mcpServers.missing.command" in await session.trouble("missing")
        assert "may not be executed" in await session.trouble("plain")
        assert "mcpServers.nowhere.cwd" in await session.trouble("nowhere")
        assert "cannot start" in await session.trouble("zero")


async def test_d02_exits_at_start(ground: Ground) -> None:
    """The exit code and the last words are told; it is tried again."""
    async with ground.session(ground.evil("exit_at_once")) as session:
        trouble = await session.trouble("bad")
        assert "ended with exit code 3 before it was ready" in trouble
        assert "FATAL: cannot open database" in trouble
        with anyio.fail_after(5):
            while len(started(ground)) < 2:  # noqa: ASYNC110 - nobody else is told of it
                await anyio.sleep(0.02)


async def test_d03_never_answers_the_handshake(ground: Ground) -> None:
    """The time to get ready, which can be set, is told; the good server is there before."""
    async with ground.session(ground.evil("hang_init"), limits=QUICK, ready=False) as session:
        assert await session.fleet.registry((CONTROL,))
        assert "gave no usable answer within 1 s of its start" in await session.trouble("bad")


async def test_d04_starts_slowly(ground: Ground) -> None:
    """Who doesn't need it doesn't wait for it; a call that needs it waits; it is there when it is ready."""
    gate = ground.folder / "gate"
    os.mkfifo(gate)
    async with ground.session(ground.more("slow_start", gate=gate), ready=False) as session:
        early = await session.fleet.registry((CONTROL,))
        assert [agent.trouble for agent in early.agents] == [None, "bad is still starting."]
        await anyio.to_thread.run_sync(gate.write_text, "open")
        await lives(session)


async def test_d05_speaks_another_version(ground: Ground) -> None:
    """Its version is named, and what is spoken here."""
    async with ground.session(ground.more("bad_version")) as session:
        trouble = await session.trouble("bad")
        assert "1999-01-01" in trouble
        assert "version" in trouble


@pytest.mark.parametrize("protocol", ["auto", "modern"])
async def test_d06_speaks_one_era(ground: Ground, protocol: Any) -> None:  # noqa: ANN401 - a literal
    """The newer era only, and the older one with nonsense for the newer one's question: both work."""
    servers = (
        ground.evil("modern_only", name="new", protocol=protocol),
        ground.more("odd_discover", name="odd", protocol=protocol),
    )
    async with ground.session(*servers) as session:
        await lives(session, "new")
        await lives(session, "odd")


# Dying.


async def test_d07_dies_in_a_call(ground: Ground) -> None:
    """The call that may have happened is not made again; the next one works."""
    async with ground.session(ground.more("die_once"), effects={"bad__*": "write"}) as session:
        record = await session.run("bad__echo", text="x")
        assert record.steps[1].status == "unknown"
        assert record.steps[1].attempts == 1
        await lives(session)
        assert len(started(ground)) == 2


async def test_d08_dies_between_calls(ground: Ground) -> None:
    """The first call after its death works."""
    async with ground.session(ground.more("die_idle")) as session:
        await lives(session, words="before")
        await recovers(session)
        assert len(started(ground)) == 2


async def test_d09_dies_again_and_again(ground: Ground) -> None:
    """It is started at most three times in two seconds."""
    async with ground.session(ground.evil("exit_after_calls")) as session:
        await lives(session)
        with anyio.move_on_after(2):
            while True:
                await session.call("bad__echo", within=1, text="x")
        assert len(started(ground)) <= 4


async def test_d10_hangs_in_a_call(ground: Ground) -> None:
    """The call times out and is cancelled, and its slot is free."""
    async with ground.session(ground.evil("hang_call"), limits=Limits(parallel_server=1)) as session:
        for _ in range(3):
            failed = await session.failure("bad__echo", within=0.2, text="x")
            assert failed.error.kind == "timeout"
            assert "did not answer within 0.2 s" in failed.error.message
        with anyio.fail_after(2):
            while len(ground.noted("bad", "cancelled")) < 3:  # noqa: ASYNC110 - the server's note is no event here
                await anyio.sleep(0.02)


async def test_d11_answers_after_the_cancel(ground: Ground) -> None:
    """What comes too late is nobody's: the next call has its own answer."""
    async with ground.session(ground.more("late")) as session:
        for _ in range(3):
            assert (await session.failure("bad__late", within=0.1)).error.kind == "timeout"
            await lives(session)
        assert len(started(ground)) == 1


async def test_d12_stops_reading(ground: Ground) -> None:
    """A call with more than the pipe holds ends in time, the server is killed and started again."""
    async with ground.session(ground.evil("no_read"), limits=Limits(argument_bytes=2_000_000)) as session:
        failed = await session.failure("bad__echo", within=1.0, text="x" * 1_000_000)
        assert failed.error.kind in {"timeout", "unavailable"}
        with anyio.fail_after(8):
            while len(started(ground)) < 2:  # noqa: ASYNC110 - the server's note is no event here
                await anyio.sleep(0.02)


# What it sends.


async def test_d13_prints_junk(ground: Ground) -> None:
    """Some junk is passed over; a flood of it is not read for ever."""
    servers = (ground.evil("garbage"), ground.more("junk_flood", name="flood", size=1000))
    async with ground.session(*servers) as session:
        await lives(session)
        outcome = await session.call("flood__junk_flood", within=5)
        del outcome  # answered behind all of it, or stopped: both will do
        await lives(session)


async def test_d14_sends_odd_bytes(ground: Ground) -> None:
    """Odd bytes around and within messages cost nothing but themselves; what is no UTF-8 at all is told."""
    async with ground.session(
        ground.more("odd_bytes"), ground.more("utf16", name="wide"), limits=Limits(connect_timeout=2)
    ) as session:
        await lives(session)
        assert "lines that are no MCP messages" in await session.trouble("wide")


async def test_d14_sends_odd_bytes_in_a_result(ground: Ground) -> None:
    """A result with bytes that are not UTF-8 is read all the same."""
    async with ground.session(ground.more("odd_bytes")) as session:
        assert str(await session.value("bad__odd_bytes")).startswith("caf")


@pytest.mark.parametrize("tool", ["surrogate", "deep", "deeper", "long_number", "infinite"])
async def test_d15_sends_odd_values(ground: Ground, tool: str) -> None:
    """They are read, or fail that call at once: no time passes for nothing."""
    async with ground.session(ground.more("odd_values")) as session:
        with anyio.fail_after(2):
            await session.call(f"bad__{tool}", within=30)
        await recovers(session)


async def test_d16_sends_too_much(ground: Ground) -> None:
    """100 MB are refused at the limit, which is named."""
    async with ground.session(ground.more("huge", size=100)) as session:
        failed = await session.failure("bad__huge", within=10)
        assert "8,000,000 bytes" in failed.error.message
        await recovers(session)


async def test_d17_never_ends_a_line(ground: Ground) -> None:
    """The same, though no line ever ends."""
    async with ground.session(ground.more("endless")) as session:
        failed = await session.failure("bad__endless", within=10)
        assert "8,000,000 bytes" in failed.error.message
        await recovers(session)


@pytest.mark.parametrize("mode", ["huge", "many_values"])
async def test_d18_sends_much(ground: Ground, mode: str) -> None:
    """Just within the limit all of it arrives, as text or as values, and nothing else is held up."""
    ground.heavy = True
    size = {"huge": 7, "many_values": 200}[mode]
    async with ground.session(ground.more(mode, size=size)) as session:
        value = await session.value(f"bad__{mode}", within=20)
        assert value
        await lives(session)


async def contents(session: Session, result: JsonValue) -> JsonValue:
    """Return what is made of a result."""
    return await session.value("bad__contents", result=result)


async def test_d20_links(ground: Ground, listener: socket.socket) -> None:
    """An address is shown as text; nobody is called."""
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    async with ground.session(ground.more("contents")) as session:
        for uri in (address, "file:///etc/passwd"):
            link: JsonValue = {"type": "resource_link", "uri": uri, "name": "n"}
            assert uri in str(await contents(session, {"content": [link]}))


async def test_d21_content_of_an_unknown_type(ground: Ground) -> None:
    """The text is kept, and a note stands for the rest."""
    async with ground.session(ground.more("contents")) as session:
        text: JsonValue = {"type": "text", "text": "kept", "mood": "good"}
        unknown: JsonValue = {"type": "hologram", "light": [1]}
        value = str(await contents(session, {"content": [text, unknown], "weather": "fine"}))
        assert "kept" in value
        assert "hologram" in value


async def test_d22_reports_an_error(ground: Ground) -> None:
    """Its text is told on one line, without control characters; what needs the step is skipped."""
    async with ground.session(ground.evil("ok")) as session:
        record = await session.run("bad__fail", message="no\nmoney \x1b[31mleft")
        assert record.steps[1].error
        assert record.steps[1].error["kind"] == "tool_error"
        assert "no money" in record.steps[1].error["message"]


@pytest.mark.parametrize(
    "error",
    [
        {"code": -32700, "message": "m"},
        {"code": -32601, "message": "m"},
        {"code": -32602, "message": "m"},
        {"code": -32603, "message": "m"},
        {"code": -32000, "message": "Connection closed"},
        {"code": 0, "message": ""},
        {"code": 7, "message": "m" * 100_000},
        {"code": 10**30, "message": "m"},
        {"code": -32000, "message": "m", "megabytes": 2},
        {"code": "word", "message": "m"},
        {"code": 1.5, "message": ["m"]},
        {"message": "m"},
    ],
    ids=lambda error: str(error)[:40],
)
async def test_d23_answers_with_errors(ground: Ground, error: JsonValue) -> None:
    """Each ends its call at once, in a short sentence; the server stays."""
    async with ground.session(ground.more("errors")) as session:
        with anyio.fail_after(6):
            failed = await session.failure("bad__errors", within=20, error=error)
        assert len(str(failed.error)) < 1000
        assert len(started(ground)) == 1


@pytest.mark.parametrize("result", [{"content": "text"}, {"content": [7]}, {"no": "content"}, []], ids=str)
async def test_d24_answers_with_no_result(ground: Ground, result: JsonValue) -> None:
    """The call has run, so a write is not repeated; the server stays."""
    effects: Any = {"bad__*": "write"}
    async with ground.session(ground.more("contents"), effects=effects, limits=Limits(call_timeout=3)) as session:
        record = await session.run("bad__contents", result=result)
        assert record.steps[1].status in {"unknown", "succeeded"}
        assert record.steps[1].attempts == 1


async def test_d25_breaks_its_own_schema(ground: Ground) -> None:
    """The content is kept, and there is a note."""
    async with ground.session(ground.evil("bad_output")) as session:
        record = await session.run("bad__measure", city="x")
        assert record.steps[1].value == {"celsius": "rather warm"}
        assert any("measure" in note for note in record.notes)


async def test_d26_has_harmful_schemas(ground: Ground, listener: socket.socket) -> None:
    """Nothing is fetched, and no check takes long: the good server goes on."""
    async with ground.session(ground.more("schemas", size=listener.getsockname()[1])) as session:
        for tool, value in (("slow_pattern", "a" * 27 + "!"), ("remote", "x"), ("slow_output", "x")):
            await session.run(f"bad__{tool}", v=value)
        deep: JsonValue = {}
        for _ in range(90):
            deep = {"v": deep}
        await session.run("bad__recursive", v=deep)
        await lives(session)


async def test_d26_has_a_wide_schema(ground: Ground) -> None:
    """A schema of 100,000 parts costs its own tool at most."""
    ground.heavy = True
    async with ground.session(ground.more("wide_schema", size=100)) as session:
        await lives(session)


# Its list.


async def test_d27_one_tool_is_malformed(ground: Ground) -> None:
    """49 of 50 are there."""
    async with ground.session(ground.more("one_bad")) as session:
        assert len(names(await session.registry(), "bad")) == 49
        assert "bad" in await session.trouble("bad")
        assert await session.value("bad__good_7") == "good"


async def test_d28_two_tools_of_one_name(ground: Ground) -> None:
    """Both are left out and named."""
    async with ground.session(ground.evil("dup_names")) as session:
        assert names(await session.registry(), "bad") == {"slow", "fail"}
        assert "several tools called echo" in await session.trouble("bad")


async def test_d29_has_thousands_of_tools(ground: Ground) -> None:
    """A thousand of them are there and work, and it is told that there are more; nothing is held up."""
    ground.heavy = True
    async with ground.session(ground.more("many", size=5000)) as session:
        assert len(names(await session.registry(), "bad")) == 1000
        assert "left out" in await session.trouble("bad")
        await lives(session)


async def test_d30_cursors(ground: Ground) -> None:
    """The list ends, with a note where that was not the server's doing."""
    servers = (
        ground.evil("cursor_loop", name="circle"),
        ground.more("new_cursors", name="endless"),
        ground.more("empty_cursor", name="empty"),
    )
    async with ground.session(*servers) as session:
        await lives(session, "circle")
        await lives(session, "empty")
        assert len(names(await session.registry(), "endless")) == 100
        assert "more than 100 pages" in await session.trouble("endless")


async def test_d31_storm_of_changes(ground: Ground) -> None:
    """The list is fetched a few times, not fifty thousand times, and calls go on."""
    async with ground.session(ground.more("storm", size=50)) as session:
        await session.value("bad__storm", within=30)
        await lives(session)
        await anyio.sleep(0.5)  # for a fetch that is still under way
        assert 1 <= ground.state("bad").read_text().splitlines().count("listed") <= 4


async def test_d32_list_changes_in_a_run(ground: Ground) -> None:
    """The old registry stays what it was; a new one has the new tool; a call of one that has gone fails by itself."""
    async with ground.session(ground.more("changing")) as session:
        before = await session.registry()
        assert await session.value("bad__change") == "changed"
        with anyio.fail_after(5):
            while "fresh" not in names(await session.registry(), "bad"):  # noqa: ASYNC110 - it is looked at anew
                await anyio.sleep(0.02)
        assert "echo" in names(before, "bad")
        assert "echo" not in names(await session.registry(), "bad")
        session.planned["bad"] += 1
        assert (await session.fleet.call(before["bad__echo"], {"text": "x"}, within=5)).__class__.__name__ == "Failed"
        assert await session.value("bad__fresh") == "fresh"


async def test_d34_progress_for_ever(ground: Ground) -> None:
    """The call's time ends it."""
    async with ground.session(ground.more("progress")) as session:
        assert (await session.failure("bad__progress", within=0.5)).error.kind == "timeout"
        await lives(session)


async def test_d35_odd_progress(ground: Ground) -> None:
    """What makes no sense is passed over: the server and the other calls stay."""
    async with ground.session(ground.more("progress")) as session, anyio.create_task_group() as calls:
        calls.start_soon(session.call, "bad__progress", 1.0)
        for number in range(10):
            await lives(session, words=f"n{number}")
        assert len(started(ground)) == 1


async def test_d36_answers_for_others(ground: Ground) -> None:
    """Of two answers the first counts; without its own, a call times out."""
    async with ground.session(ground.more("wrong_ids"), ground.more("other_id", name="mute")) as session:
        assert await session.value("bad__wrong_ids") == "first"
        assert (await session.failure("mute__other_id", within=0.3)).error.kind == "timeout"
        await lives(session)
        await lives(session, "mute")


async def test_d37_asks(ground: Ground) -> None:
    """Each question is answered at once: with nobody there, by a refusal; nothing is made up."""
    async with ground.session(ground.more("asks")) as session:
        said = await session.value("bad__asks")
        assert isinstance(said, dict)
        assert set(said) == {"sampling/createMessage", "roots/list", "elicitation/create", "no/such"}
        assert "model" not in json.dumps(said)
        assert "accept" not in json.dumps(said)


async def test_d39_logs_without_end(ground: Ground) -> None:
    """What it logs is dropped; the call is answered."""
    async with ground.session(ground.more("log_flood", size=5)) as session:
        assert await session.value("bad__log_flood", within=10) == "done"


async def test_d40_floods_its_standard_error(ground: Ground) -> None:
    """It is drained, and does not grow."""
    async with ground.session(ground.more("stderr_flood", size=64)) as session:
        assert await session.value("bad__stderr_flood", within=10) == "done"
        await lives(session)


@pytest.mark.parametrize("mode", ["close_stdout", "close_stdin"])
async def test_d41_closes_a_pipe(ground: Ground, mode: str) -> None:
    """Nobody waits for what cannot come; another process takes its place."""
    async with ground.session(ground.more(mode)) as session:
        (first,) = started(ground)
        with anyio.fail_after(5):
            await session.call(f"bad__{mode}", within=30)
        await recovers(session)
        await gone({first})
        assert len(started(ground)) == 2


# Its processes.


@pytest.mark.parametrize("mode", ["ignore_eof", "grandchild", "daemon", "leader_exits"])
async def test_d42_leaves_processes_behind(ground: Ground, mode: str) -> None:
    """When the fleet is closed, nothing with the test's mark is left."""
    server = ground.evil(mode) if mode in {"ignore_eof", "grandchild"} else ground.more(mode)
    async with ground.session(server) as session:
        await lives(session)
    await gone(marked(ground.token))


async def test_d44_looks_around(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """It sees the variables of its entry and the harmless few, no file of ours, and no secret of our command line."""
    monkeypatch.setenv("OPENAI_API_KEY", "canary-of-the-environment")
    with ExitStack() as files:
        ours = files.enter_context((ground.folder / "ours").open("w"))
        async with ground.session(ground.more("dump")) as session:
            seen = await session.value("bad__dump")
        assert isinstance(seen, dict)
        assert "canary" not in json.dumps(seen["environment"])
        assert ours.name not in json.dumps(seen["files"])
        assert isinstance(seen["files"], dict)
        assert set(seen["files"]) - {"0", "1", "2"} <= {
            number for number, link in seen["files"].items() if str(link) == "" or "proc" in str(link)
        }


async def test_d45_can_do_one_thing_at_a_time(ground: Ground) -> None:
    """With one call at a time, twenty wait for each other; past its time, one says that the server is busy."""
    limits = Limits(parallel_server=1)
    async with ground.session(ground.more("one_at_a_time"), limits=limits) as session:
        async with anyio.create_task_group() as calls:
            for _ in range(20):
                calls.start_soon(session.value, "bad__one_at_a_time")
        assert len(started(ground)) == 1


async def test_d46_lists_in_another_order(ground: Ground) -> None:
    """Two starts of it make the same registry."""
    prints: list[str] = []
    for _ in range(2):
        async with ground.session(ground.more("shuffled")) as session:
            prints.append((await session.registry()).fingerprint)
    assert prints[0] == prints[1]


async def test_d47_odd_names(ground: Ground) -> None:
    """Each has a name of its own that every model takes, and each can be called by it."""
    async with ground.session(ground.more("names"), limits=Limits(argument_bytes=1_000_000)) as session:
        registry = await session.registry()
        tools = [tool for tool in registry if tool.server == "bad" and tool.name not in {"echo", "slow", "fail"}]
        qualified = [tool.qualified for tool in tools]
        assert len(set(qualified)) == len(tools)
        assert all(len(name) <= 64 and name.replace("-", "_").isidentifier() for name in qualified)
        assert len(tools) >= 8
        for tool in tools:
            assert await session.value(tool.qualified) == f"called {tool.name[:20]}"


@pytest.mark.slow
async def test_d48_half_of_fifty_are_hostile(token: str, tmp_path: Path) -> None:
    """The good half is ready and answers while the other half does what it does."""
    ground = Ground(token, tmp_path, snapshot())
    hostile = ["exit_at_once", "hang_init", "garbage_only", "hang_call", "no_read"]
    good = [ground.evil("ok", name=f"good{number}") for number in range(25)]
    bad = [ground.evil(hostile[number % 5], name=f"bad{number}") for number in range(25)]
    limits = Limits(connect_timeout=15.0)
    with anyio.fail_after(60):
        async with open_fleet(settings_of(*good, *bad, limits=limits)) as fleet:
            registry = await fleet.registry([server.name for server in good])
            async with anyio.create_task_group() as calls:
                for server in good:
                    tool = registry[f"{server.name}__echo"]
                    for _ in range(10):
                        calls.start_soon(partial(fleet.call, tool, {"text": "x"}, within=20))
    assert not marked(token)
