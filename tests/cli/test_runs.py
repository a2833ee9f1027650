"""The command `runs`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from doubles.command import RunCommand
from doubles.evil_stdio import argv

WriteConfig = Callable[..., Path]


@pytest.fixture
def config(write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A configuration with the hostile server and a store in a file."""
    monkeypatch.setenv("BATONMCP_STORE", str(tmp_path / "data" / "store.sqlite3"))
    command, *arguments = argv("ok")
    entry = {"command": command, "args": arguments, "env": {"TOKEN": "s3cret-canary"}}
    return str(write_config({"evil": entry}))


def ask(run_command: RunCommand, config: str, folder: Path, text: str) -> str:
    """Have the server echo a text, and return the id of the run."""
    plan = folder / "plan.json"
    plan.write_text(json.dumps({"steps": [{"id": "say", "tool": "evil__echo", "arguments": {"text": text}}]}))
    done = run_command("ask", f"say {text}", "--plan", str(plan), "--yes", "--json", "--config", config)
    assert (done.code, done.err) == (0, "")
    return json.loads(done.out)["run_id"]


def test_runs_are_listed_and_shown(config: str, tmp_path: Path, run_command: RunCommand) -> None:
    """What was asked is listed, the newest first; one run is shown with its steps and its answer."""
    first, second = (ask(run_command, config, tmp_path, text) for text in ("one", "two"))
    lines = run_command("runs", "--config", config).out.splitlines()
    assert [line.split()[0] for line in lines] == [second, first]
    assert lines[0].endswith("  ok                 single      say two")
    (only,) = json.loads(run_command("--config", config, "runs", "--json", "--limit", "1").out)
    assert {**only, "ended": ""} == {
        "ended": "",
        "run_id": second,
        "status": "ok",
        "mode": "single",
        "planner": "host",
        "query": "say two",
    }
    shown = run_command("runs", "--config", config, "show", first).out
    assert f"run_id   {first}\n" in shown
    assert "step     say: evil__echo succeeded\n" in shown
    assert "one" in shown.rpartition("\n\n")[2]
    record = json.loads(run_command("runs", "show", first, "--json", "--config", config).out)
    assert (record["run_id"], record["steps"][0]["arguments"]) == (first, {"text": "one"})


def test_secrets_are_not_kept(config: str, tmp_path: Path, run_command: RunCommand) -> None:
    """A secret of the configuration that a tool repeats is in no file."""
    run_id = ask(run_command, config, tmp_path, "it is s3cret-canary")
    shown = run_command("runs", "show", run_id, "--json", "--config", config).out
    assert "it is ***" in shown
    for file in (tmp_path / "data").iterdir():
        assert b"s3cret-canary" not in file.read_bytes()


def test_a_failed_run(config: str, tmp_path: Path, run_command: RunCommand) -> None:
    """What went wrong is shown."""
    plan = tmp_path / "plan.json"
    plan.write_text(json.dumps({"steps": [{"id": "a", "tool": "evil__nonsense"}]}))
    assert run_command("ask", "--plan", str(plan), "--config", config).code == 3
    (line,) = run_command("runs", "--config", config).out.splitlines()
    shown = run_command("runs", "show", line.split()[0], "--config", config).out
    assert "status   plan_required" in shown
    assert "error    The plan has 1 problem" in shown


def test_an_unknown_run(config: str, run_command: RunCommand) -> None:
    """An id that there is not is one sentence, exit code 2."""
    done = run_command("runs", "show", "nope", "--config", config)
    assert (done.code, done.out) == (2, "")
    assert done.err == "batonmcp: There is no run 'nope'. `batonmcp runs` lists those that are kept.\n"


def test_no_runs(config: str, tmp_path: Path, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none the place is named; where none is kept, the reason."""
    done = run_command("runs", "--config", config)
    assert (done.code, done.out) == (0, f"No run is kept in {tmp_path / 'data' / 'store.sqlite3'}.\n")
    assert run_command("runs", "--json", "--config", config).out == "[]\n"
    monkeypatch.setenv("BATONMCP_STORE", "memory")
    assert run_command("runs", "--config", config).out == "No run is kept: the store is in memory only.\n"
    done = run_command("runs", "show", "nope", "--config", config)
    assert "The store is in memory only, so that no run is kept." in done.err


def test_a_store_that_cannot_be_used(
    config: str, tmp_path: Path, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that cannot be kept is answered all the same; the reason is one line on standard error."""
    (tmp_path / "file").write_text("no folder")
    path = tmp_path / "file" / "store.sqlite3"
    monkeypatch.setenv("BATONMCP_STORE", str(path))
    done = run_command("ask", "say hello", "--config", config)
    assert "hello" in done.out or done.code == 1
    assert done.err.startswith(f"batonmcp: {path}: the store cannot be used, ")
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["runs", "--limit", "0"], ["runs", "show"], ["runs", "nonsense"]])
def test_bad_usage(arguments: list[str], run_command: RunCommand) -> None:
    """Bad usage exits with 2."""
    assert run_command(*arguments).code == 2
