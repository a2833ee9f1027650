"""Calls of the tool from start to end, with hosts of both eras, by a clock that jumps."""

import re
from collections.abc import Mapping
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp_types import CallToolResult, ElicitResult
from pydantic import JsonValue

from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed
from batonmcp.core.policy import Policy, WithoutElicitation
from batonmcp.host.calls import UNKNOWN_STATE
from batonmcp.host.clients import ANSWER_WITHIN
from batonmcp.host.elsewhere import DECISION_S
from doubles.board import Board
from doubles.hub import GET, PUT, Hub, Person, plan, record_of, request, round_of, said, step
from doubles.ports import failed

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True),
]

WRITES = {"query": "Paint it", "plan": plan(PUT)}
READS = {"plan": plan(GET), "output": "data"}
BY_HOST = Policy(without_elicitation="host")


@pytest.fixture(params=["legacy", "auto"], ids=["legacy", "modern"])
def mode(request: pytest.FixtureRequest) -> str:
    """Both eras of hosts."""
    return request.param


async def visit(host: Client, run_id: str, **more: JsonValue) -> CallToolResult:
    """Visit a run."""
    return await host.call_tool("orchestrate", {"run_id": run_id, **more})


def token_of(result: CallToolResult) -> str:
    """Return the token that a host was given."""
    match = re.search(r'"approval": "([^"]+)"', said(result))
    assert match, said(result)
    return match[1]


# A person at the host decides.


async def test_a_person_agrees(mode: str) -> None:
    """Nothing has run when the person is asked, with the arguments; then exactly that runs, once."""
    hub = Hub(answers={"store__put": "stored"})
    person = Person("once", gate=anyio.Event())
    async with hub.host(mode, person) as host, anyio.create_task_group() as tasks:
        tasks.start_soon(host.call_tool, "orchestrate", WRITES)
        await person.asked.wait()
        await anyio.wait_all_tasks_blocked()
        assert hub.tools.called == []
        assert person.gate
        person.gate.set()
    (question,) = person.seen
    assert 'Task: "Paint it"' in question
    assert "nothing has run yet" in question
    assert 'key = "colour"' in question
    assert [(call.tool, call.arguments) for call in hub.tools.calls] == [("store__put", PUT["arguments"])]
    (record,) = hub.ended
    assert (record.status, record.decisions) == ("ok", [{"tools": ["store__put"], "decision": "once"}])


@pytest.mark.parametrize(
    ("decision", "because"),
    [
        ("no", "a person refused it"),
        ("decline", "a person refused it"),
        ("cancel", "the question was closed without an answer"),
        ("nothing", "the form came back without a choice of those it offers"),
        ("no content", "the form came back without a choice of those it offers"),
        ("Once", "the form came back without a choice of those it offers"),
        ("yes", "the form came back without a choice of those it offers"),
    ],
)
async def test_a_person_does_not_agree(mode: str, decision: str, because: str) -> None:
    """Whatever is no clear yes runs nothing, and the reply says why."""
    hub = Hub()
    async with hub.host(mode, Person(decision)) as host:
        result = await host.call_tool("orchestrate", {"plan": plan(GET, PUT)})
    assert said(result).startswith(f"Nothing was run because {because}. The plan was:")
    assert record_of(result)["status"] == "refused"
    assert hub.tools.called == []


async def test_arguments_that_come_later_are_shown_later(mode: str) -> None:
    """What hangs on a result is decided about when it is known; refused then, only that step does not run."""
    hub = Hub(answers={"store__get": {"old": "blue"}})
    later = step("store__put", arguments={"key": "colour", "value": {"$from": "get.old"}})
    for decision, called in (("once", ["store__get", "store__put"]), ("decline", ["store__get"])):
        hub.tools.calls.clear()
        person = Person("once")

        async def answer(*given: Any, person: Person = person, then: str = decision) -> Any:  # noqa: ANN401 - as it came
            found = await Person.answer(person, *given)
            person.decision = then
            return found

        person.answer = answer  # type: ignore[method-assign]
        async with hub.host(mode, person) as host:
            result = await host.call_tool("orchestrate", {"plan": plan(GET, later)})
        assert len(person.seen) == 2
        assert "You will be shown its values, once they are known" in person.seen[0]
        assert 'value = "blue"' in person.seen[1]
        assert hub.tools.called == called
        assert record_of(result)["status"] == ("ok" if decision == "once" else "partial")


async def test_nobody_answers_a_live_question() -> None:
    """The call is answered in time; after ten minutes the run is over, says so, and has run nothing."""
    hub, person = Hub(), Person(gate=anyio.Event())
    async with hub.host("legacy", person) as host:
        began = anyio.current_time()
        result = await host.call_tool("orchestrate", WRITES)
        while (record := record_of(result))["status"] == "running":
            result = await visit(host, record["run_id"])
        assert anyio.current_time() - began == pytest.approx(DECISION_S, abs=1)
    assert said(result).startswith("Nothing was run because nobody decided within 10 minutes.")
    assert (record["status"], hub.tools.called, len(person.seen)) == ("refused", [], 1)


