"""The fleet: many servers at once, seen as tools."""

import os
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.config.settings import ServerSettings, StdioServer
from batonmcp.core.effect import EffectKind
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.registry import Registry
from batonmcp.downstream.beside_tools import BesideTools
from batonmcp.downstream.fleet import Fleet, open_fleet
from doubles.downstream import echo_server, evil, http, scripted, serving, settings_of
from doubles.fifo import Fifo
from doubles.processes import marked, wait_unmarked

pytestmark = pytest.mark.anyio

TIME_S = 25.0
WRITER = "s.definitions = [e._tool(n, '', {}) for n in ('put',)]\ns.tools['put'] = lambda _: e._text('stored')\n"


@asynccontextmanager
async def opened(
    *servers: ServerSettings, token: str, effects: Mapping[str, EffectKind] | None = None, limits: Limits | None = None
) -> AsyncGenerator[tuple[Fleet, Registry]]:
    """Open a fleet and wait for all of it; when it is closed, nothing with the test's mark is left."""
    with anyio.fail_after(TIME_S):
        async with open_fleet(settings_of(*servers, effects=effects, limits=limits)) as fleet:
            yield fleet, await fleet.registry()
        await wait_unmarked(token, within=1)


async def value(fleet: Fleet, registry: Registry, tool: str, within: float = 10, **arguments: JsonValue) -> JsonValue:
    """Return the value of a call that succeeds."""
    outcome = await fleet.call(registry[tool], arguments, within=within)
    assert isinstance(outcome, Succeeded), outcome
    return outcome.value


async def failure(fleet: Fleet, registry: Registry, tool: str, within: float = 10, **arguments: JsonValue) -> Failed:
    """Return what a call that fails comes to."""
    outcome = await fleet.call(registry[tool], arguments, within=within)
    assert isinstance(outcome, Failed), outcome
    return outcome


def troubles(registry: Registry) -> dict[str, str | None]:
    """Return what is wrong with each server."""
    return {agent.name: agent.trouble for agent in registry.agents}


@pytest.mark.slow
async def test_good_servers_work_among_all_the_bad_ones(tmp_path: Path, token: str) -> None:
    """Every kind of bad server is told with a sentence of its own, and the tools of all others are there and work."""
    good = ("ok", "garbage", "pages", "cursor_loop", "modern_only", "bad_output", "grandchild")
    part = ("bad_tool", "dup_names")
    bad = ("exit_at_once", "garbage_only", "hang_init")
    plain = tmp_path / "plain"
    plain.write_text("echo")
    broken = {
        "missing": StdioServer(command="no-such-program-anywhere"),
        "no_program": StdioServer(command=str(plain)),
        "no_folder": StdioServer(command="sh", cwd=str(tmp_path / "nowhere")),
    }
    servers = [*(evil(mode, token) for mode in (*good, *part, *bad))]
    servers += [ServerSettings(name=name, transport=transport) for name, transport in broken.items()]
    servers.append(ServerSettings(name="unset", transport=None, trouble="unset is not used: X is not set."))
    async with opened(*servers, token=token, limits=Limits(connect_timeout=5)) as (fleet, registry):
        said = troubles(registry)
        assert list(said) == [server.name for server in servers]
        assert {name for name, trouble in said.items() if trouble} == {*part, *bad, *broken, "unset"}
        assert all((trouble or name).startswith(name) for name, trouble in said.items())
        assert "Its last words: reading the configuration" in (said["exit_at_once"] or "")
        assert "there is no program 'no-such-program-anywhere'. Install it" in (said["missing"] or "")
        assert "may not be executed" in (said["no_program"] or "")
        assert "its folder" in (said["no_folder"] or "")
        assert {tool.server for tool in registry} == {*good, *part}
        async with anyio.create_task_group() as calls:
            for name in (*good, "bad_tool"):
                calls.start_soon(partial(value, fleet, registry, f"{name}__echo", text="hé"))


