"""The following of servers.json while we serve."""

import json
import logging
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest

from batonmcp.cli.compose import open_hub
from batonmcp.config.load import load
from batonmcp.core.discretion import Discretion
from doubles.evil_stdio import argv

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WriteConfig = Callable[..., Path]

TIME_S = 40.0


async def test_edits_count_while_we_serve(write_config: WriteConfig, caplog: pytest.LogCaptureFixture) -> None:
    """A new entry is connected to; a broken edit keeps the old state and is told; its repair counts again."""
    command, *arguments = argv("ok")
    entry = {"command": command, "args": arguments}
    path = write_config({"one": entry})
    settings = load(path, {})
    with anyio.fail_after(TIME_S), caplog.at_level(logging.WARNING):
        async with open_hub(settings, discretion=Discretion(), without_llm="host", watching=True) as hub:

            async def until(*servers: str) -> None:
                while sorted(agent.name for agent in (await hub.ports.tools.registry()).agents) != sorted(servers):  # noqa: ASYNC110 - the watcher tells nobody
                    await anyio.sleep(0.05)

            await until("one")
            write_config({"one": entry, "two": entry})
            await until("one", "two")
            path.write_text(path.read_text()[:-1])
            while "goes on" not in caplog.text:  # noqa: ASYNC110 - the log is no event
                await anyio.sleep(0.05)
            await until("one", "two")
            write_config({"two": entry}, limits={"steps": 3})
            await until("two")
    assert f"{path}:1:" in caplog.text
    assert "other settings than those of servers count from the next start" in caplog.text
    assert json.loads(path.read_text())["mcpServers"].keys() == {"two"}
