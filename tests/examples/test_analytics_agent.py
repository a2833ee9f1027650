"""The Analytics Agent: historical trends with anomaly detection."""

import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from batonmcp.examples.analytics_agent import AGENT

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on the event loop that the agent runs on."""
    return "asyncio"


async def get_trends(**arguments: str) -> dict[str, Any]:
    """Return what the tool answers over MCP."""
    with anyio.fail_after(10):
        async with Client(AGENT.server()) as client:
            result = await client.call_tool("get_trends", arguments)
    assert result.structured_content is not None
    return result.structured_content


async def test_finds_the_anomalies_of_an_entity() -> None:
    """Each with what was observed, what was to be expected, and since when."""
    assert (await get_trends(entity="checkout"))["anomalies"] == [
        {
            "entity": "checkout",
            "component": "checkout-api",
            "metric": "latency_p95",
            "severity": "medium",
            "observed": 311,
            "expected": 182.0,
            "unit": "ms",
            "since": "2026-03-14T08:00:00Z",
        },
        {
            "entity": "checkout",
            "component": "checkout-db",
            "metric": "connection_wait_p95",
            "severity": "high",
            "observed": 38,
            "expected": 4.3,
            "unit": "ms",
            "since": "2026-03-14T08:00:00Z",
        },
    ]


@pytest.mark.parametrize("entity", ["payments", "catalog", "shipping"])
async def test_an_entity_that_is_well_has_no_anomalies(entity: str) -> None:
    """The list is there, and empty."""
    trends = await get_trends(entity=entity)
    assert trends["anomalies"] == []
    assert len(trends["trends"]) == 4


async def test_severity_follows_how_far_a_metric_is_off() -> None:
    """All three severities occur, downward departures among them, and each is seen from its first day on."""
    found = {row["component"]: (row["severity"], row["since"][:10]) for row in (await get_trends())["anomalies"]}
    assert found == {
        "checkout-api": ("medium", "2026-03-14"),
        "checkout-db": ("high", "2026-03-14"),
        "search-index": ("medium", "2026-03-15"),
        "login-sessions": ("low", "2026-03-16"),
    }


async def test_a_trend_has_a_direction() -> None:
    """A metric rises, falls or is steady; a slow rise is no anomaly."""
    trends = {(row["component"], row["metric"]): row for row in (await get_trends())["trends"]}
    assert {row["direction"] for row in trends.values()} == {"rising", "falling", "steady"}
    assert trends["payments-db", "storage_used"]["direction"] == "rising"
    assert trends["payments-db", "storage_used"]["change_percent"] == 8.2
    assert trends["search-api", "latency_p95"]["direction"] == "falling"
    assert trends["search-api", "latency_p95"]["change_percent"] == -7.9
    assert trends["payments-gateway", "decline_rate"]["direction"] == "steady"


async def test_looks_at_the_last_week() -> None:
    """The window is from the first reading to the last."""
    assert (await get_trends(entity="login"))["window"] == {
        "start": "2026-03-10T08:00:00Z",
        "end": "2026-03-16T08:00:00Z",
    }


async def test_runs_as_a_program(tmp_path: Path) -> None:
    """A host starts it as a process, gets the same answer, and nothing is written to stderr."""
    program = StdioServerParameters(command=sys.executable, args=["-m", "batonmcp.examples.analytics_agent"])
    with (tmp_path / "stderr").open("w+", encoding="utf-8") as stderr:
        with anyio.fail_after(30):
            async with Client(stdio_client(program, errlog=stderr), mode="legacy") as client:
                result = await client.call_tool("get_trends", {})
        stderr.seek(0)
        assert not stderr.read()
    assert result.structured_content == await get_trends()
