"""Commands that start batonmcp itself."""

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.itself import is_batonmcp, starts_batonmcp

DIRECT = [
    "batonmcp serve",
    "/opt/venv/bin/batonmcp",
    "'C:\\Program Files\\Python\\Scripts\\batonmcp.EXE' serve",
    "python -m batonmcp serve",
    "/usr/bin/python3.12 -u -X dev -m batonmcp",
    "python /opt/venv/bin/batonmcp serve",
    "python /opt/lib/batonmcp/__main__.py serve",
    "py -m batonmcp.__main__",
]
THROUGH = [
    "uvx batonmcp serve",
    "uvx batonmcp@latest serve",
    "uvx --from batonmcp==1.0 batonmcp serve",
    "uvx --from=git+https://example.com/x batonmcp",
    "uv run batonmcp",
    "uv run --directory /x --with batonmcp python -m batonmcp",
    "uv run -m batonmcp serve",
    "uv tool run 'batonmcp[extra]'",
    "pipx run --spec batonmcp batonmcp serve",
    "env -i A=b PATH=/bin batonmcp serve",
    "/usr/bin/env python3 -m batonmcp",
    "sh -c 'batonmcp serve'",
    "bash -lc 'cd /x && A=b exec batonmcp serve --config \"a b\"'",
    "bash -l -c 'true; uvx batonmcp'",
    "sh -c 'true\nbatonmcp'",
    "cmd /c batonmcp serve",
    "env sh -c 'nohup uvx batonmcp'",
]
OTHERS = [
    "",
    "batonmcp-example data_agent",
    "uvx --from batonmcp batonmcp-example data_agent",
    "uvx --with batonmcp mcp-server-time",
    "pipx run --spec batonmcp batonmcp-example",
    "python -m batonmcp.examples.data_agent",
    "python -m mcp_server_git --repository /home/me/batonmcp",
    "python server.py batonmcp",
    "python -c 'import batonmcp'",
    "python -m",
    "mcp-server-filesystem /home/ada/batonmcp",
    "npx -y some-server batonmcp",
    "sh -c 'echo batonmcp'",
    "sh -c 'echo \"open'",
    "sh batonmcp-backup.sh",
    "sh -c",
    "uvx",
    "env A=b",
]


@pytest.mark.parametrize("command", DIRECT)
def test_the_program_itself(command: str) -> None:
    """The program and Python with its module are batonmcp, wherever they are installed."""
    argv = shlex.split(command)
    assert is_batonmcp(argv)
    assert starts_batonmcp(argv)


@pytest.mark.parametrize("command", THROUGH)
def test_through_launchers(command: str) -> None:
    """What starts it through another program starts it, and is not it: the launcher of ours is not our server."""
    argv = shlex.split(command)
    assert starts_batonmcp(argv)
    assert not is_batonmcp(argv)


@pytest.mark.parametrize("command", OTHERS)
def test_others_that_have_the_name_in_them(command: str) -> None:
    """Our sample servers, and servers that are only told our name, are not we."""
    assert not starts_batonmcp(shlex.split(command))


WORDS = ["env", "sh", "-c", "uvx", "uv", "run", "--from", "python", "-m", "batonmcp", "A=b", "", "sh -c sh", "'", "-"]


@given(st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=8))
def test_any_command_is_judged(argv: list[str]) -> None:
    """No command raises, however odd, and what is batonmcp also starts it."""
    assert starts_batonmcp(argv) or not is_batonmcp(argv)
