"""Servers on the SDKs of the last years, and the official reference servers: connect, list, call."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from pydantic import JsonValue
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from batonmcp.config.settings import ServerSettings, StdioServer
from batonmcp.core.limits import Limits
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.registry import Registry
from batonmcp.downstream.fleet import Fleet, open_fleet
from doubles.downstream import serving, settings_of
from doubles.installed import node_packages, python_packages
from doubles.processes import TOKEN_VARIABLE, wait_unmarked

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

TIME_S = 90.0
OLD = Path(__file__).parent.parent / "doubles" / "old_servers"
PYTHON_SDKS = {
    "1.2.0": ("mcp==1.2.0", "pydantic==2.10.6"),  # the early ones do not work with a later one
    "1.8.1": ("mcp==1.8.1", "pydantic==2.10.6"),
    "1.9.4": ("mcp==1.9.4", "pydantic==2.10.6"),
    "1.28.1": ("mcp==1.28.1", "mcp-server-sqlite==2025.4.25"),
}
NODE_SDKS = ("0.5.0", "1.0.4", "1.32.2")
NODE_SERVERS = {
    "everything": "2026.8.31",
    "filesystem": "2026.8.31",
    "memory": "2026.8.31",
    "sequential-thinking": "2026.8.31",
}
FETCH = "mcp-server-fetch==2026.10.24"


@asynccontextmanager
async def connected(token: str, *argv: str) -> AsyncGenerator[tuple[Fleet, Registry]]:
    """Connect to a server that must come up; nothing of it is left in the end."""
    transport = StdioServer(command=argv[0], args=argv[1:], env={TOKEN_VARIABLE: token})
    settings = settings_of(ServerSettings(name="s", transport=transport), limits=Limits(connect_timeout=60.0))
    with anyio.fail_after(TIME_S):
        async with open_fleet(settings) as fleet:
            registry = await fleet.registry()
            assert [agent.trouble for agent in registry.agents] == [None]
            yield fleet, registry
        await wait_unmarked(token, within=2)


async def value(found: tuple[Fleet, Registry], tool: str, **arguments: JsonValue) -> str:
    """Return what a tool says."""
    fleet, registry = found
    outcome = await fleet.call(registry[f"s__{tool}"], arguments, within=30)
    assert isinstance(outcome, Succeeded), outcome
    return str(outcome.value)


async def works(found: tuple[Fleet, Registry]) -> None:
    """Check one of our small servers: both tools are there, one adds, one fails."""
    fleet, registry = found
    assert {tool.name for tool in registry} == {"add", "fail"}
    assert "2 + 3 = 5" in await value(found, "add", a=2, b=3)
    outcome = await fleet.call(registry["s__fail"], {"message": "no luck"}, within=30)
    assert isinstance(outcome, Failed)
    assert outcome.error.kind == "tool_error"
    assert "fail" in outcome.error.message or "no luck" in outcome.error.message  # the SDK of today hides the reason


@pytest.mark.parametrize("version", PYTHON_SDKS)
async def test_python_sdk(version: str, token: str) -> None:
    """Servers on each Python SDK, the early ones that die of the newer era's first request among them."""
    if sys.version_info >= (3, 14) and "pydantic==2.10.6" in PYTHON_SDKS[version]:
        pytest.skip("this SDK needs a pydantic that does not exist for this Python")
    python = python_packages(*PYTHON_SDKS[version])
    async with connected(token, str(python), str(OLD / "python_server.py")) as found:
        await works(found)


async def test_python_sdk_of_today(token: str) -> None:
    """A server on the SDK that we use ourselves."""
    async with connected(token, sys.executable, str(OLD / "python_server.py")) as found:
        await works(found)


@pytest.fixture(scope="session")
def modules() -> Path:
    """The TypeScript SDKs and the reference servers that are written in it."""
    sdks = [f"sdk-{version}@npm:@modelcontextprotocol/sdk@{version}" for version in NODE_SDKS]
    return node_packages(
        *sdks, *(f"@modelcontextprotocol/server-{name}@{version}" for name, version in NODE_SERVERS.items())
    )


@pytest.mark.parametrize("version", NODE_SDKS)
async def test_typescript_sdk(version: str, modules: Path, token: str) -> None:
    """Servers on each TypeScript SDK."""
    async with connected(token, "node", str(OLD / "node_server.mjs"), str(modules), f"sdk-{version}") as found:
        await works(found)


def reference(modules: Path, name: str, *arguments: str) -> tuple[str, ...]:
    """Return the command of a reference server."""
    return "node", str(modules / "@modelcontextprotocol" / f"server-{name}" / "dist" / "index.js"), *arguments


async def test_everything(modules: Path, token: str) -> None:
    """server-everything echoes."""
    async with connected(token, *reference(modules, "everything", "stdio")) as found:
        assert "hello" in await value(found, "echo", message="hello")


async def test_filesystem(modules: Path, tmp_path: Path, token: str) -> None:
    """server-filesystem reads a file."""
    (tmp_path / "a.txt").write_text("alpha")
    async with connected(token, *reference(modules, "filesystem", str(tmp_path))) as found:
        assert "alpha" in await value(found, "read_text_file", path=str(tmp_path / "a.txt"))


async def test_memory(modules: Path, token: str) -> None:
    """server-memory reads its graph."""
    async with connected(token, *reference(modules, "memory")) as found:
        assert "entities" in await value(found, "read_graph")


async def test_sequential_thinking(modules: Path, token: str) -> None:
    """server-sequential-thinking, whose tool has a description of thousands of letters, takes a thought."""
    thought: dict[str, JsonValue] = {"thought": "t", "nextThoughtNeeded": False, "thoughtNumber": 1, "totalThoughts": 1}
    async with connected(token, *reference(modules, "sequential-thinking")) as found:
        assert "totalThoughts" in await value(found, "sequentialthinking", **thought)


async def test_fetch(token: str) -> None:
    """mcp-server-fetch fetches a page."""

    def page(_request: Request) -> PlainTextResponse:
        return PlainTextResponse("the page")

    python = str(python_packages(FETCH))
    async with (
        serving(Starlette(routes=[Route("/mcp", page)])) as url,
        connected(token, python, "-m", "mcp_server_fetch", "--allow-private-ips", "--ignore-robots-txt") as found,
    ):
        assert "the page" in await value(found, "fetch", url=url, raw=True)


async def test_sqlite(tmp_path: Path, token: str) -> None:
    """mcp-server-sqlite, which is kept no more, lists its tables."""
    script = python_packages(*PYTHON_SDKS["1.28.1"]).with_name("mcp-server-sqlite")
    command = (str(script), "--db-path", str(tmp_path / "db"))
    async with connected(token, *command) as found:
        await value(found, "create_table", query="CREATE TABLE fruit (name TEXT)")
        assert "fruit" in await value(found, "list_tables")


async def test_git(tmp_path: Path, token: str) -> None:
    """mcp-server-git makes a repository, or says that it is none."""
    async with connected(token, sys.executable, "-m", "mcp_server_git") as found:
        fleet, registry = found
        outcome = await fleet.call(registry["s__git_status"], {"repo_path": str(tmp_path)}, within=30)
        assert isinstance(outcome, Failed)
        assert outcome.error.kind == "tool_error"


async def test_time(token: str) -> None:
    """mcp-server-time tells the time."""
    async with connected(token, sys.executable, "-m", "mcp_server_time", "--local-timezone", "UTC") as found:
        assert "UTC" in await value(found, "get_current_time", timezone="UTC")
