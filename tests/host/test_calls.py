"""Calls of the tool from start to end, with hosts of both eras, by a clock that jumps."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import anyio
import pytest
from mcp import Client, MCPError
from mcp_types import CallToolResult, ElicitResult
from pydantic import JsonValue

from batonmcp.core.caller import Caller
from batonmcp.core.errors import LlmError
from batonmcp.core.limits import Limits
from batonmcp.core.policy import Policy, WithoutElicitation
from batonmcp.host.calls import UNKNOWN_STATE
from batonmcp.host.clients import ANSWER_WITHIN
from batonmcp.host.elsewhere import DECISION_S
from batonmcp.host.progress import HEARTBEAT
from doubles.asking import form
from doubles.asking import said as answered
from doubles.board import Board
from doubles.hub import GET, PUT, Hub, Person, plan, record_of, request, round_of, said, step
from doubles.ports import Dialogue, ScriptedLLM, failed

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


def results_of(result: CallToolResult) -> JsonValue:
    """Return the results of a reply with data."""
    return json.loads(said(result))["results"]


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
    hub = Hub(answers={"store__read": {"old": "blue"}})
    later = step("store__put", arguments={"key": "colour", "value": {"$from": "read.old"}})
    for decision, called in (("once", ["store__read", "store__put"]), ("decline", ["store__read"])):
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
        assert "before it runs" in person.seen[0]
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
    names: set[str] = set()

    class Memory:
        async def of(self, tools: Any) -> frozenset[str]:  # noqa: ANN401 - of the port
            return frozenset(one.qualified for one in tools if one.qualified in names)

        async def add(self, tools: Any) -> None:  # noqa: ANN401 - of the port
            names.update(one.qualified for one in tools)

    hub, person = Hub(trust=Memory()), Person("always for these tools")
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
    assert [results_of(one) for one in done] == [{"put": "stored"}] * 3
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

PATIENT = Limits(call_timeout=3_000, run_timeout=4_000)
TWO = {"plan": plan(GET, step("other__look")), "output": "data"}


def statuses(record: Mapping[str, Any]) -> dict[str, str]:
    """Return what became of each step."""
    return {one["id"]: one["status"] for one in record["steps"]}


async def test_a_long_run(mode: str) -> None:
    """The host gets what is done, in its time; the run goes on, and visits get the rest, as often as they come."""
    hub = Hub(answers={"store__read": "blue"}, limits=PATIENT)
    release = hub.tools.hold("other__look")
    async with hub.host(mode) as host:
        began = anyio.current_time()
        running = record_of(await host.call_tool("orchestrate", TWO))
        assert anyio.current_time() - began == pytest.approx(ANSWER_WITHIN, abs=0.1)
        assert running["status"] == "running"
        assert statuses(running) == {"read": "succeeded", "look": "running"}
        assert running["steps"][0]["value"] == "blue"
        again = record_of(await visit(host, running["run_id"]))
        assert (again["status"], again["run_id"]) == ("running", running["run_id"])
        release.set()
        done = [await visit(host, running["run_id"]) for _ in range(3)]
    assert [results_of(one) for one in done] == [{"read": "blue", "look": {}}] * 3
    assert len({said(one) for one in done}) == 1
    assert record_of(done[0])["run_id"] == running["run_id"]
    assert sorted(hub.tools.called) == ["other__look", "store__read"]


@pytest.mark.parametrize("within", [1.0, 7.5])
async def test_the_time_can_be_set(mode: str, within: float) -> None:
    """`limits.answer_within` stands above what is known of hosts."""
    hub = Hub(limits=Limits(answer_within=within))
    hub.tools.hold("store__read")
    async with hub.host(mode) as host:
        began = anyio.current_time()
        assert record_of(await host.call_tool("orchestrate", READS))["status"] == "running"
        assert anyio.current_time() - began == pytest.approx(within, abs=0.1)


async def test_it_ends_in_its_own_time(mode: str) -> None:
    """A run that nobody visits ends at its own limit; what it has is read after that."""
    hub = Hub(answers={"store__read": "blue"}, limits=Limits(call_timeout=500, run_timeout=100))
    hub.tools.hold("other__look")
    async with hub.host(mode) as host:
        run_id = record_of(await host.call_tool("orchestrate", TWO))["run_id"]
        await anyio.sleep(300)
        result = record_of(await visit(host, run_id))
        assert (result["status"], statuses(result)) == ("partial", {"read": "succeeded", "look": "cancelled"})
    assert {call.tool: call.end for call in hub.tools.calls} == {"store__read": "answered", "other__look": "left"}


async def test_parts_of_a_run(mode: str) -> None:
    """`select` reads what is there: while the run goes on, after it, and with a sentence where it cannot."""
    hub = Hub(answers={"store__read": [{"n": 1}, {"n": 2}], "other__look": failed("Gone.")}, limits=PATIENT)
    release = hub.tools.hold("other__look")
    async with hub.host(mode) as host:
        run_id = record_of(await host.call_tool("orchestrate", {**TWO, "inputs": {"a": 5}}))["run_id"]
        assert said(await visit(host, run_id, select="[x.n for x in read] + [inputs.a]")) == "[1,2,5]"
        early = await visit(host, run_id, select="look")
        assert early.is_error
        assert said(early).startswith("Step `look` is not over yet.")
        release.set()
        assert record_of(await visit(host, run_id))["status"] == "partial"
        assert said(await visit(host, run_id, select="[len(read), look]")) == "[2,null]"
        for wrong, sentence in (
            ("nothing", "`nothing` is no step of this run. Its steps are: read, look."),
            ("read[", "read["),
            ("read[5].n", "read[5]"),
            ("open('x')", "open"),
        ):
            refused = await visit(host, run_id, select=wrong)
            assert refused.is_error
            assert sentence in said(refused)
    assert sorted(hub.tools.called) == ["other__look", "store__read"]


async def test_another_form(mode: str) -> None:
    """What was asked for as an answer can be had as data or as a plan, and the other way round."""
    hub = Hub(answers={"store__read": "blue"})
    async with hub.host(mode) as host:
        words = await host.call_tool("orchestrate", {"plan": plan(GET)})
        data = await host.call_tool("orchestrate", READS)
        by_id = [record_of(one)["run_id"] for one in (words, data)]
        assert results_of(await visit(host, by_id[0], output="data")) == {"read": "blue"}
        assert said(await visit(host, by_id[0], output="answer")) == said(words)
        assert said(await visit(host, by_id[0])) == said(words)
        assert said(await visit(host, by_id[1], output="answer")) == said(data)
        assert '"tool":"store__read"' in said(await visit(host, by_id[1], output="plan"))
    assert len(hub.tools.calls) == 2


async def test_data_although_no_answer_could_be_written(mode: str) -> None:
    """A run whose model failed at the end still has its data."""
    hub = Hub(answers={"store__read": "blue"}, llm=ScriptedLLM(LlmError(kind="llm_unreachable", message="Gone.")))
    async with hub.host(mode) as host:
        result = await host.call_tool("orchestrate", {"plan": plan(GET)})
        assert record_of(result)["status"] == "partial"
        data = await visit(host, record_of(result)["run_id"], output="data")
        assert results_of(data) == {"read": "blue"}


async def test_runs_that_cannot_be_visited(mode: str) -> None:
    """A run that is unknown, or is no longer kept, is told as such, and nothing runs."""
    hub = Hub(limits=Limits(kept_runs=1))
    async with hub.host(mode) as host:
        first = record_of(await host.call_tool("orchestrate", READS))["run_id"]
        second = record_of(await host.call_tool("orchestrate", READS))["run_id"]
        for run_id in ("nonsense", first, "\ud800"):
            for more in ({}, {"select": "read"}, {"approval": "x"}):
                refused = await visit(host, run_id, **more)
                assert refused.is_error
                assert said(refused).startswith("There is no run '")
        assert record_of(await visit(host, second))["status"] == "ok"
    assert len(hub.tools.calls) == 2


async def test_somebody_elses_run(mode: str) -> None:
    """A run of another principal is like none, even where the store has it, to be read, waited for or approved."""
    hub = Hub(policy=BY_HOST)
    async with hub.host(mode) as mine:
        asked = await mine.call_tool("orchestrate", WRITES)
        run_id, token = record_of(asked)["run_id"], token_of(asked)
        front = hub.front()
        hub.earlier[run_id] = {}
        async with hub.host(mode, front=front) as yours:
            assert not (await visit(yours, run_id)).is_error  # another process reads what the store has
        del hub.earlier[run_id]
        async with hub.host(mode) as yours:
            for more in ({}, {"select": "put"}, {"approval": token}):
                assert said(await visit(yours, run_id, **more)).startswith("There is no run '")
    assert hub.tools.called == []


async def test_a_run_of_an_earlier_process(mode: str) -> None:
    """The store's record is read by id: the answer, and parts of what was kept whole."""
    hub = Hub()
    cut = {"preview": "abc", "characters": 9_000}
    steps = [{"id": "a", "value": [1, 2]}, {"id": "b", "value": cut}]
    hub.earlier["old"] = {"run_id": "old", "status": "ok", "answer": "It is blue.", "steps": steps}
    hub.earlier["bare"] = {"run_id": "bare", "status": "ok", "answer": None, "steps": steps}
    async with hub.host(mode) as host:
        assert said(await visit(host, "old")) == "Run old, ok, as it was kept.\n\nIt is blue."
        assert "read them with `select`" in said(await visit(host, "bare"))
        assert said(await visit(host, "old", select="sum(a)")) == "3"
        lost = await visit(host, "old", select="b")
        assert lost.is_error
        assert said(lost).startswith("Of what step `b` gave only the beginning is kept now.")


