"""The Data Agent: the latest report for an entity."""

import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from batonmcp.examples.data_agent import AGENT

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on the event loop that the agent runs on."""
    return "asyncio"


async def get_report(**arguments: str) -> dict[str, Any]:
    """Return what the tool answers over MCP."""
    with anyio.fail_after(10):
        async with Client(AGENT.server()) as client:
            result = await client.call_tool("get_report", arguments)
    assert result.structured_content is not None
    return result.structured_content


async def test_reports_the_current_metrics_of_an_entity() -> None:
    """One row for each metric of each component, in its unit and with its limit."""
    assert await get_report(entity="payments") == {
        "entity": "payments",
        "as_of": "2026-03-16T08:00:00Z",
        "status": "ok",
        "metrics": [
            {
                "entity": "payments",
                "component": component,
                "metric": metric,
                "value": value,
                "unit": unit,
                "limit": limit,
                "status": "ok",
            }
            for component, metric, value, unit, limit in [
                ("payments-gateway", "authorization_latency_p95", 421, "ms", 600),
                ("payments-gateway", "decline_rate", 2.1, "%", 4),
                ("payments-db", "query_latency_p95", 9, "ms", 30),
                ("payments-db", "storage_used", 66, "%", 85),
            ]
        ],
    }


async def test_an_entity_over_a_limit_is_degraded() -> None:
    """The rows over their limit say so, and with them the whole report."""
    report = await get_report(entity="checkout")
    assert report["status"] == "degraded"
    assert {(row["component"], row["metric"]): row["status"] for row in report["metrics"]} == {
        ("checkout-api", "latency_p95"): "degraded",
        ("checkout-api", "request_rate"): "ok",
        ("checkout-db", "connection_wait_p95"): "degraded",
        ("checkout-db", "query_latency_p95"): "ok",
    }


async def test_reports_on_the_whole_system() -> None:
    """One entity that is not well is enough for a system that is not well."""
    report = await get_report()
    assert report["status"] == "degraded"
    assert {row["entity"] for row in report["metrics"] if row["status"] == "degraded"} == {"checkout", "search"}


async def test_a_metric_without_a_limit_is_ok() -> None:
    """Where no limit is set, none can be passed."""
    report = await get_report()
    unlimited = [row for row in report["metrics"] if row["limit"] is None]
    assert unlimited
    assert {row["status"] for row in unlimited} == {"ok"}


async def test_runs_as_a_program(tmp_path: Path) -> None:
    """A host starts it as a process, gets the same answer, and nothing is written to stderr."""
    program = StdioServerParameters(command=sys.executable, args=["-m", "batonmcp.examples.data_agent"])
    with (tmp_path / "stderr").open("w+", encoding="utf-8") as stderr:
        with anyio.fail_after(30):
            async with Client(stdio_client(program, errlog=stderr), mode="legacy") as client:
                result = await client.call_tool("get_report", {})
        stderr.seek(0)
        assert not stderr.read()
    assert result.structured_content == await get_report()
