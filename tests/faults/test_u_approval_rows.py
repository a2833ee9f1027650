"""Faults of the host where it matters what has run: crowds and decisions. Each test is a row of the matrix.

Hosts are real clients of both eras; the tools are in this process, so that what has run can be counted, and time jumps.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp_types import CallToolResult, ElicitResult, InputRequiredResult
from pydantic import JsonValue

from batonmcp.core.policy import Policy
from batonmcp.host.calls import UNKNOWN_STATE
from batonmcp.host.elsewhere import DECISION_S
from batonmcp.store.runs import Runs as StoredRuns
from batonmcp.store.sqlite import SqliteStore
from doubles.hub import GET, PUT, Hub, Person, plan, record_of, request, round_of, said, step
from doubles.ports import ScriptedLLM, saying

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)]

WRITES = {"query": "Paint it", "plan": plan(PUT)}
READS = {"plan": plan(GET), "output": "data"}
BY_HOST = Policy(without_elicitation="host")
YES = ElicitResult(action="accept", content={"decision": "once"})
MANY = 1_000


@pytest.fixture(params=["legacy", "auto"], ids=["legacy", "modern"])
def mode(request: pytest.FixtureRequest) -> str:
    """Both eras of hosts."""
    return request.param


async def visit(host: Client, run_id: str, **more: JsonValue) -> CallToolResult:
    """Visit a run."""
    return await host.call_tool("orchestrate", {"run_id": run_id, **more})


async def many(call: Callable[[], Any]) -> list[Any]:
    """Make a call a thousand times at once."""
    found: list[Any] = []

    async def once() -> None:
        found.append(await call())

    async with anyio.create_task_group() as tasks:
        for _ in range(MANY):
            tasks.start_soon(once)
    return found


# Crowds, and queries that are none.


@pytest.mark.slow
async def test_u05_a_thousand_at_once(mode: str) -> None:
    """As many as may run do, as many as may wait wait, and the rest are told at once that we are busy."""
    hub = Hub()
    release = hub.tools.hold("store__read")
    results: list[CallToolResult] = []
    async with hub.host(mode) as host, anyio.create_task_group() as tasks:

        async def call() -> None:
            results.append(await host.call_tool("orchestrate", READS))

        began = anyio.current_time()
        for _ in range(MANY):
            tasks.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        assert anyio.current_time() == began
        assert len(hub.tools.calls) == 32
        assert Counter(record_of(one)["status"] for one in results) == {"busy": MANY - 32 - 256}
        assert {record_of(one)["retry_after_s"] for one in results} == {2.0}
        release.set()
    assert Counter(record_of(one)["status"] for one in results) == {"busy": MANY - 288, "ok": 288}
    assert (len(hub.tools.calls), len(hub.ended)) == (288, 288)


@pytest.mark.parametrize("query", ["", " ", "\n\t \u00a0", None])
async def test_u06_an_empty_query(mode: str, query: str | None) -> None:
    """It is refused with what to do, and no model is asked."""
    llm = ScriptedLLM()
    async with Hub(llm=llm).host(mode) as host:
        result = await host.call_tool("orchestrate", {"query": query})
    assert result.is_error
    assert said(result) == "The query is empty. Say the complete task in it, in plain words."
    assert llm.requests == []


@pytest.mark.parametrize("size", [65_537, 10_000_000])
async def test_u07_a_long_query(mode: str, size: int) -> None:
    """Above its limit it is refused with the size, the limit, and where long text goes; no model is asked."""
    llm = ScriptedLLM(saying("Nothing fits."))
    async with Hub(llm=llm).host(mode) as host:
        result = await host.call_tool("orchestrate", {"query": "x" * size})
        assert result.is_error
        assert f"The query has {size:,} bytes, at most 65,536 are allowed." in said(result)
        assert "one of the inputs" in said(result)
        assert llm.requests == []
        assert record_of(await host.call_tool("orchestrate", {"query": "x" * 65_536}))["status"] == "no_match"


# Decisions.


async def test_u13_a_host_that_cannot_ask(mode: str) -> None:
    """The plan is shown with a run's id, nothing has run, and what the host has is not enough to run it."""
    hub = Hub()
    async with hub.host(mode) as host:
        asked = await host.call_tool("orchestrate", {"query": "Paint it", "plan": plan(GET, PUT)})
        record = record_of(asked)
        assert (record["status"], hub.tools.called) == ("approval_required", [])
        assert "store__put (Store) may change something" in said(asked)
        assert f'{{"run_id": "{record["run_id"]}"}}' in said(asked)
        for _ in range(3):
            assert record_of(await visit(host, record["run_id"]))["status"] == "approval_required"
    assert hub.tools.called == []