async def test_nobody_answers_a_round() -> None:
    """A host that comes back too late with a yes is told that it is too late; nothing has run."""
    hub = Hub()
    async with hub.host("auto", Person()) as host:
        state, (key,) = round_of(await request(host, WRITES))
        await anyio.sleep(DECISION_S + 0.01)
        yes = ElicitResult(action="accept", content={"decision": "once"})
        late = await request(host, WRITES, input_responses={key: yes}, request_state=state)
        assert said(late).startswith("Nothing was run because nobody decided within 10 minutes.")
        await anyio.sleep(1)
        again = await request(host, WRITES, input_responses={key: yes}, request_state=state)
        assert said(again) == UNKNOWN_STATE
    assert hub.tools.called == []


async def test_always_for_these_tools(mode: str) -> None:
    """A tool that is allowed for good is asked about once."""

    class Remembering(Hub):
        pass

    names: set[str] = set()

    class Memory:
        async def of(self, tools: Any) -> frozenset[str]:  # noqa: ANN401 - of the port
            return frozenset(one.qualified for one in tools if one.qualified in names)

        async def add(self, tools: Any) -> None:  # noqa: ANN401 - of the port
            names.update(one.qualified for one in tools)

    hub, person = Remembering(trust=Memory()), Person("always for these tools")
    async with hub.host(mode, person) as host:
        for _ in range(3):
            assert record_of(await host.call_tool("orchestrate", WRITES))["status"] == "ok"
    assert (len(person.seen), len(hub.tools.calls)) == (1, 3)


# A host that says it can ask, and cannot.


async def test_a_host_that_fails_when_asked_live() -> None:
    """What it cannot ask goes the way of hosts that have no person, and the next question too."""
    hub = Hub()
    async with hub.host("legacy", Person("error")) as host:
        result = await host.call_tool("orchestrate", WRITES)
        assert record_of(result)["status"] == "approval_required"
        assert await hub.decide("once")
        result = await visit(host, record_of(result)["run_id"])
        assert record_of(result)["status"] == "ok"
    assert hub.tools.called == ["store__put"]


async def test_a_host_that_fails_in_a_round() -> None:
    """Its own client ends the call; one that comes back without an answer goes the other way."""
    hub = Hub()
    async with hub.host("auto", Person("error")) as host:
        with pytest.raises(MCPError, match="no window"):
            await host.call_tool("orchestrate", WRITES)
        state, _ = round_of(await request(host, WRITES))
        result = await request(host, WRITES, request_state=state)
        assert record_of(result)["status"] == "approval_required"
        assert hub.tools.called == []
        assert await hub.decide("once", run_id=record_of(result)["run_id"])
        assert record_of(await visit(host, record_of(result)["run_id"]))["status"] == "ok"
    assert hub.tools.called == ["store__put"]


# A host without a person.


async def test_a_terminal_decides(mode: str) -> None:
    """Nothing has run until somebody has decided elsewhere and the host has come; then exactly that runs, once."""
    hub = Hub(answers={"store__put": "stored"})
    async with hub.host(mode) as host:
        asked = await host.call_tool("orchestrate", {**WRITES, "output": "data"})
        run_id = record_of(asked)["run_id"]
        assert record_of(asked)["status"] == "approval_required"
        assert f"batonmcp approve {run_id}" in said(asked)
        assert 'key = "colour"' in said(asked)
        assert not asked.is_error
        (pending,) = await hub.approvals.pending()
        assert (pending.run_id, pending.query, pending.tools) == (run_id, "Paint it", ("store__put",))
        still = await visit(host, run_id)
        assert record_of(still)["status"] == "approval_required"
        assert await hub.decide("once")
        await anyio.sleep(60)
        assert hub.tools.called == []
        done = [await visit(host, run_id) for _ in range(3)]
    assert {said(one) for one in done} == {'{"status": "ok", "results": {"put": "stored"}}'}
    assert hub.tools.called == ["store__put"]
    assert await hub.approvals.pending() == []


async def test_a_visit_waits_for_the_terminal(mode: str) -> None:
    """A host that has come back hears of the decision within a second of it."""
    hub = Hub()
    async with hub.host(mode) as host, anyio.create_task_group() as tasks:
        run_id = record_of(await host.call_tool("orchestrate", WRITES))["run_id"]

        async def decide() -> None:
            await anyio.sleep(20)
            assert await hub.decide("once")

        tasks.start_soon(decide)
        began = anyio.current_time()
        assert record_of(await visit(host, run_id))["status"] == "ok"
        assert 20 <= anyio.current_time() - began < 21


