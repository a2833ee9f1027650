"""The benchmarks: that they measure what they say, not how fast."""

import json
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any
from xml.etree import ElementTree as ET

import anyio
import pytest

from doubles.fake_llm import FREE

pytestmark = [pytest.mark.anyio, pytest.mark.no_cover]

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
TIME_S = 60


def _script(name: str, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import a benchmark, which is a script and in no package."""
    spec = spec_from_file_location(name, BENCHMARKS / f"{name}.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(sys, "path", [*sys.path])
    spec.loader.exec_module(module)
    return module


@pytest.mark.slow
async def test_versus_loop_counts_the_calls_of_each_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop asks its model once a tool or round of tools and once more, batonmcp twice; all call the same tools."""
    script = _script("versus_loop", monkeypatch)
    chain = script.QUESTIONS[-1]
    with anyio.fail_after(5 * TIME_S):
        results = await script.measure(FREE, runs=1, tool_s=0.0, questions=[script.HEADLINE, chain], crowded=False)
    ours = {"batonmcp": 2, "batonmcp, cached route": 1, "loop with batonmcp": 4}
    ours |= {"the same, asks for data": 3, "the same, data, cached route": 2}
    loops = {script.HEADLINE: (7, 3), chain: (12, 5)}
    for each in results.answered:
        one_a_turn, parallel = loops[each.question]
        expected = {"loop, one tool a turn": one_a_turn, "loop, parallel tool calls": parallel, **ours}
        if each.way in expected:
            assert len(each.llm) == expected[each.way], (each.question.title, each.way)
    measured = {each.way for each in results.answered}
    assert measured.isdisjoint(results.missing)
    assert measured | {*results.missing} == {*script.ALL}
    assert {each.samples[0].tool_calls for each in results.answered if each.question is chain} == {11}
    assert results.early.tool_s == results.early.to_come == 0
    assert min(*results.early.waiting, *results.early.early) > 0
    text = script.report(results, FREE, runs=1)
    assert text.startswith("**Simulated is the model**")
    assert "2 against 7" in text
    assert len(ET.fromstring(script.picture(results)).findall("{*}rect")) == 1 + 3 * len(measured)  # noqa: S314


def test_the_scripted_model_plays_an_orchestrator_of_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """It plans a task for each server, does a worker's part from what others report, and ends when all is done."""
    script = _script("versus_loop", monkeypatch)
    model, query = script.Model(script.QUESTIONS), script.HEADLINE.query

    def asked(text: str, *messages: object, **rest: object) -> Any:  # noqa: ANN401 - a reply
        return model({"messages": [{"role": "user", "content": f"{query}\n{text}"}, *messages], **rest})

    plan = json.loads(asked("No steps executed yet", response_format={}).text)
    agents = [[task["agent"] for task in step["tasks"]] for step in plan["steps"]]
    assert agents == [["data_agent", "analytics_agent"], ["config_agent"]]
    work = """You are part of a larger workflow
        Result: get_report {} -> {}
        Result: get_trends {} -> {"anomalies": [{"component": "db", "entity": "shop"}]}"""
    tools = [{"function": {"name": "config_agent_check_config"}}]
    assert asked(work, tools=tools).calls == [("config_agent_check_config", {"component": "db"})]
    call = {"id": "1", "function": {"name": "config_agent_check_config", "arguments": '{"component": "db"}'}}
    done = {"role": "assistant", "tool_calls": [call]}, {"role": "tool", "tool_call_id": "1", "content": '{"size": 1}'}
    report = asked(work, *done, tools=tools).text
    assert report.startswith('check_config {"component": "db"} -> {}\n')
    assert json.loads(asked(report, response_format={}).text) == {"steps": [], "is_complete": True}
    usages = model.settle()
    assert len(usages) == 4
    assert all(usage.prompt_tokens > 0 < usage.completion_tokens for usage in usages)
    assert model.settle() == ()


@pytest.mark.slow
def test_kills_leave_nothing() -> None:
    """A few kills of a hub leave no process, and the table says so beside those of the plain client."""
    command = [sys.executable, str(BENCHMARKS / "kills.py"), "--kills", "4", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_S, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    (ours,) = [line.split(" | ") for line in done.stdout.splitlines() if line.startswith("| **batonmcp")]
    assert (ours[1], ours[3], ours[4]) == ("4", "0", "0")
    assert "**plain SDK client** | 4 |" in done.stdout


@pytest.mark.slow
def test_engine_measures_consistent_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """No way is faster than the ideal, one step after the other takes the sum of the calls, and nothing is free."""
    script = _script("engine", monkeypatch)
    results = script.measure(quick=True)
    for rows in results.makespans.values():
        assert rows
        for row in rows:
            assert all(best <= whole for best, whole in zip(row.ideals, row.sums, strict=True))
            for way, makespans in row.makespans.items():
                least = row.sums if way == "sequential" else row.ideals
                assert all(made > best for made, best in zip(makespans, least, strict=True)), (row.source, way)
    costs = [cost for row in results.overheads for cost in row.costs.values()]
    assert all(min(cost.execute, cost.silent, cost.check) > 0 for cost in costs)
    assert results.expressions
    assert 0 < results.memory.answers < results.memory.kept < results.memory.peak
    assert script.GOAL_STEPS in results.overheads[0].costs
    assert "| goal |" in script.report(results)


@pytest.mark.slow
async def test_fleet_measures_consistent_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every part has its numbers, no number of servers starts faster than the slowest of them, and nothing is free."""
    script = _script("fleet", monkeypatch)
    with anyio.fail_after(TIME_S):
        results = await script.measure(quick=True)
    assert [start.count for start in results.starts] == [3, 3]
    assert all(start.all_s > 0.5 * start.slowest_s for start in results.starts)
    assert all(min(*calls.fleet, *calls.bare) > 0 for calls in results.calls)
    assert all(len(calls.fleet) == len(calls.bare) == 20 for calls in results.calls)
    assert all(min(back.seconds) > 0 for back in results.backs)
    assert {(each.way, each.stall_s > 0) for each in results.large} == {("batonmcp", True), ("bare SDK", True)}
    assert "| goal |" in script.report(results)


@pytest.mark.slow
async def test_host_measures_consistent_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tools are listed after the first answer, no call takes longer than all of them, and every answer is right."""
    script = _script("host", monkeypatch)
    with anyio.fail_after(TIME_S):
        results = await script.measure(quick=True)
    assert {(start.who, start.era) for start in results.starts} == {(w, e) for w in script.WHOS for e in script.ERAS}
    for start in results.starts:
        assert len(start.first) == len(start.worked) == len(start.tools) == 2
        assert min(start.worked) > 0
        assert all(0 < first < tools for first, tools in zip(start.first, start.tools, strict=True))
    assert [many.who for many in results.many] == [*script.WHOS]
    assert [(len(many.calls), many.wrong) for many in results.many] == [(20, 0), (20, 0)]
    assert all(0 < max(many.calls) <= max(many.walls) for many in results.many)
    assert "| goal |" in script.report(results)


def test_a_page_takes_what_a_script_writes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """It goes between the script's marks, again and again; the rest stays, and without the marks nothing is written."""
    script = _script("page", monkeypatch)
    page = "before\n<!-- written by x.py -->\nold\n<!-- end of x.py -->\nafter\n"
    once = script.replaced(page, "x.py", "new")
    assert once == "before\n<!-- written by x.py -->\n\nnew\n\n<!-- end of x.py -->\nafter\n"
    assert script.replaced(once, "x.py", "new") == once
    for wrong in ("nothing", page + page, page.replace("end of", "end")):
        with pytest.raises(ValueError, match=r"Put the line '<!-- written by x.py -->' into"):
            script.replaced(wrong, "x.py", "new")
    script.publish("x.py", "only said", write=False)
    assert capsys.readouterr().out == "only said\n"


def test_the_page_has_the_marks_of_every_script_that_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that `--write` works."""
    page = _script("page", monkeypatch)
    text = page.PAGE.read_text(encoding="utf-8")
    for script in ("versus_loop.py", "engine.py", "fleet.py", "host.py", "route.py"):
        assert page.replaced(text, script, "x") != text


@pytest.mark.slow
def test_route_measures_consistent_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """More tools take no fewer tokens, nothing is free, and who looks further finds no less."""
    script = _script("route", monkeypatch)
    results = script.measure(quick=True)
    assert [prompt.tools for prompt in results.prompts][:2] == [20, 127]
    assert results.prompts[-1].tools == results.ranked == 1_000
    menus = [len(prompt.menu) for prompt in results.prompts]
    assert menus[0] < menus[1] < menus[-1]
    for prompt in results.prompts:
        assert len(prompt.text) > len(prompt.menu)
        assert min(prompt.first_ms, prompt.again_ms) > 0
        assert (prompt.left_out > 0) == (prompt.form == "signatures, ranked")
    assert min(results.ranking_ms) > 0
    for recall in results.recalls:
        assert [*recall.within] == sorted(recall.within)
        assert 0 < recall.shown <= 1
    assert "| goal |" in script.report(results)


@pytest.mark.slow
async def test_chaos_sees_what_is_violated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some seconds of chaos: every call ends, nothing happens twice; and the report would say so if it did not."""
    script = _script("chaos", monkeypatch)
    with anyio.fail_after(TIME_S):
        report = await script.play(seed=4, seconds=5.0)
    assert report.violations == []
    assert report.sent == report.ended > 100
    assert report.attacks
    assert "nothing was violated" in script.table(report)
    report.twice = ["ledger01 3-7"]
    assert "VIOLATED: side effects happened twice: ['ledger01 3-7']" in script.table(report)