@pytest.mark.parametrize("decision", ["decline", "cancel", "no", "nothing", "no content", "sure"])
async def test_u14_the_person_does_not_agree(mode: str, decision: str) -> None:
    """Nothing runs, and the reply says so and why."""
    hub = Hub()
    async with hub.host(mode, Person(decision)) as host:
        result = await host.call_tool("orchestrate", {"query": "Paint it", "plan": plan(GET, PUT)})
    assert said(result).startswith("Nothing was run because ")
    assert (record_of(result)["status"], hub.tools.called) == ("refused", [])


async def test_u14_the_person_never_answers() -> None:
    """After ten minutes the question has expired, whether it was live or in a round; nothing has run."""
    live, in_rounds = Hub(), Hub()
    async with live.host("legacy", Person(gate=anyio.Event())) as host:
        result = await host.call_tool("orchestrate", WRITES)
        assert record_of(result)["status"] == "running"
        await anyio.sleep(DECISION_S)
        assert "nobody decided within 10 minutes" in said(await visit(host, record_of(result)["run_id"]))
    async with in_rounds.host("auto", Person()) as host:
        state, (key,) = round_of(await request(host, WRITES))
        await anyio.sleep(DECISION_S + 1)
        late = await request(host, WRITES, input_responses={key: YES}, request_state=state)
        assert "nobody decided within 10 minutes" in said(late)
    assert [record.status for hub in (live, in_rounds) for record in hub.ended] == ["refused", "refused"]
    assert live.tools.called == in_rounds.tools.called == []


async def test_u15_a_token_a_thousand_times(mode: str) -> None:
    """A thousand at once: the plan runs once."""
    hub = Hub(policy=BY_HOST)
    async with hub.host(mode) as host:
        asked = await host.call_tool("orchestrate", WRITES)
        token = said(asked).partition('"approval": "')[2].partition('"')[0]
        found = await many(lambda: visit(host, record_of(asked)["run_id"], approval=token))
    assert Counter(one.is_error for one in found) == {False: 1, True: MANY - 1}
    assert hub.tools.called == ["store__put"]


async def test_u15_a_round_a_thousand_times() -> None:
    """A thousand requests with the same answers: one goes on with the run, the others run nothing."""
    hub = Hub()
    async with hub.host("auto", Person()) as host:
        state, (key,) = round_of(await request(host, WRITES))
        found = await many(lambda: request(host, WRITES, input_responses={key: YES}, request_state=state))
    assert Counter(said(one) == UNKNOWN_STATE for one in found) == {False: 1, True: MANY - 1}
    assert hub.tools.called == ["store__put"]


async def test_u15_a_decision_of_a_terminal_a_thousand_times(mode: str) -> None:
    """One decision, taken by whichever of a thousand visits comes first, runs the plan once; all get its reply."""
    hub = Hub()
    async with hub.host(mode) as host:
        run_id = record_of(await host.call_tool("orchestrate", WRITES))["run_id"]
        (asked,) = await hub.approvals.pending()
        decided = await many(lambda: hub.approvals.decide(asked, "once"))
        found = await many(lambda: visit(host, run_id))
    assert sum(decided) == 1
    assert {record_of(one)["status"] for one in found} == {"ok"}
    assert hub.tools.called == ["store__put"]


async def test_u15_elsewhere(mode: str) -> None:
    """What was decided for one run, plan, process or host is good for no other."""
    hub, other = Hub(), Hub(policy=BY_HOST)
    async with hub.host(mode) as host, other.host(mode) as stranger:
        first = record_of(await host.call_tool("orchestrate", WRITES))["run_id"]
        second = record_of(await host.call_tool("orchestrate", {"plan": plan(step("other__drop", arguments={}))}))
        await host.call_tool("orchestrate", WRITES)
        drop = next(one for one in await hub.approvals.pending() if one.run_id == second["run_id"])
        moved = replace(drop, run_id=first)
        assert not await hub.approvals.decide(moved, "once")
        await hub.store.put("decision", first, {"digest": drop.digest, "verdict": "once"})
        assert record_of(await visit(host, first))["status"] == "approval_required"
        asked = await stranger.call_tool("orchestrate", WRITES)
        token = said(asked).partition('"approval": "')[2].partition('"')[0]
        assert (await visit(host, first, approval=token)).is_error
        assert said(await visit(stranger, first)).startswith("There is no run")
    assert hub.tools.called == other.tools.called == []


async def test_u15_a_round_after_a_restart() -> None:
    """The next process knows no round of the one before."""
    hub = Hub()
    async with hub.host("auto", Person()) as host:
        state, (key,) = round_of(await request(host, WRITES))
    async with hub.host("auto", Person()) as host:
        again = await request(host, WRITES, input_responses={key: YES}, request_state=state)
        assert said(again) == UNKNOWN_STATE
    assert hub.tools.called == []


async def test_u15_a_token_after_a_restart(mode: str) -> None:
    """The next process knows no run that waits in the one before, and no token."""
    hub = Hub(policy=BY_HOST)
    async with hub.host(mode) as host:
        asked = await host.call_tool("orchestrate", WRITES)
    token = said(asked).partition('"approval": "')[2].partition('"')[0]
    async with hub.host(mode) as host:
        again = await visit(host, record_of(asked)["run_id"], approval=token)
        assert said(again).startswith("There is no run")
    assert hub.tools.called == []