# Two requests that attend one run, or none.


async def test_a_cancel_of_one_of_two(mode: str) -> None:
    """The run goes on as long as one request of its host waits for it, and ends with the last."""
    hub = Hub(limits=PATIENT)
    hub.tools.hold("store__read")
    async with hub.host(mode) as host:
        run_id = record_of(await host.call_tool("orchestrate", READS))["run_id"]
        async with anyio.create_task_group() as tasks:
            scopes = [anyio.CancelScope() for _ in range(2)]

            async def wait(scope: anyio.CancelScope) -> None:
                with scope:
                    await visit(host, run_id)

            for scope in scopes:
                tasks.start_soon(wait, scope)
            await anyio.wait_all_tasks_blocked()
            scopes[0].cancel()
            await anyio.wait_all_tasks_blocked()
            assert hub.tools.running == ["store__read"]
            scopes[1].cancel()
            await anyio.wait_all_tasks_blocked()
            assert hub.tools.running == []
        result = await visit(host, run_id)
        assert said(result).startswith("The run was cancelled.")
        assert record_of(result)["status"] == "cancelled"
        assert result.is_error


async def test_a_question_while_nobody_attends(mode: str) -> None:
    """It waits for the next visit and is asked then."""
    gate, person, answers = anyio.Event(), Person("once"), list[object]()

    async def ask(caller: Caller) -> JsonValue:
        await gate.wait()
        answers.append(await caller.ask(form("Go on?")))
        return "done"

    hub = Hub(answers={"store__read": Dialogue(ask)}, limits=PATIENT)
    async with hub.host(mode, person) as host:
        run_id = record_of(await host.call_tool("orchestrate", READS))["run_id"]
        gate.set()
        await anyio.sleep(500)
        assert (person.seen, answers) == ([], [])
        assert record_of(await visit(host, run_id))["status"] == "ok"
    assert person.seen == ["GitHub (github) asks: Go on?"]
    assert len(answers) == 1


