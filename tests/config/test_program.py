"""The program that an entry of servers.json starts."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.document import ServerEntry
from batonmcp.config.program import env_file_of, program
from batonmcp.config.settings import StdioServer
from batonmcp.config.surroundings import Surroundings, Unusable
from batonmcp.config.variables import read_variables

TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0")).filter(lambda text: "${" not in text)


def around(folder: Path, environment: dict[str, str] | None = None, *, exposed: bool = False) -> Surroundings:
    """Return the surroundings of a configuration in a folder."""
    path = folder / "servers.json"
    return Surroundings(
        path=path, section="mcpServers", variables=read_variables(path, environment or {}, {}), exposed=exposed
    )


def server(folder: Path, entry: dict[str, object], **environment: str) -> StdioServer:
    """Return the program of an entry."""
    read, place = ServerEntry.model_validate({"command": "run", **entry}), around(folder, environment)
    return program(read, env_file_of(read, place), place)


@pytest.mark.parametrize(
    "text",
    [
        "; rm -rf /",
        "$HOME",
        "~",
        "~/x",
        "*.py",
        "`id`",
        "$(id)",
        "a b",
        '"',
        "'",
        "C:\\Program Files\\x",
        "%PATH%",
        "&&",
    ],
)
def test_what_a_shell_would_read_is_text(tmp_path: Path, text: str) -> None:
    """No shell stands between: metacharacters, quotes, spaces and patterns reach the program as they are written."""
    found = server(tmp_path, {"command": text, "args": [text], "env": {"A": text}})
    assert (found.command, found.args, found.env) == (text, (text,), {"A": text})


@given(st.lists(TEXTS, max_size=3), st.dictionaries(st.from_regex(r"[A-Z_]+", fullmatch=True), TEXTS, max_size=3))
def test_every_argument_arrives(arguments: list[str], environment: dict[str, str]) -> None:
    """Any text without a reference is passed on unchanged."""
    found = server(Path("/"), {"command": "run", "args": arguments, "env": environment})
    assert (list(found.args), dict(found.env)) == (arguments, environment)


def test_references_everywhere(tmp_path: Path) -> None:
    """Each text of an entry may name variables and places."""
    (tmp_path / "x.env").write_text("A=1")
    entry: dict[str, object] = {
        "command": "${workspaceFolder}/run",
        "args": ["${X}${/}${workspaceFolderBasename}"],
        "env": {"B": "${X:-y}"},
        "envFile": "${X}.env",
        "cwd": "${userHome}/${X}",
    }
    assert server(tmp_path, entry, X="x") == StdioServer(
        command=f"{tmp_path}/run",
        args=(f"x{os.sep}{tmp_path.name}",),
        env={"A": "1", "B": "x"},
        cwd=f"{Path.home()}/x",
    )


def test_env_file_starts_from_the_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path is taken from the folder of the file, wherever we were started; the entry's own values win."""
    monkeypatch.chdir("/")
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".env").write_text("A=file\nB=file\n")
    for written in (".env", "./.env", "~/.env", str(tmp_path / ".env"), "${workspaceFolder}/.env"):
        assert server(tmp_path, {"envFile": written, "env": {"B": "entry"}}).env == {"A": "file", "B": "entry"}


@pytest.mark.parametrize(
    ("text", "mode", "said"),
    [
        (None, None, r"\.envFile names .+/\.env, which does not exist$"),
        (b"A=\xff", 0o600, r"\.envFile names .+/\.env, which is not UTF-8 text$"),
        (b"A=1\nno assignment", 0o600, r"\.envFile names .+/\.env, whose line 2 is not NAME=value$"),
        (b"A=1", 0o666, r"\.envFile names (.+/\.env), which everybody may change\. First: chmod o-w \1$"),
    ],
)
def test_env_file_that_cannot_be_used(tmp_path: Path, text: bytes | None, mode: int | None, said: str) -> None:
    """A server does not start without the variables that were meant for it."""
    if text is not None and mode is not None:
        (tmp_path / ".env").write_bytes(text)
        (tmp_path / ".env").chmod(mode)
    with pytest.raises(Unusable, match=said):
        server(tmp_path, {"envFile": ".env"})


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"command": ""}, r"\.command is empty"),
        ({"command": " "}, r"\.command is empty"),
        ({"command": "a\0b"}, r"\.command holds a character that cannot be passed to a program"),
        ({"args": ["a", "b\0"]}, r"\.args\.1 holds a character"),
        ({"args": ["\ud800"]}, r"\.args\.0 holds a character"),
        ({"env": {"A": "b\0"}}, r"\.env\.A holds a character"),
        ({"env": {"A\0": "b"}}, r"\.env\.A.* holds a character"),
        ({"env": {"A=B": "c"}}, r"\.env has the name 'A=B', which no variable can have"),
        ({"env": {"": "c"}}, r"\.env has the name '', which no variable can have"),
        ({"cwd": "a\0"}, r"\.cwd holds a character"),
        ({"envFile": "a\0"}, r"\.envFile is no path"),
        ({"command": "uvx", "args": ["batonmcp", "serve"]}, r"starts batonmcp itself, which would never end"),
    ],
)
def test_program_that_cannot_be_started(tmp_path: Path, entry: dict[str, object], said: str) -> None:
    """What the system would refuse is told with its place, before anything is tried."""
    with pytest.raises(Unusable, match=said):
        server(tmp_path, entry)


def test_folder_of_an_unknown_user_is_kept(tmp_path: Path) -> None:
    """A tilde that stands for no folder stays, and is found missing when the server is started."""
    assert server(tmp_path, {"cwd": "~no-such-user/x"}).cwd == "~no-such-user/x"


def test_file_that_everybody_may_change_starts_nothing(tmp_path: Path) -> None:
    """The refusal comes before anything that such a file names is read."""
    read = ServerEntry.model_validate({"command": "run", "envFile": "/nowhere"})
    with pytest.raises(Unusable, match=r"would start a program, and everybody may change the file\. First: chmod o-w"):
        program(read, Path("/nowhere"), around(tmp_path, exposed=True))