EDITS: Mapping[str, Mapping[str, Any]] = {
    "other arguments": {"plan": plan(step("store__put", arguments={"key": "colour", "value": "black"}))},
    "another tool": {"plan": plan(step("other__drop", arguments={}))},
    "one step more": {"plan": plan(PUT, step("other__drop", arguments={}))},
    "another query": {"query": "Paint it black"},
    "another output": {"output": "data"},
}


@pytest.mark.parametrize("edit", EDITS)
async def test_u16_the_plan_is_edited_in_a_round(edit: str) -> None:
    """A person's yes that comes back with anything else than what they were asked about runs nothing of either."""
    hub = Hub()
    async with hub.host("auto", Person()) as host:
        state, (key,) = round_of(await request(host, WRITES))
        edited = {**WRITES, **EDITS[edit]}
        assert said(await request(host, edited, input_responses={key: YES}, request_state=state)) == UNKNOWN_STATE
        for wrong in (f"{state}x", state[:-1], state.swapcase(), "", "q1"):
            tampered = await request(host, WRITES, input_responses={key: YES}, request_state=wrong)
            assert said(tampered).startswith("Nothing was run")
        assert hub.tools.called == []
        assert record_of(await request(host, WRITES, input_responses={key: YES}, request_state=state))["status"] == "ok"
    assert hub.tools.called == ["store__put"]


@pytest.mark.parametrize("edit", [{"plan": plan(step("other__drop"))}, {"inputs": {"value": "black"}}])
async def test_u16_the_plan_is_edited_in_a_visit(mode: str, edit: Mapping[str, JsonValue]) -> None:
    """A call with a run's id cannot bring another plan, nor other inputs; a query beside it changes nothing."""
    hub = Hub()
    async with hub.host(mode) as host:
        run_id = record_of(await host.call_tool("orchestrate", WRITES))["run_id"]
        assert await hub.decide("once")
        refused = await visit(host, run_id, **edit)
        assert refused.is_error
        assert "cannot stand beside `run_id`" in said(refused)
        assert hub.tools.called == []
        assert record_of(await visit(host, run_id, query="Paint it black", output="data"))["status"] == "ok"
    assert [call.arguments for call in hub.tools.calls] == [PUT["arguments"]]


async def test_u15_a_host_that_replays_everything(mode: str) -> None:
    """Whatever it has received, in any place where a host can put it, runs no write that nobody has approved."""
    hub, person = Hub(), Person("decline")
    seen: list[str] = []
    async with hub.host(mode) as host, hub.host(mode, person) as asked:
        for _ in range(2):
            seen += words_of(await host.call_tool("orchestrate", WRITES))
            seen += words_of(await asked.call_tool("orchestrate", WRITES))
        if mode == "auto":
            seen += [round_of(await request(asked, WRITES))[0]]
        seen += [one.digest for one in await hub.approvals.pending()]
        for word in dict.fromkeys(seen):
            for more in ({}, {"approval": word}, {"select": word}, {"query": word}):
                await visit(host, word, **more)
            for other in [word for word in seen if len(word) == RUN_ID]:
                await visit(host, other, approval=word)
            await host.call_tool("orchestrate", {"query": word})
            if mode == "auto":
                responses = dict.fromkeys(("q1", "q2", word), YES)
                await request(host, WRITES, input_responses=responses, request_state=word)
    assert hub.tools.called == []


RUN_ID = 32


def words_of(result: object) -> list[str]:
    """Return everything in a reply that looks like a name, and its text."""
    assert isinstance(result, CallToolResult | InputRequiredResult)
    text = result.model_dump_json(by_alias=True)
    return [*re.findall(r"[A-Za-z0-9_-]{16,}", text), said(result)]


# A new process.


async def test_u21_the_run_before_can_be_read(mode: str, tmp_path: Path) -> None:
    """After a crash there is a fresh session, and what the store has of the run before is read by its id."""
    path = tmp_path / "store.sqlite3"
    first = Hub(answers={"store__read": {"colour": "blue"}})
    async with first.host(mode) as host:
        run_id = record_of(await host.call_tool("orchestrate", READS))["run_id"]
    store = SqliteStore(path)
    await StoredRuns(store, "full").keep(first.ended[0])
    await store.aclose()
    reopened = SqliteStore(path)
    second = Hub()
    kept = await StoredRuns(reopened).get(run_id)
    assert kept
    second.earlier[run_id] = kept
    async with second.host(mode) as host:
        assert said(await visit(host, run_id)).startswith(f"Run {run_id}, ok, as it was kept.")
        assert said(await visit(host, run_id, select="read.colour")) == '"blue"'
        assert record_of(await host.call_tool("orchestrate", READS))["status"] == "ok"
    await reopened.aclose()
    assert len(second.tools.calls) == 1