async def test_same_tool_on_two_servers(token: str) -> None:
    """Two servers may have a tool of one name; each call reaches the one it names."""
    async with opened(evil("ok", token, name="one"), evil("same_tool", token, name="two"), token=token) as found:
        fleet, registry = found
        assert {"one__echo", "two__echo"} <= set(registry.tools)
        assert await value(fleet, registry, "one__echo", text="x") == "x"
        assert await value(fleet, registry, "two__echo", text="x") == "the other echo: x"


async def test_names_of_all_that_is_listed(token: str) -> None:
    """The names that servers list are known, of tools that are not used, too; of a server that is down they are not."""
    picky = replace(evil("ok", token, name="picky"), deny=("echo",))
    away = ServerSettings(name="away", transport=None, trouble="It is not used.")
    async with opened(picky, away, token=token) as (fleet, registry):
        assert set(registry.tools) == {"picky__slow", "picky__fail"}
        assert fleet.offered() == {"picky": ("echo", "slow", "fail"), "away": None}


async def test_process_and_http_side_by_side(token: str) -> None:
    """Servers of both transports make one registry, with their display names."""
    async with (
        serving(echo_server("Web Echo").streamable_http_app()) as url,
        opened(evil("ok", token, name="local"), http(url, name="web"), token=token) as (fleet, registry),
    ):
        assert [(agent.name, agent.title) for agent in registry.agents] == [("local", "local"), ("web", "Web Echo")]
        assert await value(fleet, registry, "web__echo", text='{"a": [1]}') == {"a": [1]}
        assert await value(fleet, registry, "local__echo", text="x") == "x"


async def test_servers_are_called_at_once(token: str, fifo: Fifo) -> None:
    """Calls on two servers are under way together: both have arrived before either is answered."""
    servers = [evil("ok", token, name=name, state=fifo.path) for name in ("one", "two")]
    async with opened(*servers, token=token) as (fleet, registry), anyio.create_task_group() as calls:
        for name in ("one", "two"):
            calls.start_soon(partial(fleet.call, registry[f"{name}__slow"], {"seconds": 50}, within=60))
        for _ in range(2):
            await fifo.until('call slow {"seconds": 50}')
        calls.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("limits", "other_is_busy"), [(Limits(parallel_server=1), False), (Limits(parallel_total=1), True)]
)
async def test_calls_are_bounded(limits: Limits, other_is_busy: bool, token: str, fifo: Fifo) -> None:  # noqa: FBT001
    """With all slots taken a call is not made: it says who is busy and where to allow more. A slot is given back."""
    servers = (evil("ok", token, name="one", state=fifo.path), evil("ok", token, name="two"))
    async with opened(*servers, token=token, limits=limits) as (fleet, registry):
        async with anyio.create_task_group() as calls:
            calls.start_soon(partial(fleet.call, registry["one__slow"], {"seconds": 50}, within=60))
            await fifo.until('call slow {"seconds": 50}')
            busy = await failure(fleet, registry, "one__echo", within=0.1, text="x")
            assert busy.error.kind == "busy"
            assert "one was busy with other calls for 0.1 s, so one__echo was not called." in busy.error.message
            assert "parallel_server" in busy.error.cure
            assert (busy.unsure, busy.again) == (False, "never")
            other = await fleet.call(registry["two__echo"], {"text": "x"}, within=0.5 if other_is_busy else 10)
            assert isinstance(other, Failed) is other_is_busy
            calls.cancel_scope.cancel()
        assert await value(fleet, registry, "one__echo", text="y") == "y"
        assert await fifo.until("call echo") == 'call echo {"text": "y"}'


async def test_waiting_for_some_is_not_waiting_for_all(token: str) -> None:
    """Whoever needs one server does not wait for another one that is slow to start."""
    servers = (evil("ok", token), evil("hang_init", token))
    with anyio.fail_after(TIME_S):
        async with open_fleet(settings_of(*servers)) as fleet:
            registry = await fleet.registry(["ok"])
            assert "ok__echo" in registry
            assert troubles(registry) == {"ok": None, "hang_init": "hang_init is still starting."}
            assert "ok__echo" in await fleet.registry([])
    await wait_unmarked(token, within=1)


