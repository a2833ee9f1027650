"""The environment in which downstream servers are started."""

import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.settings import INSIDE
from batonmcp.downstream.stdio.environment import child_environment, find_command

SECRETS = ("OPENAI_API_KEY", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "BATONMCP_CONFIG", "PYTHONPATH")
NEEDED = ("HTTPS_PROXY", "NO_PROXY", "LANG", "TZ", "SSL_CERT_FILE", "XDG_CACHE_HOME", "HOME")


def program(path: Path, *, executable: bool = True) -> Path:
    """Write a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(stat.S_IRUSR | (stat.S_IXUSR if executable else 0))
    return path


def test_server_gets_what_it_needs_and_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths, language, proxies and certificates are passed on; keys in our environment are not the server's to see."""
    for name in (*SECRETS, *NEEDED, "PATH"):
        monkeypatch.setenv(name, f"value of {name}")
    environment = child_environment({})
    assert environment.pop("PATH").split(os.pathsep)[0] == "value of PATH"
    assert {name: environment.get(name) for name in NEEDED} == {name: f"value of {name}" for name in NEEDED}
    assert not environment.keys() & set(SECRETS)


def test_variable_that_is_not_set_is_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unset proxy does not become an empty one."""
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    assert "HTTPS_PROXY" not in child_environment({})


def test_entry_wins_but_for_the_mark(monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry of servers.json adds variables and replaces ours; the mark against serving ourselves always stands."""
    monkeypatch.setenv("LANG", "C")
    environment = child_environment({"LANG": "nb_NO", "OPENAI_API_KEY": "for the server", INSIDE: ""})
    assert (environment["LANG"], environment["OPENAI_API_KEY"], environment[INSIDE]) == ("nb_NO", "for the server", "1")


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_every_variable_of_the_entry_arrives(extra: dict[str, str]) -> None:
    """Whatever an entry sets is there."""
    environment = child_environment(extra)
    assert {name: environment[name] for name in extra if name not in {INSIDE, "PATH"}} == {
        name: value for name, value in extra.items() if name not in {INSIDE, "PATH"}
    }


def test_usual_folders_come_after_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server finds a person's programs although its host has the short PATH of a desktop; what was there wins."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    local = program(tmp_path / ".local" / "bin" / "uvx").parent
    assert child_environment({})["PATH"].startswith(f"/usr/bin:/bin:{local}")
    assert child_environment({"PATH": f"{local}:/own"})["PATH"].startswith(f"{local}:/own")
    assert child_environment({"PATH": f"{local}:/own"})["PATH"].count(str(local)) == 1
    assert find_command("uvx", {"PATH": "/nowhere"}) == str(local / "uvx")
    first = program(tmp_path / "first" / "uvx")
    assert find_command("uvx", {"PATH": str(first.parent)}) == str(first)


def test_no_folder_is_the_one_where_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty part of the PATH does not make programs of the working directory ones to be started by name."""
    program(tmp_path / "some-server")
    monkeypatch.chdir(tmp_path)
    for path in ("", ":", "/bin:", ":/bin"):
        assert "" not in child_environment({"PATH": path})["PATH"].split(os.pathsep)
        with pytest.raises(FileNotFoundError):
            find_command("some-server", {"PATH": path})


def test_command_on_the_path_of_the_server(tmp_path: Path) -> None:
    """The PATH that counts is the server's, not ours."""
    found = program(tmp_path / "bin" / "some-server")
    assert find_command("some-server", {"PATH": str(tmp_path / "bin")}) == str(found)
    with pytest.raises(FileNotFoundError):
        find_command("some-server", {"PATH": str(tmp_path)})


def test_command_beside_the_running_python(tmp_path: Path) -> None:
    """Programs of our own installation are found although a host starts us without its folder on the PATH."""
    found = Path(find_command("batonmcp-example", {"PATH": str(tmp_path)}))
    assert found.parent == Path(sys.executable).parent


def test_path_wins_over_our_own_folder(tmp_path: Path) -> None:
    """What the server's PATH holds is not replaced by a program of ours."""
    found = program(tmp_path / "batonmcp-example")
    assert find_command("batonmcp-example", {"PATH": str(tmp_path)}) == str(found)


@pytest.mark.parametrize("command", ["./run", "bin/run", "{absolute}"])
def test_command_that_is_a_path_starts_from_the_folder(tmp_path: Path, command: str) -> None:
    """A path is taken from the server's folder, as its entry reads, and not looked up."""
    found = program(tmp_path / ("bin/run" if "/run" in command and "." not in command else "run"))
    command = command.format(absolute=found)
    assert os.path.realpath(find_command(command, {"PATH": ""}, cwd=str(tmp_path))) == os.path.realpath(found)
    with pytest.raises(FileNotFoundError):
        find_command("./other", {"PATH": str(tmp_path)}, cwd=str(tmp_path))


def test_relative_folder_starts_from_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that is relative itself is taken from where we are, as the system does when it changes to it."""
    found = program(tmp_path / "here" / "run")
    monkeypatch.chdir(tmp_path)
    assert Path(find_command("./run", {"PATH": ""}, cwd="here")) == found
    monkeypatch.chdir(tmp_path / "here")
    assert Path(find_command("./run", {"PATH": ""})) == found


def test_file_that_is_no_program_is_told_from_none(tmp_path: Path) -> None:
    """A file without the right to be executed is another mistake than no file."""
    with pytest.raises(PermissionError):
        find_command(str(program(tmp_path / "run", executable=False)), {})
    with pytest.raises(FileNotFoundError):
        find_command(str(tmp_path), {})
