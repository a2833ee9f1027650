"""Plans that nobody here wrote run as they were recorded: every call, every type, every result."""

import re
import sys
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.config.settings import LlmSettings, ServerSettings, Settings, StdioServer
from batonmcp.core.limits import Limits
from batonmcp.core.names import qualified_name
from batonmcp.core.policy import Policy
from batonmcp.core.record import RunRecord, StepRecord
from batonmcp.downstream.fleet import open_fleet
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.stages.audience import Audience
from batonmcp.stages.orchestrate import orchestrate
from batonmcp.stages.ports import Ports, Tools
from batonmcp.stages.route import PLAN_FUNCTION
from batonmcp.stages.task import Task
from batonmcp.stages.telling import data_of
from doubles.fake_llm import FakeLLM, ToolCalls
from doubles.processes import TOKEN_VARIABLE
from doubles.replay import EFFECTS, Replay, open_sessions, reads
from recorded_plans import (
    SOURCES,
    RecordedPlan,
    RecordedStep,
    Reference,
    Size,
    as_document,
    exact,
    load_plans,
    part_of,
    plans_folder,
)

pytestmark = pytest.mark.anyio

TIME_S = 60.0
CHUNK = 50
CHUNKS = [(source, start) for source, size in SOURCES.items() for start in range(0, size.plans, CHUNK)]
SAMPLES = 5
SAMPLE = [(source, number) for source in SOURCES for number in range(SAMPLES)]

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A recorded plan, what its servers met, and what the product says about it."""

    plan: RecordedPlan
    replay: Replay
    record: RunRecord

    def step(self, step_id: str) -> StepRecord:
        """Return a step's record."""
        return next(step for step in self.record.steps if step.id == step_id)


def recorded(source: str) -> Sequence[RecordedPlan]:
    """Return the plans of a source; where there is no data, the test is skipped."""
    if plans_folder() is None:
        pytest.skip("the recorded plans are not on this machine: BATONMCP_DATA names the folder that holds `plans`")
    return load_plans(source)


async def orchestrated(tools: Tools, task: Task, llm: OpenAIClient | None = None) -> RunRecord:
    """Run a task as the product does."""
    ports = Ports(
        tools=tools,
        planner="llm" if llm else "host",
        llm=llm,
        limits=Limits(),
        policy=Policy(profile="never"),
        clock=time.monotonic,
        now=lambda: datetime(2026, 9, 1, 12, 0, tzinfo=UTC),
    )
    return await orchestrate(task, ports, Audience())


async def run_document(replay: Replay, document: JsonValue) -> Run:
    """Run a plan document on the servers of a recorded plan."""
    task = Task(query=replay.plan.query, output="data", plan=document)
    async with open_sessions(replay) as tools:
        return Run(plan=replay.plan, replay=replay, record=await orchestrated(tools, task))


def assert_as_recorded(run: Run, steps: Collection[RecordedStep]) -> None:
    """Hold some steps against the recording; nothing else was called, and nothing that was not recorded."""
    for step in steps:
        found = run.step(step.id)
        assert found.tool == qualified_name(step.server, step.tool)
        assert (found.effect == "read") == reads(step.tool)
        assert exact(found.arguments) == exact(step.arguments)
        assert found.attempts == 1
        if step.is_error:
            assert (found.status, found.error and found.error["kind"]) == ("failed", "tool_error")
        else:
            assert (found.status, exact(found.value)) == ("succeeded", exact(step.result))
            assert exact(data_of(run.record)["results"][step.id]) == exact(step.result)
    assert not run.replay.refused
    assert sorted(run.replay.called) == sorted(step.id for step in steps)


def assert_in_order(run: Run) -> None:
    """Every step was over before a later one that depends on it, and a write before and after all of its server."""
    steps = run.plan.steps
    for index, step in enumerate(steps):
        for later in steps[index + 1 :]:
            both_read = reads(step.tool) and reads(later.tool)
            if step.id in later.depends_on or (step.server == later.server and not both_read):
                assert run.replay.over_before(step.id, later.id), (step.id, later.id)