async def test_snapshot_changes_only_with_the_servers(token: str) -> None:
    """As long as nothing changes there is one registry; a restart with the same tools keeps the fingerprint."""
    async with opened(evil("die_mid_call", token), token=token) as (fleet, registry):
        assert await fleet.registry() is registry
        await failure(fleet, registry, "die_mid_call__echo", text="x")
        again = await fleet.registry()
        assert again is not registry
        assert again.fingerprint == registry.fingerprint


async def test_error_of_a_tool_is_an_outcome(token: str) -> None:
    """A tool that fails says why; a server that refuses is quoted."""
    async with opened(evil("ok", token), token=token) as (fleet, registry):
        failed = await failure(fleet, registry, "ok__fail", message="no luck")
        assert (failed.error.kind, failed.error.message) == ("tool_error", "no luck")
        assert (failed.unsure, failed.again) == (False, "never")
        refused = await failure(fleet, registry, "ok__slow", seconds="soon")
        assert refused.error.kind == "protocol_error"
        assert refused.error.message.startswith("ok answered: cannot call 'slow'")


async def test_timeout_is_an_outcome_with_a_cure(token: str) -> None:
    """A call past its time says how long that was and where to change it; the server's own time wins."""
    own = evil("hang_call", token, name="own", timeout=0.2)
    async with opened(evil("hang_call", token), own, token=token) as (fleet, registry):
        failed = await failure(fleet, registry, "hang_call__echo", within=0.1, text="x")
        assert str(failed.error) == (
            'hang_call did not answer within 0.1 s. If it needs longer, raise "timeout" of hang_call in servers.json.'
        )
        failed = await failure(fleet, registry, "own__echo", within=20, text="x")
        assert failed.error.kind == "timeout"
        assert "own did not answer within 0.2 s." in str(failed.error)


HANG = "s.handlers['tools/call'] = lambda i, p: None"
DIE = "import os\ns.handlers['tools/call'] = lambda i, p: os._exit(1)"
GARBLE = "s.handlers['tools/call'] = lambda i, p: {'content': 'stored', 'resultType': 'input_required'}"
REFUSE = "def no(i, p):\n    raise e._RpcError(-32602, 'bad key')\ns.handlers['tools/call'] = no"


@pytest.mark.parametrize(
    ("spoil", "kind", "write_unsure", "again"),
    [
        (HANG, "timeout", True, "never"),
        (DIE, "unavailable", True, "if harmless"),
        (GARBLE, "protocol_error", True, "if harmless"),
        (REFUSE, "protocol_error", False, "never"),
    ],
    ids=["hang", "die", "garble", "refuse"],
)
@pytest.mark.parametrize("effect", ["read", "write"])
async def test_write_that_may_have_happened_is_unsure(
    spoil: str,
    kind: str,
    write_unsure: bool,  # noqa: FBT001
    again: str,
    effect: EffectKind,
    token: str,
) -> None:
    """Where the answer is missing, a write may have happened and a read has not done anything; a refusal is certain."""
    server = scripted(WRITER + spoil, token)
    async with opened(server, token=token, effects={"s__put": effect}) as (fleet, registry):
        failed = await failure(fleet, registry, "s__put", within=0.5)
    assert (failed.error.kind, failed.unsure) == (kind, write_unsure and effect == "write")
    assert failed.again == again


async def test_call_that_cannot_be_sent_is_certain(token: str) -> None:
    """A server that is not there has done nothing, and the failure says so."""
    async with opened(scripted(WRITER, token), token=token, effects={"s__put": "write"}) as (_, registry):
        assert registry["s__put"].effect.kind == "write"
    gone = ServerSettings(name="s", transport=StdioServer(command="no-such-program"))
    async with opened(gone, token=token) as (fleet, _):
        outcome = await fleet.call(registry["s__put"], {}, within=1)
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.unsure, outcome.again) == ("unavailable", False, "always")
    assert outcome.error.cure == "Nothing was sent to it."