@pytest.mark.parametrize(
    ("verdict", "because"),
    [
        ("no", "a person refused it"),
        (None, "nobody decided within 10 minutes"),
        ("once", "the host did not come for the decision within 10 minutes, so that it is void"),
    ],
)
async def test_a_terminal_does_not_agree(mode: str, verdict: Any, because: str) -> None:  # noqa: ANN401 - a verdict
    """A no, and a decision that nobody takes or fetches in time, run nothing."""
    hub = Hub()
    async with hub.host(mode) as host:
        run_id = record_of(await host.call_tool("orchestrate", WRITES))["run_id"]
        if verdict:
            assert await hub.decide(verdict)
        await anyio.sleep(0 if verdict == "no" else DECISION_S + 1)
        result = await visit(host, run_id)
        assert said(result).startswith(f"Nothing was run because {because}.")
        assert record_of(result)["status"] == "refused"
    assert (hub.tools.called, await hub.approvals.pending()) == ([], [])


@pytest.mark.parametrize(
    ("way", "store", "because"),
    [
        ("refuse", Board(), "`without_elicitation` in servers.json says to refuse then"),
        ("cli", Board(shared=False), "the store is in memory only"),
        ("cli", Board(broken=True), "the store is in memory only"),
    ],
)
async def test_nobody_can_be_asked(mode: str, way: WithoutElicitation, store: Board, because: str) -> None:
    """Where no decision can come, the run is refused at once."""
    hub = Hub(policy=Policy(without_elicitation=way), store=store)
    async with hub.host(mode) as host:
        result = await host.call_tool("orchestrate", WRITES)
    assert record_of(result)["status"] == "refused"
    assert said(result).startswith("Nothing was run because this host cannot ask a person, and ")
    assert because in said(result)
    assert (hub.tools.called, await hub.approvals.pending()) == ([], [])


# A host that carries a token.


async def test_a_token_approves_once(mode: str) -> None:
    """The token of the run runs exactly what was shown; again it is good for nothing, and nothing runs again."""
    hub = Hub(policy=BY_HOST)
    async with hub.host(mode) as host:
        asked = await host.call_tool("orchestrate", WRITES)
        run_id, token = record_of(asked)["run_id"], token_of(asked)
        assert (record_of(asked)["status"], hub.tools.called) == ("approval_required", [])
        assert token_of(await visit(host, run_id)) == token
        assert record_of(await visit(host, run_id, approval=token))["status"] == "ok"
        again = await visit(host, run_id, approval=token)
        assert again.is_error
        assert said(again).startswith("Nothing was run by this: the approval is not the one of this run")
    assert hub.tools.called == ["store__put"]


async def test_tokens_that_are_wrong(mode: str) -> None:
    """A token that is changed, empty, of another run or too late approves nothing."""
    hub = Hub(policy=BY_HOST)
    async with hub.host(mode) as host:
        first, second = [await host.call_tool("orchestrate", WRITES) for _ in range(2)]
        run_id, token = record_of(first)["run_id"], token_of(first)
        for wrong in (token[:-1], f"{token}x", token.swapcase(), token_of(second), run_id, "\ud800", " "):
            refused = await visit(host, run_id, approval=wrong)
            assert refused.is_error
            assert "Nothing was run" in said(refused)
        assert record_of(await visit(host, run_id, approval=""))["status"] == "approval_required"
        await anyio.sleep(DECISION_S + 1)
        assert (await visit(host, run_id, approval=token)).is_error
        assert said(await visit(host, run_id)).startswith("Nothing was run because nobody decided within 10 minutes.")
    assert hub.tools.called == []


async def test_a_token_of_a_terminals_run_is_none(mode: str) -> None:
    """Where a terminal decides, nothing that a host can bring does."""
    hub = Hub()
    async with hub.host(mode) as host:
        run_id = record_of(await host.call_tool("orchestrate", WRITES))["run_id"]
        for guess in (run_id, (await hub.approvals.pending())[0].digest, "once"):
            assert (await visit(host, run_id, approval=guess)).is_error
    assert hub.tools.called == []


# Runs that take longer than a host waits.


async def test_a_long_run(mode: str) -> None:
    """The host gets what is done, in its time; the run goes on, and visits get the rest, as often as they come."""
    hub = Hub(answers={"store__get": "blue"})
    release = hub.tools.hold("other__list")
    long = {"plan": plan(GET, step("other__list")), "output": "data"}
    async with hub.host(mode) as host:
        began = anyio.current_time()
        running = record_of(await host.call_tool("orchestrate", long))
        assert anyio.current_time() - began == pytest.approx(ANSWER_WITHIN, abs=0.1)
        assert running["status"] == "running"
        assert {one["id"]: one["status"] for one in running["steps"]} == {"get": "succeeded", "list": "timed out"} or (
            {one["id"]: one["status"] for one in running["steps"]} == {"get": "succeeded", "list": "failed"}
        ) or running["steps"][0]["value"] == "blue"
        release.set()
        done = [await visit(host, running["run_id"]) for _ in range(3)]
    assert len({said(one) for one in done}) == 1
    assert record_of(done[0])["run_id"] == running["run_id"]
    assert hub.tools.called == ["store__get", "other__list"]
