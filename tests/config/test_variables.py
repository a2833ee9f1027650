"""The variables that the texts of a servers.json may name."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from batonmcp.config.interpolate import UnsetVariable
from batonmcp.config.variables import Variables, read_variables, user_folder


@pytest.fixture
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The secrets.env in the user's folder, which is not written yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    user_folder().mkdir(parents=True)
    return user_folder() / "secrets.env"


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """The secrets.env beside the configuration, which is not written yet."""
    return tmp_path / "secrets.env"


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a file with a mode."""
    path.write_text(text)
    path.chmod(mode)


def read(path: Path, environment: Mapping[str, str] | None = None) -> Variables:
    """Return the variables of a configuration that is beside `path`."""
    return read_variables(path.parent / "servers.json", environment or {}, {})


def test_environment_wins_over_the_files(user: Path, beside: Path) -> None:
    """The environment comes first, then the file beside the configuration, then the user's; empty is not set."""
    write(user, "A=user\nB=user\nC=user\nD=user")
    write(beside, "A=beside\nB=beside\nD=beside")
    variables = read(beside, {"A": "outer", "D": ""})
    assert [variables.fill(f"${{{name}}}") for name in "ABCD"] == ["outer", "beside", "user", "beside"]
    assert variables.confidential == {"B", "C", "D"}
    assert (variables.home, variables.files, variables.warnings) == (beside, (beside, user), ())


def test_no_file_is_no_trouble(user: Path, beside: Path) -> None:
    """Nobody has to have a secrets.env; it is still known which would count, to see one appear."""
    variables = read(beside)
    assert (variables.files, variables.warnings, variables.confidential) == ((beside, user), (), frozenset())
    with pytest.raises(UnsetVariable):
        variables.fill("${A}")


def test_one_folder_has_one_file(user: Path) -> None:
    """A configuration in the user's own folder has its secrets there, once."""
    assert read(user).files == (user,)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604])
@pytest.mark.usefixtures("user")
def test_file_that_others_may_read_is_not_used(beside: Path, mode: int) -> None:
    """A file of secrets that is open to others is passed over, with the command that mends it."""
    write(beside, "A=s3cret-value", mode)
    variables = read(beside)
    assert "A" not in variables.values
    assert variables.warnings == (f"{beside} is not used: others may read it. Make it yours alone: chmod 600 {beside}",)


@pytest.mark.usefixtures("user")
def test_wrong_lines_are_told_by_their_number(beside: Path) -> None:
    """A line that is no assignment costs itself, and is not quoted."""
    write(beside, "A=1\ns3cret-value\n")
    variables = read(beside)
    assert variables.fill("${A}") == "1"
    assert variables.warnings == (f"{beside}:2: this is not NAME=value and was passed over.",)


@pytest.mark.usefixtures("user")
def test_file_that_is_none_is_told(beside: Path) -> None:
    """A folder of that name, or a file that is no text, is not passed over in silence."""
    beside.mkdir()
    (warning,) = read(beside).warnings
    assert warning == f"{beside} is not used: it cannot be read (Is a directory)."


@pytest.mark.parametrize(
    ("config", "project"),
    [("p/servers.json", "p"), ("p/.vscode/mcp.json", "p"), ("p/.cursor/mcp.json", "p"), ("p/.mcp.json", "p")],
)
def test_places(tmp_path: Path, config: str, project: str) -> None:
    """The project is where the configuration is, or above its editor's folder; the environment cannot say otherwise."""
    variables = read_variables(tmp_path / config, {"workspaceFolder": "other"}, {})
    assert variables.fill("${workspaceFolder}|${workspaceFolderBasename}") == f"{tmp_path / project}|p"
    assert variables.fill("${userHome}${/}${pathSeparator}") == f"{Path.home()}{os.sep}{os.sep}"


def test_relative_configuration_has_an_absolute_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server may be started elsewhere, where a relative folder would be another one."""
    monkeypatch.chdir(tmp_path)
    assert read_variables(Path("servers.json"), {}, {}).fill("${workspaceFolder}") == str(tmp_path)


def test_secrets_in_a_text(beside: Path) -> None:
    """Of the variables that a text names those are secrets that came from the file, or look like it."""
    write(beside, "WORD=production\nSHORT=abc\nUNUSED=s3cret-unused")
    variables = read(beside, {"MODE": "production2", "PLAIN": "debug", "TOKEN": "abcdefgh"})
    assert set(variables.secrets_in("${WORD} ${SHORT} ${PLAIN} ${TOKEN} ${MISSING}")) == {"production", "abcdefgh"}


def test_shows_no_value(beside: Path) -> None:
    """What the variables are is not shown in a representation."""
    write(beside, "A=s3cret-value")
    variables = read_variables(beside, {"B": "s3cret-value"}, {"c": "s3cret-value"})
    assert "s3cret" not in repr(variables)