@pytest.mark.slow
async def test_stubborn_servers_end_side_by_side(token: str) -> None:
    """Servers that must be killed take no longer together than one of them, and leave nothing."""
    modes = ("ignore_eof", "ignore_eof", "ignore_eof", "no_read", "hang_call", "grandchild", "ok")
    servers = [evil(mode, token, name=f"{mode}{number}") for number, mode in enumerate(modes)]
    async with opened(*servers, token=token) as (fleet, registry):
        assert len(marked(token)) >= len(modes) + 1
        async with anyio.create_task_group() as calls:
            calls.start_soon(partial(fleet.call, registry["hang_call4__echo"], {"text": "x"}, within=60))
            calls.start_soon(partial(fleet.call, registry["no_read3__echo"], {"text": "x" * 2**20}, within=60))
            await anyio.wait_all_tasks_blocked()
            calls.cancel_scope.cancel()
        leaving = anyio.current_time()
    assert anyio.current_time() - leaving < 3


async def test_error_inside_comes_out_as_itself(token: str) -> None:
    """What is raised while the fleet is open is neither swallowed nor wrapped, and the servers end all the same."""
    wrong = KeyError("wrong")

    async def use() -> None:
        async with open_fleet(settings_of(evil("ok", token))) as fleet:
            await fleet.registry()
            raise wrong

    with pytest.raises(KeyError) as caught, anyio.fail_after(TIME_S):
        await use()
    assert caught.value is wrong
    await wait_unmarked(token, within=1)


async def test_cancelling_ends_the_servers(token: str) -> None:
    """A fleet whose task is cancelled, even while it starts, leaves nothing."""

    async def use(ready: anyio.Event, *, wait: bool) -> None:
        async with open_fleet(settings_of(evil("ok", token), evil("hang_init", token))) as fleet:
            if wait:
                await fleet.registry(["ok"])
            ready.set()
            await anyio.sleep_forever()

    for wait_for_them in (True, False):
        with anyio.fail_after(TIME_S):
            async with anyio.create_task_group() as tasks:
                ready = anyio.Event()
                tasks.start_soon(partial(use, ready, wait=wait_for_them))
                await ready.wait()
                tasks.cancel_scope.cancel()
        await wait_unmarked(token, within=1)


async def test_fleet_without_servers() -> None:
    """No server is no error: the registry is empty."""
    with anyio.fail_after(TIME_S):
        async with open_fleet(settings_of()) as fleet:
            assert len(await fleet.registry()) == 0


# Changes of servers.json, and of what servers offer.


async def test_change_of_servers_json_touches_just_what_it_is_about(token: str, fifo: Fifo) -> None:
    """One server is stopped, one started, one restarted; the fourth goes on with its call, under new effects."""
    steady, gone = evil("ok", token, name="steady", state=fifo.path), evil("ok", token, name="gone")
    moved, new = evil("ok", token, name="moved"), evil("ok", token, name="new")
    elsewhere = replace(moved, transport=evil("pages", token).transport)
    answered: list[Succeeded | Failed] = []

    async def wait(fleet: Fleet, registry: Registry) -> None:
        answered.append(await fleet.call(registry["steady__slow"], {"seconds": 0.5}, within=10))

    async with opened(steady, gone, moved, token=token) as (fleet, before), anyio.create_task_group() as calls:
        calls.start_soon(wait, fleet, before)
        await fifo.until("call slow")
        connects = {report.name: report.connects for report in fleet.reports()}
        settings = settings_of(replace(steady, deny=("fail",)), elsewhere, new, effects={"steady__*": "destructive"})
        await fleet.apply(settings)
        await fleet.settled()
        after = await fleet.registry()
        assert [report.name for report in fleet.reports()] == ["steady", "moved", "new"]
        assert connects == dict.fromkeys(("steady", "gone", "moved"), 1)
        assert "steady__fail" not in after
        assert after["steady__slow"].effect.kind == "destructive"
        assert "gone__echo" not in after
        for name in ("moved__echo", "new__echo"):
            assert await value(fleet, after, name, text=name) == name
        failed = await failure(fleet, before, "gone__echo", text="x")
        assert failed.error.message == "gone (gone) is no longer in servers.json, so gone__echo was not called."
        assert {report.connects for report in fleet.reports()} == {1}
    assert answered == [Succeeded(value="slept 0.5 s")]