def mode_of(plan: RecordedPlan) -> str:
    """Return the label that a plan must get."""
    if len(plan.steps) == 1:
        return "single"
    return "sequential" if any(step.depends_on for step in plan.steps) else "parallel"


# All plans.


@pytest.mark.parametrize("source", SOURCES)
def test_the_data_is_complete(source: str) -> None:
    """Each source holds as many plans, steps and references as it must, and the chunks leave none out."""
    plans = recorded(source)
    steps = [step for plan in plans for step in plan.steps]
    references = sum(len(step.references) for step in steps)
    assert Size(plans=len(plans), steps=len(steps), references=references) == SOURCES[source]
    assert [plan for name, start in CHUNKS if name == source for plan in plans[start : start + CHUNK]] == [*plans]


@pytest.mark.parametrize("source", SOURCES)
def test_every_reference_is_an_expression(source: str) -> None:
    """The converter loses no reference: none stays a literal, and the marks of the recording say the same."""
    for plan in recorded(source):
        for step, written in zip(plan.steps, as_document(plan)["steps"], strict=True):
            assert exact(written).count('"$from"') == len(step.references)
            assert "after" not in written
            marks = [reference for reference in step.references if reference.kind != "text"]
            assert exact(step.marked).count('"$ref"') == len(marks)
            for mark in marks:
                assert part_of(step.marked, mark.place) == {"$ref": mark.step, "path": [*mark.path]}


@pytest.mark.parametrize(("source", "start"), CHUNKS)
async def test_every_plan_runs_as_recorded(source: str, start: int) -> None:
    """Every call, type and result equals the recording, nothing else is called, and writes keep their order."""
    plans = recorded(source)[start : start + CHUNK]
    answered = 0
    with anyio.fail_after(TIME_S):
        for plan in plans:
            run = await run_document(Replay(plan), as_document(plan))
            assert_as_recorded(run, plan.steps)
            assert_in_order(run)
            for step in plan.steps:
                waits = [wait["step"] for wait in run.step(step.id).waited_for if wait["why"] == "data"]
                assert set(waits) == set(step.depends_on)
            broken = any(step.is_error for step in plan.steps)
            assert (run.record.status, run.record.mode) == ("partial" if broken else "ok", mode_of(plan))
            assert (run.record.planner, run.record.usage.llm_calls, run.record.notes) == ("host", 0, [])
            answered += len(run.replay.called)
    assert len(plans) == min(CHUNK, SOURCES[source].plans - start)
    assert answered == sum(len(plan.steps) for plan in plans)


@pytest.mark.parametrize(
    ("options", "expected"),
    [({"by_value": True}, 18), ({"texts": False}, 8)],
    ids=["an element found by value", "a dependency without data"],
)
async def test_plans_written_otherwise_run_as_recorded(options: Mapping[str, bool], expected: int) -> None:
    """What was found by value can be selected by it, and `after` keeps an order that no expression tells."""
    ran = 0
    with anyio.fail_after(TIME_S):
        for plan in (plan for source in SOURCES for plan in recorded(source)):
            document = as_document(plan, **options)
            if document != as_document(plan):
                run = await run_document(Replay(plan), document)
                assert_as_recorded(run, plan.steps)
                assert_in_order(run)
                ran += 1
    assert ran == expected


def timeless(record: RunRecord) -> Document:
    """Return a run record without its id and times."""
    document = record.as_json()
    steps = [{key: step[key] for key in step if not key.endswith("_ms")} for step in document["steps"]]
    return {**document, "steps": steps, "run_id": None, "timings_ms": None}


async def test_the_same_plan_gives_the_same_record() -> None:
    """However long the calls take, and although some overlap, the record is the same but for the times."""
    most_at_once = 0
    with anyio.fail_after(TIME_S):
        for plan in (plan for source in SOURCES for plan in recorded(source)[::5]):
            runs = [await run_document(Replay(plan, salt=salt), as_document(plan)) for salt in ("one", "two")]
            assert timeless(runs[0].record) == timeless(runs[1].record)
            most_at_once = max(most_at_once, runs[0].replay.most_at_once)
    assert most_at_once > 1


