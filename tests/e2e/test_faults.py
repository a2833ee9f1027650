"""Servers that misbehave, all at once, behind a real `batonmcp serve`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp_types import TextContent

from doubles.evil_stdio import argv

pytestmark = pytest.mark.anyio

WriteConfig = Callable[..., Path]
Servers = dict[str, dict[str, Any]]


def evil(mode: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """A servers.json entry for a hostile server."""
    command, *arguments = argv(mode)
    return {"command": command, "args": arguments, **more}


def echo(step: str, server: str) -> dict[str, Any]:
    """A step that calls a server's `echo`."""
    return {"id": step, "tool": f"{server}__echo", "arguments": {"text": f"{server} lives"}}


@pytest.mark.slow
async def test_bad_servers_cost_themselves_only(write_config: WriteConfig, sample_servers: Servers) -> None:
    """Each bad server gives a sentence with what failed and what to do; the others' results arrive."""
    servers: Servers = {
        "missing": {"command": "no-such-program-anywhere"},
        "early": evil("exit_at_once"),
        "babbler": evil("garbage_only"),
        "mute": evil("hang_init"),
        "mixed": evil("garbage"),
        "mortal": evil("die_mid_call"),
        "sleeper": evil("hang_call", timeout=2),
        "data_agent": sample_servers["data_agent"],
    }
    policy = {"allow": ["mixed__echo"]}  # else a person is asked whether it may get what another server gave
    config = write_config(servers, limits={"connect_timeout": 5}, policy=policy)
    steps: list[dict[str, Any]] = [
        echo("a", "mixed"),
        echo("b", "mortal"),
        echo("c", "sleeper"),
        {"id": "d", "tool": "data_agent__get_report", "arguments": {}},
        {"id": "e", "tool": "mixed__echo", "arguments": {"text": {"$from": "b"}}},
    ]
    command = ["-m", "batonmcp", "serve", "--config", str(config)]
    with anyio.fail_after(60):
        async with Client(StdioServerParameters(command=sys.executable, args=command)) as host:
            result = await host.call_tool("orchestrate", {"query": "x", "plan": {"steps": steps}})
    assert not result.is_error
    assert isinstance(result.content[0], TextContent)
    text = result.content[0].text
    assert result.meta is not None
    record = result.meta["batonmcp/run"]
    assert record["status"] == "partial"
    assert [step["status"] for step in record["steps"]] == ["succeeded", "failed", "failed", "succeeded", "skipped"]
    assert "mixed lives" in text
    assert "latency_p95" in text
    assert "mortal ended with exit code 1 while in use" in text
    assert "out of memory" in text
    assert "did not answer within 2 s" in text
    assert '"timeout" of sleeper' in text
    assert "skipped because step `b` failed" in text
    notes = "\n".join(record["notes"])
    assert "there is no program 'no-such-program-anywhere'. Install it" in notes
    assert "early ended with exit code 3 before it was ready" in notes
    assert "cannot open database" in notes
    assert "babbler gave no usable answer within 5 s" in notes
    assert "is it an MCP server that logs to stderr?" in notes
    assert "mute gave no usable answer within 5 s" in notes


async def test_a_server_that_died_is_back(write_config: WriteConfig) -> None:
    """A server that ends after each call is started again, and a call waits for it unless it went under that call."""
    config = write_config({"mortal": evil("exit_after_calls")})
    command = ["-m", "batonmcp", "serve", "--config", str(config)]
    task = {"query": "x", "plan": {"steps": [echo("a", "mortal")]}}
    with anyio.fail_after(60):
        async with Client(StdioServerParameters(command=sys.executable, args=command)) as host:
            texts: list[str] = []
            for _ in range(4):
                (block,) = (await host.call_tool("orchestrate", task)).content
                assert isinstance(block, TextContent)
                texts.append(block.text)
    lives = ["mortal lives" in text for text in texts]
    assert sum(lives) >= 2
    assert all(alive or "while in use; it is started again" in text for alive, text in zip(lives, texts, strict=True))