async def test_a_question_for_which_nobody_comes(mode: str) -> None:
    """After ten minutes it is declined, and the run goes on without the answer."""
    gate, person, answers = anyio.Event(), Person("once"), list[str]()

    async def ask(caller: Caller) -> JsonValue:
        await gate.wait()
        answers.append(answered(await caller.ask(form("Go on?"))))
        return "done"

    hub = Hub(answers={"store__read": Dialogue(ask)}, limits=PATIENT)
    async with hub.host(mode, person) as host:
        run_id = record_of(await host.call_tool("orchestrate", READS))["run_id"]
        gate.set()
        await anyio.sleep(300)
        assert said(await visit(host, run_id, select="1 + 1")) == "2"  # it reads, and does not attend
        await anyio.sleep(299)
        assert answers == []
        await anyio.sleep(2)
        assert answers == ["declined because the host did not come back to be asked"]
        assert record_of(await visit(host, run_id))["status"] == "ok"
    assert person.seen == []


async def test_a_decision_while_nobody_attends(mode: str) -> None:
    """A step whose arguments come late is decided about at the next visit."""
    hub = Hub(answers={"store__read": "blue"}, limits=PATIENT)
    release = hub.tools.hold("store__read")
    later = step("store__put", arguments={"key": "colour", "value": {"$from": "read"}})
    person = Person("once")
    async with hub.host(mode, person) as host:
        first = await host.call_tool("orchestrate", {"plan": plan(GET, later), "output": "data"})
        assert (record_of(first)["status"], len(person.seen)) == ("running", 1)
        release.set()
        await anyio.sleep(100)
        assert (hub.tools.called, len(person.seen)) == (["store__read"], 1)
        assert record_of(await visit(host, record_of(first)["run_id"]))["status"] == "ok"
    assert hub.tools.called == ["store__read", "store__put"]
    assert 'value = "blue"' in person.seen[1]


async def test_a_host_is_told_that_a_form_is_open() -> None:
    """A reply that comes because the host's time is over says what the run waits for."""
    hub = Hub(answers={"store__put": "stored"}, limits=PATIENT)
    person = Person("once", gate=anyio.Event())
    async with hub.host("legacy", person) as host:
        first = await host.call_tool("orchestrate", WRITES)
        assert record_of(first)["status"] == "running"
        assert "It waits for an answer that this host has been asked for" in said(first)
        assert person.gate
        person.gate.set()
        assert record_of(await visit(host, record_of(first)["run_id"]))["status"] == "ok"
    assert hub.tools.called == ["store__put"]


