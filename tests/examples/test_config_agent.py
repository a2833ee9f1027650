"""The Config Agent: the system configuration of a component."""

import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from batonmcp.examples.config_agent import AGENT

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run on the event loop that the agent runs on."""
    return "asyncio"


async def check_config(**arguments: str) -> dict[str, Any]:
    """Return what the tool answers over MCP."""
    with anyio.fail_after(10):
        async with Client(AGENT.server()) as client:
            result = await client.call_tool("check_config", arguments)
    assert result.structured_content is not None
    return result.structured_content


async def test_shows_the_settings_of_a_component() -> None:
    """Each with its value, whatever its type, and its last change where there was one."""
    assert await check_config(component="checkout-db") == {
        "component": "checkout-db",
        "as_of": "2026-03-16T08:00:00Z",
        "settings": [
            {
                "entity": "checkout",
                "component": "checkout-db",
                "setting": setting,
                "value": value,
                "unit": unit,
                "previous": previous,
                "changed_at": changed_at,
            }
            for setting, value, unit, previous, changed_at in [
                ("connection_pool_size", 20, "connections", 50, "2026-03-14T06:30:00Z"),
                ("statement_timeout", 5000, "ms", None, None),
                ("replication", True, None, None, None),
            ]
        ],
    }


async def test_tells_what_changed_in_the_whole_system() -> None:
    """Without a component the changes of all of them can be found."""
    changes = [row for row in (await check_config())["settings"] if row["changed_at"]]
    assert [(row["component"], row["setting"], row["previous"], row["value"]) for row in changes] == [
        ("checkout-api", "connection_wait_timeout", 200, 2000),
        ("checkout-db", "connection_pool_size", 50, 20),
        ("search-index", "refresh_interval", 30, 1),
        ("catalog-api", "log_level", "debug", "info"),
        ("login-sessions", "session_ttl", 3600, 2700),
    ]


async def test_an_entity_is_not_a_component() -> None:
    """Asking for an entity is answered with the name of one of its components."""
    with anyio.fail_after(10):
        async with Client(AGENT.server()) as client:
            result = await client.call_tool("check_config", {"component": "payments"})
    assert result.is_error
    assert "Unknown component 'payments'. Did you mean 'payments-db'?" in str(result.content)


async def test_runs_as_a_program(tmp_path: Path) -> None:
    """A host starts it as a process, gets the same answer, and nothing is written to stderr."""
    program = StdioServerParameters(command=sys.executable, args=["-m", "batonmcp.examples.config_agent"])
    with (tmp_path / "stderr").open("w+", encoding="utf-8") as stderr:
        with anyio.fail_after(30):
            async with Client(stdio_client(program, errlog=stderr), mode="legacy") as client:
                result = await client.call_tool("check_config", {})
        stderr.seek(0)
        assert not stderr.read()
    assert result.structured_content == await check_config()
