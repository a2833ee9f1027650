"""Faults of the configuration. Each test is a row of the matrix, told there in words."""

import json
import math
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest

from batonmcp.cli.app import main
from batonmcp.config.load import load
from batonmcp.downstream.fleet import open_fleet
from doubles.command import Done
from doubles.downstream import settings_of
from doubles.evil_stdio import argv
from doubles.processes import marked
from faults.invariants import Ground

pytestmark = pytest.mark.anyio

WriteConfig = Callable[..., Path]
Tools = Callable[[Path], Done]
TESTS = str(Path(__file__).parent.parent)


@pytest.fixture
def tools(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tools:
    """Run the command `tools` with a file, as in a pipe."""
    for name in ("BATONMCP_CONFIG", "BATONMCP_INSIDE", "BATONMCP_MODEL", "OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)

    def run(path: Path) -> Done:
        with pytest.raises(SystemExit) as end:
            main(["tools", "--config", str(path)])
        shown = capsys.readouterr()
        return Done(code=end.value.code or 0, out=shown.out, err=shown.err)

    return run


def good() -> dict[str, Any]:
    """Return the entry of a server that works."""
    command, *arguments = argv("ok")
    return {"command": command, "args": arguments}


def written(folder: Path, text: str | bytes | Mapping[str, Any]) -> Path:
    """Write servers.json."""
    path = folder / "servers.json"
    data = text if isinstance(text, bytes) else (text if isinstance(text, str) else json.dumps(text)).encode()
    path.write_bytes(data)
    return path


def refused(done: Done, path: Path) -> str:
    """Check that nothing was begun: exit code 2, one sentence with the place, nothing on the output."""
    assert (done.code, done.out) == (2, "")
    assert str(path) in done.err.replace("\n", "")
    return " ".join(done.err.split())


def test_c01_no_file(tmp_path: Path, tools: Tools) -> None:
    """The path is named."""
    refused(tools(tmp_path / "nothing.json"), tmp_path / "nothing.json")
    refused(tools(tmp_path), tmp_path)
    if os.geteuid():
        path = written(tmp_path, "{}")
        path.chmod(0)
        refused(tools(path), path)


@pytest.mark.parametrize("text", ['{"mcpServers": {"a" {}}}', "", "[1]", b"\xff\xfe{\x00", '{"mcpServers": NaN}'])
def test_c02_broken(tmp_path: Path, tools: Tools, text: str | bytes) -> None:
    """It says what is wrong, and where there is a place, the place."""
    path = written(tmp_path, text)
    said = refused(tools(path), path)
    if "{}}}" in str(text):
        assert ":1:" in said


@pytest.mark.parametrize(
    "text",
    [
        '\ufeff{"mcpServers": {}}',
        '{"mcpServers": {},}',
        '{\n// none yet\n"mcpServers": {/* */}}',
    ],
)
def test_c02_readable_all_the_same(tmp_path: Path, text: str) -> None:
    """A mark, a trailing comma and comments, as people and editors write them, are read."""
    assert load(written(tmp_path, text), {}).servers == ()


def test_c03_unknown_key(tmp_path: Path) -> None:
    """It warns, with the nearest known key, and goes on."""
    entry = {**good(), "timout": 3}
    settings = load(written(tmp_path, {"mcpServers": {"a": entry}, "batonmcp": {"limts": {}}}), {})
    assert [server.name for server in settings.servers] == ["a"]
    warnings = " ".join(settings.warnings)
    assert "timout" in warnings
    assert "timeout" in warnings
    assert "limts" in warnings
    assert "limits" in warnings


def test_c04_unset_variable(tmp_path: Path, tools: Tools) -> None:
    """The server that needs it is not used, and the variable is named; the other one runs."""
    servers = {"a": {**good(), "env": {"KEY": "${NO_SUCH_VARIABLE}"}}, "b": good()}
    done = tools(written(tmp_path, {"mcpServers": servers}))
    assert "NO_SUCH_VARIABLE" in done.out
    assert "b__echo" in done.out
    assert "a__echo" not in done.out


@pytest.mark.parametrize(
    "entry",
    [
        {"command": "x", "url": "http://127.0.0.1/"},
        {},
        {"command": 7},
        {"command": "x", "args": "y"},
        {"url": "ftp://127.0.0.1/"},
        {"command": "x", "env": {"A": []}},
        [],
    ],
    ids=str,
)
def test_c05_wrong_entry(tmp_path: Path, tools: Tools, entry: object) -> None:
    """The place is named, and costs that server only."""
    done = tools(written(tmp_path, {"mcpServers": {"wrong": entry, "b": good()}}))
    assert "wrong" in done.out
    assert "mcpServers.wrong" in done.out
    assert "b__echo" in done.out


def test_c06_server_twice(tmp_path: Path, tools: Tools) -> None:
    """One of them would be lost, so it is an error."""
    entry = json.dumps(good())
    path = written(tmp_path, f'{{"mcpServers": {{"same": {entry}, "same": {entry}}}}}')
    assert "same" in refused(tools(path), path)


def test_c07_no_server(tmp_path: Path, tools: Tools) -> None:
    """It says so."""
    done = tools(written(tmp_path, {"mcpServers": {}}))
    assert "server" in done.out + done.err


@pytest.mark.slow
async def test_c08_ourselves(ground: Ground, write_config: WriteConfig) -> None:
    """An entry that is batonmcp is refused, by whatever name it is started; never are there more than two of us."""
    arguments = ["-m", "batonmcp", "serve", "--config", str(ground.folder / "servers.json")]
    hidden = {"command": "sh", "args": ["-c", 'exec "$0" "$@"', sys.executable, *arguments]}
    path = write_config({"plain": {"command": sys.executable, "args": arguments}, "hidden": hidden})
    most, registry = 0, None
    with anyio.fail_after(30):
        async with open_fleet(load(path, {})) as fleet, anyio.create_task_group() as tasks:

            async def count() -> None:
                nonlocal most
                while True:
                    most = max(most, len(marked(ground.token)))
                    await anyio.sleep(0.01)

            tasks.start_soon(count)
            await fleet.settled()
            registry = await fleet.registry()
            tasks.cancel_scope.cancel()
    assert registry is not None
    assert len(registry) == 0
    assert all("itself" in str(agent.trouble) or "batonmcp" in str(agent.trouble) for agent in registry.agents)
    assert most <= 3  # we are this process; a shell or a reaper may stand before the one that refuses


def test_c10_secrets_for_everybody(tmp_path: Path) -> None:
    """A secret that stands in a file that others can read is told, without the secret."""
    entry = {"url": "https://example.com/mcp", "headers": {"Authorization": "Bearer canary-0123456789abcdef"}}
    path = written(tmp_path, {"mcpServers": {"a": entry}})
    path.chmod(0o644)
    warnings = " ".join(load(path, {}).warnings)
    assert "Authorization" in warnings
    assert "canary" not in warnings


async def test_c12_characters_of_a_shell(ground: Ground) -> None:
    """Arguments arrive as they are written."""
    odd = ["$HOME", "~", "a b", "*", ";ls", "`id`", "$(id)", "C:\\dir\\x", "--", "é"]
    code = (
        "import json, sys\nfrom doubles import evil_stdio as e\ns = e.Server(state=None, calls=0)\n"
        "s.tools['echo'] = lambda _: {'content': [{'type': 'text', 'text': json.dumps(sys.argv[1:])}]}\ns.serve()"
    )
    entry = {
        "command": sys.executable,
        "args": ["-c", code, *odd],
        "env": {"PYTHONPATH": str(Path(__file__).parents[1])},
    }
    settings = load(written(ground.folder, {"mcpServers": {"bad": entry}}), {})
    async with ground.session(*settings.servers) as session:
        assert await session.value("bad__echo", text="x") == odd


@pytest.mark.slow
async def test_c13_a_hundred_servers(ground: Ground) -> None:
    """All of them are started, and none is left."""
    ground.heavy = True
    servers = [ground.evil("ok", name=f"n{number}") for number in range(100)]
    with anyio.fail_after(60):
        async with open_fleet(settings_of(*servers)) as fleet:
            await fleet.settled()
            registry = await fleet.registry()
    assert [agent.trouble for agent in registry.agents] == [None] * 100
    assert not marked(ground.token)


@pytest.mark.parametrize("value", [0, -1, math.nan, math.inf, "many", 1e400], ids=str)
def test_c15_limits(tmp_path: Path, tools: Tools, value: object) -> None:
    """A limit that is none is refused, with its place."""
    path = written(tmp_path, {"mcpServers": {}, "batonmcp": {"limits": {"steps": value}}})
    said = refused(tools(path), path)
    if value in {0, -1, "many"}:
        assert "batonmcp.limits.steps" in said