async def test_change_before_the_fleet_is_under_way_counts(token: str) -> None:
    """What is applied before the first connection is what is connected to."""
    fleet = Fleet(settings_of(evil("ok", token, name="old")))
    await fleet.apply(settings_of(evil("ok", token, name="new")))
    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(fleet.keep)
            await fleet.settled()
            assert [report.name for report in fleet.reports()] == ["new"]
            tasks.cancel_scope.cancel()


async def test_tool_that_has_changed_is_not_called(token: str) -> None:
    """A plan's tool that now is another one fails with a cure; nothing is sent, and it is not tried again."""
    async with opened(scripted(WRITER, token), token=token) as (fleet, registry):
        planned = replace(registry["s__put"], description="What it was when the plan was made.")
        outcome = await fleet.call(planned, {}, within=5)
    assert isinstance(outcome, Failed)
    assert outcome.error.kind == "tool_changed"
    assert outcome.error.message == "s has changed put since the plan was made."
    assert (outcome.again, outcome.unsure) == ("never", False)


async def test_changes_are_told(token: str) -> None:
    """Whoever waits for another registry gets one when a server goes, comes, or offers something else."""
    settings = settings_of(evil("ok", token, name="one"))
    with anyio.fail_after(TIME_S):
        async with open_fleet(settings) as fleet:
            first = await fleet.registry()
            two = replace(settings, servers=(*settings.servers, evil("ok", token, name="two")))
            grown: list[Registry] = []

            async def wait() -> None:
                grown.append(await fleet.changed(first))

            async with anyio.create_task_group() as tasks:
                tasks.start_soon(wait)
                await anyio.wait_all_tasks_blocked()
                assert grown == []
                await fleet.apply(two)
            assert {tool.server for tool in grown[0]} == {"one", "two"}
            await fleet.apply(settings)
            assert {tool.server for tool in await fleet.changed(grown[0])} == {"one"}
            os.kill(next(iter(marked(token))), signal.SIGKILL)
            lost = await fleet.changed(await fleet.registry())
            assert [agent.name for agent in lost.agents] == ["one"]


async def test_nobody_waits_for_a_server_that_is_gone(token: str) -> None:
    """Who waits for what a server offers goes on when it is taken out of servers.json."""
    settings = settings_of(evil("hang_init", token, name="slow"))
    found: list[Registry] = []
    with anyio.fail_after(TIME_S):
        async with open_fleet(settings) as fleet, anyio.create_task_group() as tasks:

            async def wait() -> None:
                found.append(await fleet.registry())

            tasks.start_soon(wait)
            await anyio.wait_all_tasks_blocked()
            await fleet.apply(replace(settings, servers=()))
    assert [registry.agents for registry in found] == [()]


OFFERS_PROMPTS = (
    "shake = s.initialize\n"
    "s.handlers['initialize'] = lambda *a: {**shake(*a), 'capabilities': {'tools': {}, 'prompts': {}}}\n"
    "s.handlers['prompts/list'] = lambda *_: {'prompts': [{'name': 'greet'}]}"
)


async def test_what_servers_offer_beside_tools(token: str) -> None:
    """Those that are connected tell it; one that does not answer, or is not there, is missing."""
    silent = f"{OFFERS_PROMPTS}\ns.handlers['prompts/list'] = lambda *_: None"
    servers = (
        evil("ok", token, name="plain"),
        evil("exit_at_once", token, name="gone"),
        scripted(OFFERS_PROMPTS, token, name="kind"),
        scripted(silent, token, name="silent"),
    )
    async with opened(*servers, token=token) as (fleet, _):
        await fleet.settled()
        found = await fleet.beside_tools(within=2)
    assert found == {"plain": BesideTools(), "kind": BesideTools(prompts=("greet",))}
