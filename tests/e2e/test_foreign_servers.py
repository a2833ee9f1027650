"""Real servers that nobody here wrote, behind a real `batonmcp serve`."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WriteConfig = Callable[..., Path]


async def run(config: Path, steps: list[dict[str, Any]], **arguments: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Have a host run a plan and return the run record."""
    server = StdioServerParameters(command=sys.executable, args=["-m", "batonmcp", "serve", "--config", str(config)])
    with anyio.fail_after(120):
        async with Client(server) as host:
            result = await host.call_tool("orchestrate", {"query": "x", "plan": {"steps": steps}, **arguments})
    assert result.meta is not None
    return result.meta["batonmcp/run"]


def node(script: Path, *arguments: str) -> dict[str, Any]:
    """A servers.json entry for an installed Node package."""
    return {"command": "node", "args": [str(script), *arguments]}


async def test_everything(write_config: WriteConfig, node_modules: Path) -> None:
    """server-everything: text, structured content and two calls at once, over the TypeScript SDK."""
    script = node_modules / "@modelcontextprotocol" / "server-everything" / "dist" / "index.js"
    config = write_config({"everything": node(script, "stdio")}, effects={"everything__*": "read"})
    record = await run(
        config,
        [
            {"id": "echo", "tool": "everything__echo", "arguments": {"message": "hello"}},
            {"id": "added", "tool": "everything__get-sum", "arguments": {"a": 2, "b": 3}},
            {"id": "weather", "tool": "everything__get-structured-content", "arguments": {"location": "Chicago"}},
            {"id": "again", "tool": "everything__echo", "arguments": {"message": {"$from": "weather.conditions"}}},
        ],
    )
    values = {step["id"]: step["value"] for step in record["steps"]}
    assert record["status"] == "ok"
    assert values["echo"] == "Echo: hello"
    assert "5" in values["added"]
    assert values["again"] == f"Echo: {values['weather']['conditions']}"


async def test_filesystem(write_config: WriteConfig, node_modules: Path, tmp_path: Path) -> None:
    """server-filesystem: a folder is listed, then each of its text files is read by a for_each."""
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text("alpha costs $100")
    (folder / "b.txt").write_text("beta")
    script = node_modules / "@modelcontextprotocol" / "server-filesystem" / "dist" / "index.js"
    config = write_config({"files": node(script, str(folder))})
    names = "[line.removeprefix('[FILE] ') for line in listing.content.splitlines() if line.startswith('[FILE] ')]"
    record = await run(
        config,
        [
            {"id": "listing", "tool": "files__list_directory", "arguments": {"path": str(folder)}},
            {
                "id": "texts",
                "tool": "files__read_text_file",
                "for_each": names,
                "arguments": {"path": {"$from": "inputs.folder + '/' + item"}},
            },
        ],
        inputs={"folder": str(folder)},
    )
    assert record["status"] == "ok", record
    assert [value["content"] for value in record["steps"][1]["value"]] == ["alpha costs $100", "beta"]


async def test_time(write_config: WriteConfig) -> None:
    """mcp-server-time: a conversion with exact arguments."""
    config = write_config({"time": python("mcp_server_time")}, effects={"time__*": "read"})
    arguments = {"source_timezone": "Europe/Berlin", "time": "12:00", "target_timezone": "Asia/Tokyo"}
    record = await run(config, [{"id": "t", "tool": "time__convert_time", "arguments": arguments}])
    assert record["status"] == "ok", record
    assert "Asia/Tokyo" in str(record["steps"][0]["value"])


async def test_git(write_config: WriteConfig, tmp_path: Path) -> None:
    """mcp-server-git: log and status of a repository; a commit is not run without a decision."""
    (tmp_path / "file").write_text("x")
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "user.email", "a@example.com")
    git(tmp_path, "config", "user.name", "A")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first of all")
    config = write_config({"git": python("mcp_server_git")})
    repository = {"repo_path": str(tmp_path)}
    record = await run(
        config,
        [
            {"id": "log", "tool": "git__git_log", "arguments": {**repository, "max_count": 1}},
            {"id": "status", "tool": "git__git_status", "arguments": repository},
        ],
    )
    assert record["status"] == "ok", record
    assert "first of all" in str(record["steps"][0]["value"])
    commit = {"id": "c", "tool": "git__git_commit", "arguments": {**repository, "message": "second"}}
    assert (await run(config, [commit]))["status"] == "refused"  # the store is in memory: no terminal could decide
    assert len(git(tmp_path, "log", "--oneline").splitlines()) == 1


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder and return what it prints."""
    return subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


def python(module: str) -> dict[str, Any]:
    """A servers.json entry for an installed Python package."""
    return {"command": sys.executable, "args": ["-m", module]}