async def test_dollars_in_texts_stay(subtests: pytest.Subtests) -> None:
    """A text with dollars or variables in it is neither looked into nor changed."""
    texts = {
        "nestful_executable_16": "100 * $var1.Exchange Rate$",
        "nestful_non-executable-glaive_137": "$var1.shipping_cost$ + $var2.tip_amount$",
        "nestful_non-executable-glaive_162": "$100-$500",
    }
    plans = {plan.id: plan for plan in recorded("nestful_v1")}
    for name, text in texts.items():
        with subtests.test(text), anyio.fail_after(TIME_S):
            run = await run_document(Replay(plans[name]), as_document(plans[name]))
            assert text in [value for step in run.record.steps for value in (step.arguments or {}).values()]
            assert_as_recorded(run, plans[name].steps)


# Plans that something is wrong with.


def usable_sources(plan: RecordedPlan) -> list[tuple[RecordedStep, Reference]]:
    """Return the steps that take a plain value from an object, with the reference that does."""
    return [
        (step, reference)
        for step in plan.steps
        for reference in step.references
        if len(reference.place) == 1
        and isinstance(part_of(step.arguments, reference.place), str)
        and isinstance(plan.step(reference.step).result, dict)
    ]


def literals(plan: RecordedPlan) -> list[tuple[RecordedStep, str]]:
    """Return the steps that have a text, number or boolean among their arguments, with its name."""
    return [
        (step, name)
        for step in plan.steps
        for name, value in step.arguments.items()
        if isinstance(value, str | int | float) and (name,) not in {reference.place for reference in step.references}
    ]


