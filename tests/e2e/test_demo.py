"""The three questions of the README, as a new user asks them: on the shipped servers.json, with no key."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from batonmcp.core.table import tabled
from doubles.fake_llm import FakeLLM, Reply, Text, ToolCalls

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent
BARE = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
BARE["BATONMCP_STORE"] = "memory"

SINGLE = "Current system metrics?"
PARALLEL = "Give me metrics and trend analysis"
SEQUENTIAL = "Check anomalies and pull config if any"

REPORT, TRENDS, CONFIG = "data_agent__get_report", "analytics_agent__get_trends", "config_agent__check_config"


def ask(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `batonmcp ask` in the repository, as the README says, with nothing else in the environment."""
    return subprocess.run(
        [sys.executable, "-m", "batonmcp", "ask", *arguments],
        cwd=ROOT,
        env={**BARE, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def record(*arguments: str, **environment: str) -> dict[str, Any]:
    """Return the run record of a run that went well."""
    done = ask(*arguments, "--json", **environment)
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def overlap(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two steps ran at the same time."""
    return one["started_ms"] < other["ended_ms"] and other["started_ms"] < one["ended_ms"]


def test_single() -> None:
    """A question for one thing calls one tool."""
    run = record(SINGLE)
    assert (run["mode"], run["planner"], run["status"]) == ("single", "lexical", "ok")
    assert [step["tool"] for step in run["steps"]] == [REPORT]
    assert run["usage"]["llm_calls"] == 0


def test_parallel() -> None:
    """A question for two things calls both tools at the same time."""
    run = record(PARALLEL)
    assert (run["mode"], run["status"]) == ("parallel", "ok")
    assert {step["tool"] for step in run["steps"]} == {REPORT, TRENDS}
    assert overlap(*run["steps"])


def test_sequential() -> None:
    """A question that depends on what is found hands the finding to the second tool."""
    run = record(SEQUENTIAL)
    assert (run["mode"], run["status"]) == ("sequential", "ok")
    trends, config = run["steps"]
    assert (trends["tool"], config["tool"]) == (TRENDS, CONFIG)
    assert {"step": trends["id"], "why": "data"} in config["waited_for"]
    assert config["started_ms"] >= trends["ended_ms"]
    found = {anomaly["component"] for anomaly in trends["value"]["anomalies"]}
    asked = [item["arguments"]["component"] for item in config["items"]]
    assert sorted(asked) == sorted(found)


def test_sequential_without_anomaly(tmp_path: Path) -> None:
    """The second tool is skipped, which is a normal end, when there is nothing to look up."""
    plan = json.loads(ask(SEQUENTIAL, "--output", "plan", "--json").stdout)["plan"]
    plan["steps"][0]["arguments"] = {"entity": "payments"}
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan))
    run = record("--plan", str(path))
    assert [step["status"] for step in run["steps"]] == ["succeeded", "skipped"]
    assert run["status"] == "ok"
    assert run["steps"][1]["tool"] in run["answer"]


def test_answer_is_on_stdout_and_a_pipe_stays_quiet() -> None:
    """In a pipe there is the answer, which names its planner, and nothing on standard error."""
    done = ask(SINGLE)
    assert done.returncode == 0
    assert done.stderr == ""
    assert "latency_p95" in done.stdout
    assert "keyword match" in done.stdout


PLAN = {
    "steps": [
        {"id": "trends", "tool": TRENDS, "arguments": {"entity": "checkout"}},
        {
            "id": "config",
            "tool": CONFIG,
            "when": "len(trends.anomalies) > 0",
            "arguments": {"component": {"$from": "trends.anomalies[0].component"}},
        },
    ]
}

ENDPOINT_RUNS: list[tuple[str, Reply, str, list[str]]] = [
    (SINGLE, ToolCalls([(REPORT, {})]), "single", [REPORT]),
    (PARALLEL, ToolCalls([(REPORT, {}), (TRENDS, {})]), "parallel", [REPORT, TRENDS]),
    (SEQUENTIAL, ToolCalls([("plan_execution", PLAN)]), "sequential", [TRENDS, CONFIG]),
]


@pytest.mark.parametrize(("query", "routed", "mode", "tools"), ENDPOINT_RUNS, ids=["single", "parallel", "sequential"])
def test_through_an_endpoint(query: str, routed: Reply, mode: str, tools: list[str]) -> None:
    """With a model there are exactly two calls on the wire: tools at temperature 0, then results at 0.7."""
    with FakeLLM([routed, Text("All is told.")]) as llm:
        environment = {"BATONMCP_MODEL": "scripted", "OPENAI_BASE_URL": llm.base_url, "OPENAI_API_KEY": "sk-canary"}
        run = record(query, **environment)
        route, synthesize = (request.body for request in llm.requests)
    assert (run["mode"], run["planner"], run["answer"]) == (mode, "llm", "All is told.")
    assert [step["tool"] for step in run["steps"]] == tools
    assert run["usage"]["llm_calls"] == 2
    assert (route["temperature"], synthesize["temperature"]) == (0, 0.7)
    offered = {tool["function"]["name"] for tool in route["tools"]}
    assert offered == {REPORT, TRENDS, CONFIG, "plan_execution"}
    assert query in route["messages"][1]["content"]
    assert "tools" not in synthesize
    handed = synthesize["messages"][1]["content"]
    assert query in handed
    told = [json.loads(line)["result"] for line in handed.splitlines() if line.startswith("{")]
    assert told == [tabled(step["value"]) for step in run["steps"]]


def test_data_skips_the_second_call() -> None:
    """With `--output data` there is one call of the model, and the results come as JSON."""
    with FakeLLM([ToolCalls([(REPORT, {"entity": "checkout"})])]) as llm:
        done = ask(
            SINGLE, "--output", "data", BATONMCP_MODEL="m", OPENAI_BASE_URL=llm.base_url, OPENAI_API_KEY="sk-canary"
        )
        assert len(llm.requests) == 1
    assert done.returncode == 0
    data = json.loads(done.stdout)
    assert data["status"] == "ok"
    assert data["results"]["s1"]["entity"] == "checkout"