# Progress.


async def test_progress_over_visits(mode: str) -> None:
    """The numbers grow from one request to the next, and every line, ten seconds apart, names what runs."""
    hub = Hub(limits=replace(PATIENT, answer_within=44))  # no beat falls on its end
    release = hub.tools.hold("other__look")
    heard: list[tuple[float, float, str]] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        assert total is None or progress <= total
        heard.append((anyio.current_time(), progress, message or ""))

    async with hub.host(mode) as host:
        running = await host.call_tool("orchestrate", TWO, progress_callback=hear)
        first = len(heard)
        for _ in range(2):
            arguments = {"run_id": record_of(running)["run_id"]}
            await host.call_tool("orchestrate", arguments, progress_callback=hear)
        release.set()
    numbers = [number for _, number, _ in heard]
    assert numbers == sorted(set(numbers))
    silences = [later - earlier for (earlier, _, _), (later, _, _) in pairwise(heard)]
    assert max(silences) <= HEARTBEAT + 0.01
    assert first >= 5
    assert len(heard) >= 12
    assert {message for _, _, message in heard[5:]} == {"other__look (step look): running"}


# Too many at once.


async def test_busy(mode: str) -> None:
    """What does not fit is told to come again, before it is read any further; what fits is served in turn."""
    hub = Hub(limits=Limits(runs=2, waiting_runs=3))
    release = hub.tools.hold("store__read")
    results: list[CallToolResult] = []
    async with hub.host(mode) as host, anyio.create_task_group() as tasks:

        async def call() -> None:
            results.append(await host.call_tool("orchestrate", READS))

        for _ in range(9):
            tasks.start_soon(call)
        await anyio.wait_all_tasks_blocked()
        assert len(hub.tools.calls) == 2
        assert [record_of(busy)["status"] for busy in results] == ["busy"] * 4
        assert said(results[0]) == "Busy: 2 runs are at work here and others wait. Nothing was run; try again in 2 s."
        assert all(busy.is_error for busy in results)
        release.set()
    assert [record_of(done)["status"] for done in results[4:]] == ["ok"] * 5
    assert len(hub.tools.calls) == 5


async def test_who_waits_for_a_person_holds_no_place(mode: str) -> None:
    """With one place, runs that are decided about do not keep others from working, and end in their turn."""
    hub = Hub(limits=Limits(runs=1, waiting_runs=0))
    async with hub.host(mode) as host:
        asked = [record_of(await host.call_tool("orchestrate", WRITES))["run_id"] for _ in range(5)]
        assert record_of(await host.call_tool("orchestrate", READS))["status"] == "ok"
        for run_id in asked:
            assert await hub.decide("once", run_id=run_id)
            assert record_of(await visit(host, run_id))["status"] == "ok"
        assert record_of(await host.call_tool("orchestrate", READS))["status"] == "ok"


async def test_a_cancel_while_it_waits_for_its_turn(mode: str) -> None:
    """A run that is cancelled before its turn never starts, and makes room at once."""
    hub = Hub(limits=Limits(runs=1, waiting_runs=1))
    release = hub.tools.hold("store__read")
    async with hub.host(mode) as host, anyio.create_task_group() as tasks:
        tasks.start_soon(host.call_tool, "orchestrate", READS)
        await hub.tools.arrived("store__read")
        async with anyio.create_task_group() as waiting:
            waiting.start_soon(host.call_tool, "orchestrate", {"plan": plan(step("other__look"))})
            await anyio.wait_all_tasks_blocked()
            assert record_of(await host.call_tool("orchestrate", READS))["status"] == "busy"
            waiting.cancel_scope.cancel()
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(host.call_tool, "orchestrate", READS)
        await anyio.wait_all_tasks_blocked()
        assert len(hub.tools.calls) == 1
        release.set()
    assert hub.tools.called == ["store__read", "store__read"]


# Faults.


async def test_another_tool(mode: str) -> None:
    """There is one tool."""
    async with Hub().host(mode) as host:
        result = await host.call_tool("store__put", {})
    assert said(result) == "There is no tool 'store__put' here; the only one is 'orchestrate'."


async def test_a_fault_of_ours(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    """It costs its call, and the next one works."""

    async def break_down(_arguments: dict[str, JsonValue]) -> JsonValue:
        raise ZeroDivisionError

    hub = Hub(answers={"store__read": break_down})
    async with hub.host(mode) as host:
        result = await host.call_tool("orchestrate", READS)
        assert result.is_error
        assert said(result).startswith("batonmcp failed by a fault of its own")
        assert record_of(await host.call_tool("orchestrate", {"plan": plan(step("other__look"))}))["status"] == "ok"
    assert "ZeroDivisionError" in caplog.text