@pytest.fixture
def plan(source: str, number: int) -> RecordedPlan:
    """One of some plans of a source that have what the tests below change, spread over the whole file."""
    fit = [
        plan
        for plan in recorded(source)
        if len(plan.steps) > 2
        and usable_sources(plan)
        and literals(plan)
        and not any(step.is_error for step in plan.steps)
    ]
    assert len(fit) >= SAMPLES
    return fit[number * (len(fit) - 1) // (SAMPLES - 1)]


def place_of(plan: RecordedPlan, step: RecordedStep) -> int:
    """Return a step's place in its plan."""
    return plan.steps.index(step)


def dependents(plan: RecordedPlan, step_id: str) -> set[str]:
    """Return the steps that depend on one, directly or not, as the recording has it."""
    found = {step_id}
    for step in plan.steps:
        if found.intersection(step.depends_on):
            found.add(step.id)
    return found - {step_id}


def assert_rejected(run: Run, *problems: str) -> None:
    """Nothing was run, and the error names exactly these problems."""
    assert run.record.status == "plan_required"
    assert run.record.error
    assert run.record.error["kind"] == "plan_invalid"
    lines = run.record.error["message"].splitlines()
    assert len(lines) == 1 + len(problems), lines
    assert all(any(line.startswith(f"- {problem}") for line in lines) for problem in problems), lines
    assert not run.replay.called
    assert not run.replay.refused


def assert_isolated(run: Run, broken: str, kind: str, *, called: bool) -> None:
    """One step failed, what depends on it was skipped because of it, and everything else is as recorded."""
    failed = run.step(broken)
    assert (failed.status, failed.error and failed.error["kind"]) == ("failed", kind)
    behind = dependents(run.plan, broken)
    for step in run.plan.steps:
        if step.id in behind:
            found = run.step(step.id)
            assert (found.status, found.attempts) == ("skipped", 0)
            assert found.because in {f"step `{broken}` failed", *(f"step `{name}` was skipped" for name in behind)}
    others = [step for step in run.plan.steps if step.id != broken and step.id not in behind]
    if called:
        run.replay.called.remove(broken)
    assert_as_recorded(run, others)
    assert run.record.status == ("partial" if others else "failed")


@pytest.mark.parametrize(("source", "number"), SAMPLE)
class TestMutated:
    """Recorded plans with something wrong in them are rejected before anything runs, or the fault stays where it is."""

    async def test_a_cycle_is_rejected(self, plan: RecordedPlan) -> None:
        """Steps that wait for each other are named, and nothing is run."""
        document: Document = as_document(plan)
        first, *_, last = document["steps"]
        first["after"], last["after"] = [last["id"]], [first["id"]]
        with anyio.fail_after(TIME_S):
            run = await run_document(Replay(plan), document)
        assert_rejected(run, "steps: wait for each other in a circle: ")
        assert run.record.error
        assert {first["id"], last["id"]} <= set(re.findall(r"\bs[0-9]+\b", run.record.error["message"]))

    async def test_an_unknown_tool_is_rejected(self, plan: RecordedPlan) -> None:
        """A tool that no server has is named with its place, and nothing is run."""
        document: Document = as_document(plan)
        document["steps"][-1]["tool"] = "nowhere__levitate"
        with anyio.fail_after(TIME_S):
            run = await run_document(Replay(plan), document)
        assert_rejected(run, f"steps[{len(plan.steps) - 1}].tool: there is no tool 'nowhere__levitate'.")

    async def test_a_literal_of_a_wrong_type_is_rejected(self, plan: RecordedPlan) -> None:
        """An argument that the tool's schema refuses is named with its place, and nothing is run."""
        step, name = literals(plan)[-1]
        document: Document = as_document(plan)
        document["steps"][place_of(plan, step)]["arguments"][name] = {"wrong": True}
        with anyio.fail_after(TIME_S):
            run = await run_document(Replay(plan, strict=True), document)
        assert_rejected(run, f"steps[{place_of(plan, step)}].arguments.{name}: ")

    async def test_all_problems_come_at_once(self, plan: RecordedPlan) -> None:
        """Each of several problems is named."""
        step, name = literals(plan)[0]
        document: Document = as_document(plan)
        wrong, last = place_of(plan, step), len(plan.steps)
        document["steps"][wrong]["arguments"][name] = {"wrong": True}
        arguments = {"one": {"$from": "nothing.at_all"}, "two": {"$from": "import os"}}
        document["steps"].append({"id": "more", "tool": "nowhere__levitate", "arguments": arguments})
        with anyio.fail_after(TIME_S):
            run = await run_document(Replay(plan, strict=True), document)
        assert_rejected(
            run,
            f"steps[{wrong}].arguments.{name}: ",
            f"steps[{last}].tool: there is no tool 'nowhere__levitate'.",
            f"steps[{last}].arguments.one: 'nothing' is no earlier step.",
            f"steps[{last}].arguments.two: in `import os`: ",
        )

    async def test_a_missing_key_stays_where_it_is(self, plan: RecordedPlan) -> None:
        """A key that the result does not have fails its step, which is not called, with the keys that there are."""
        step, reference = usable_sources(plan)[0]
        document: Document = as_document(plan)
        wrong = {"$from": f"{reference.step}.no_such_key"}
        document["steps"][place_of(plan, step)]["arguments"][reference.place[0]] = wrong
        with anyio.fail_after(TIME_S):
            run = await run_document(Replay(plan, strict=True), document)
        assert_isolated(run, step.id, "expression_failed", called=False)
        error = run.step(step.id).error
        assert error
        assert f"in `{wrong['$from']}`: `{reference.step}` has no key 'no_such_key'; it has " in error["message"]

    async def test_a_computed_value_of_a_wrong_type_stays_where_it_is(self, plan: RecordedPlan) -> None:
        """A result that does not fit the schema of the tool that takes it fails that step, which is not called."""
        step, reference = usable_sources(plan)[-1]
        document: Document = as_document(plan)
        document["steps"][place_of(plan, step)]["arguments"][reference.place[0]] = {"$from": reference.step}
        with anyio.fail_after(TIME_S):
            run = await run_document(Replay(plan, strict=True), document)
        assert_isolated(run, step.id, "invalid_arguments", called=False)

    async def test_a_failing_step_stays_where_it_is(self, plan: RecordedPlan) -> None:
        """What needs the result of a failed step is skipped because of it; all else gives what was recorded."""
        broken = usable_sources(plan)[0][1].step
        with anyio.fail_after(TIME_S):
            run = await run_document(Replay(plan, strict=True, failing={broken}), as_document(plan))
        assert_isolated(run, broken, "tool_error", called=True)

    async def test_a_failing_step_that_goes_on_gives_null(self, plan: RecordedPlan) -> None:
        """With `on_error: "continue"` the steps behind a failed one are called, with null for what it did not give."""
        step, reference = usable_sources(plan)[0]
        document: Document = as_document(plan)
        document["steps"][place_of(plan, plan.step(reference.step))]["on_error"] = "continue"
        nulls = {other.place[0]: None for other in step.references if other.step == reference.step}
        replay = Replay(plan, failing={reference.step})
        with anyio.fail_after(TIME_S):
            run = await run_document(replay, document)
        assert run.step(step.id).arguments == {**step.arguments, **nulls}
        assert run.step(step.id).attempts == 1
        assert any(f"{name} is null, recorded is " in refusal for name in nulls for refusal in replay.refused)


# With a model that plans, and over pipes.


@pytest.mark.parametrize(("source", "count"), [("bfcl_multi_turn", 4), ("nestful_v1", 3), ("tooltalk", 3)])
async def test_a_model_that_plans_as_recorded(source: str, count: int) -> None:
    """What a scripted LLM calls as a plan runs as recorded, after one LLM call that was offered the plan's tools."""
    several = [plan for plan in recorded(source) if len(plan.steps) > 2]
    plans = several[:: len(several) // count][:count]
    script = [ToolCalls([(PLAN_FUNCTION, as_document(plan))]) for plan in plans]
    with FakeLLM(script) as endpoint, anyio.fail_after(TIME_S):
        llm = OpenAIClient(LlmSettings(base_url=endpoint.base_url, api_key=None, model="scripted"))
        for plan in plans:
            replay = Replay(plan, strict=True)
            async with open_sessions(replay) as tools:
                record = await orchestrated(tools, Task(query=plan.query, output="data"), llm)
            run = Run(plan=plan, replay=replay, record=record)
            assert_as_recorded(run, plan.steps)
            assert_in_order(run)
            assert (record.planner, record.status, record.usage.llm_calls) == ("llm", "ok", 1)
        await llm.aclose()
    for plan, request in zip(plans, endpoint.requests, strict=True):
        names = {function["function"]["name"] for function in request.body["tools"]}
        assert names == {PLAN_FUNCTION} | {qualified_name(step.server, step.tool) for step in plan.steps}
        assert all(re.fullmatch("[A-Za-z0-9_-]{1,64}", name) for name in names)
        assert plan.query in request.body["messages"][-1]["content"]


@pytest.mark.slow
async def test_plans_run_as_recorded_over_pipes(token: str) -> None:
    """The same holds over stdio: plans of several servers, with tools whose names need an alias, on the real fleet."""
    plans = [max(recorded(source), key=lambda plan: (len(plan.servers), len(plan.steps))) for source in SOURCES]
    dotted = [plan for plan in recorded("nestful_v1") if all("." in step.tool for step in plan.steps)]
    plans.append(max(dotted, key=lambda plan: len(plan.steps)))
    folder = plans_folder()
    assert folder
    environment = {
        "BATONMCP_DATA": str(folder.parent),
        "PYTHONPATH": str(Path(__file__).parent),
        TOKEN_VARIABLE: token,
    }

    async def run_over_pipes(plan: RecordedPlan) -> None:
        servers = tuple(
            ServerSettings(
                name=name,
                transport=StdioServer(
                    command=sys.executable,
                    args=("-m", "doubles.replay", plan.source, plan.id, name),
                    env=environment,
                ),
            )
            for name in plan.servers
        )
        settings = Settings(source=Path("recorded.json"), servers=servers, effects=EFFECTS)
        async with open_fleet(settings) as tools:
            record = await orchestrated(tools, Task(query=plan.query, output="data", plan=as_document(plan)))
        replay = Replay(plan)
        replay.called += [step.id for step in record.steps for _ in range(step.attempts)]
        assert record.status == "ok"
        assert_as_recorded(Run(plan=plan, replay=replay, record=record), plan.steps)

    with anyio.fail_after(TIME_S):
        async with anyio.create_task_group() as tasks:
            for plan in plans:
                tasks.start_soon(run_over_pipes, plan)
