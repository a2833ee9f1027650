"""The shelf of runs."""

import json

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.core.errors import ErrorInfo
from batonmcp.core.events import Noted, PlanReady, RunFinished, RunStarted, StepFinished, StepStarted
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.record import RunRecord
from batonmcp.core.recorder import Recorder
from batonmcp.store.memory import MemoryStore
from batonmcp.store.runs import KeptRun, Runs
from builders import plan_of, registry, tool

pytestmark = pytest.mark.anyio

TIME_S = 20.0
CANARY = "canary"


def record(value: JsonValue, *, run_id: str = "r1", answer: str = CANARY) -> RunRecord:
    """Return the record of a run of two steps, one of which failed; what came from tools holds this value."""
    recorder = Recorder(lambda: 0.0)
    plan = plan_of({"steps": [{"id": "a", "tool": "a__x"}, {"id": "b", "tool": "a__x"}]}, registry(tool()))
    recorder(RunStarted(run_id=run_id, query="q", planner="llm"))
    recorder(PlanReady(plan=plan))
    for step in plan.steps:
        recorder(StepStarted(step_id=step.id, arguments=({"from": value},), per_item=False))
    recorder(StepFinished(step_id="a", outcome=Succeeded(value=value)))
    recorder(StepFinished(step_id="b", outcome=Failed(error=ErrorInfo(kind="tool_error", message=str(value)))))
    recorder(Noted(text=f"a note of {value}"))
    recorder(RunFinished(status="partial", answer=answer, result=value))
    return recorder.record


async def kept(runs: Runs, run: RunRecord) -> dict[str, JsonValue]:
    """Keep a record, and return what was kept."""
    with anyio.fail_after(TIME_S):
        await runs.keep(run)
        found = await runs.get(run.run_id)
    assert found is not None
    return found


async def test_full() -> None:
    """All of it is kept, however long."""
    run = record("x" * 100_000)
    assert await kept(Runs(MemoryStore(), "full"), run) == run.as_json()


async def test_previews() -> None:
    """Unless said otherwise, long values are previews and the answer stays."""
    run = record({"text": "x" * 100_000}, answer="y" * 10_000)
    document = await kept(Runs(MemoryStore()), run)
    assert document["answer"] == "y" * 10_000
    assert len(json.dumps(document)) < 30_000
    assert await kept(Runs(MemoryStore()), record(1)) == record(1).as_json()


async def test_no_values() -> None:
    """Nothing that came from a tool is kept: values, arguments, answer, errors; what was done is."""
    document = await kept(Runs(MemoryStore(), "none"), record(CANARY))
    assert CANARY not in json.dumps(document)
    assert (document["status"], document["query"], document["mode"]) == ("partial", "q", "parallel")
    steps = document["steps"]
    assert isinstance(steps, list)
    assert [(step["status"], step["error"] and step["error"]["kind"]) for step in steps] == [  # type: ignore[index,call-overload] - JSON
        ("succeeded", None),
        ("failed", "tool_error"),
    ]


async def test_the_newest_come_first() -> None:
    """Runs are listed by the time they ended."""
    now = iter(range(1, 1_000))
    store = MemoryStore(clock=lambda: float(next(now)))
    runs = Runs(store)
    for run_id in ("r1", "r2", "r3"):
        await kept(runs, record(1, run_id=run_id))
    listed = await runs.newest(2)
    assert [run.record["run_id"] for run in listed] == ["r3", "r2"]
    assert listed[0].at > listed[1].at


async def test_what_is_no_record_is_passed_over() -> None:
    """What another version may have put there does not spoil the list."""
    store = MemoryStore()
    runs = Runs(store)
    others: list[JsonValue] = [None, 1, "text", [], {}, {"query": "q"}]
    with anyio.fail_after(TIME_S):
        for number, value in enumerate(others):
            await store.put("run", f"k{number}", value)
        await runs.keep(record(1))
        assert [run.record["run_id"] for run in await runs.newest(10)] == ["r1"]
        assert isinstance((await runs.newest(10))[0], KeptRun)
        assert await runs.get("k1") is None
        assert await runs.get("never") is None
