"""The command `tools --review`: a page in a pipe, decisions on a terminal."""

import json
import os
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest

from batonmcp.config.load import load
from batonmcp.downstream.fleet import open_fleet
from batonmcp.store.sqlite import SqliteStore
from batonmcp.store.trust import Trust
from doubles.command import RunCommand
from doubles.evil_stdio import argv
from doubles.terminal import Terminal

WriteConfig = Callable[..., Path]
Review = Callable[[], Terminal]

MENU = "[a]ccept all 2 guesses as shown, [o]ne by one, [q]uit: "
BY_NAME = "guessed from “delete” in its name; its server does not say"
ORDER = ("delete_everything", "put", "slow", "echo", "fail")
"""The tools of the server as the review shows them: two guesses, one that is set, two that are declared."""


@pytest.fixture
def config(write_config: WriteConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server with tools of all effects, in a file with comments, and a store in a file."""
    monkeypatch.setenv("BATONMCP_STORE", str(tmp_path / "data" / "store.sqlite3"))
    command, *arguments = argv("write_tool")
    path = write_config({"evil": {"command": command, "args": arguments}}, effects={"*__sl?w": "read"})
    text = path.read_text().replace('"effects": {', '"effects": { // ours\n  ').removesuffix("}}}")
    path.write_text(f"{text}\n}}}}}} // end")
    return path


@pytest.fixture
def review_on_terminal(config: Path) -> Generator[Review]:
    """Start the review on a terminal of its own."""
    with ExitStack() as terminals:

        def start() -> Terminal:
            command = [sys.executable, "-m", "batonmcp", "tools", "--review", "--config", str(config)]
            plain = {"PATH", "HOME", "PYTHONPATH", "BATONMCP_STORE"}
            kept = {name: text for name, text in os.environ.items() if name in plain or name.startswith("COVERAGE_")}
            return terminals.enter_context(Terminal(command, env=kept))

        yield start


def copies(config: Path) -> list[str]:
    """Return what the copies of the configuration hold."""
    return [file.read_text() for file in config.parent.glob("servers.json.*.bak")]


async def _trust(config: Path) -> None:
    settings = load(config, os.environ)
    async with open_fleet(settings) as fleet:
        await fleet.settled()
        tools = await fleet.registry()
    assert settings.store.path
    store = SqliteStore(settings.store.path)
    await Trust(store).add([tools["evil__put"]])
    await store.put("trust", "gone__put", {"tool": "gone__put", "digest": "0" * 64})
    await store.aclose()


async def _trusted(config: Path) -> set[str]:
    settings = load(config, os.environ)
    assert settings.store.path
    store = SqliteStore(settings.store.path)
    names = {trusted.tool for trusted in await Trust(store).all()}
    await store.aclose()
    return names


def test_in_a_pipe_it_is_only_shown(config: Path, run_command: RunCommand) -> None:
    """Without a terminal the page is printed, and nothing is asked or written."""
    before = config.read_text()
    done = run_command("tools", "--review", "--config", str(config))
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "Guessed, as their servers do not say (2):",
        f"  evil__delete_everything  destructive  open world  {BY_NAME}",
        "  evil__put                write        open world  guessed; its server does not say",
        "",
        "Set in servers.json (1):",
        "  evil__slow               read         open world  set by *__sl?w",
        "",
        "Declared by their servers (2):",
        "  evil__echo               read         open world  declared by its server",
        "  evil__fail               read         open world  declared by its server",
    ]
    assert config.read_text() == before
    assert copies(config) == []


def test_a_page_or_json(config: Path, run_command: RunCommand) -> None:
    """Both at once is bad usage."""
    done = run_command("tools", "--review", "--json", "--config", str(config))
    assert (done.code, done.out) == (2, "")


def test_all_guesses_at_once(config: Path, review_on_terminal: Review) -> None:
    """What will be written is shown; a yes writes it with a copy of the former file; the next review has no guess."""
    before = config.read_text()
    terminal = review_on_terminal()
    terminal.expect(MENU)
    terminal.type("b\na\n")
    terminal.expect("Write it? [y/N]")
    _, _, shown = terminal.seen.partition("Please answer with one of the letters in brackets.")
    assert f"To be written under batonmcp.effects in {config} (what holds now in brackets):" in shown
    assert '  "evil__delete_everything": "destructive"  (destructive, guessed from “delete” in its name; ' in shown
    assert '  "evil__put": "write"  (write, guessed; its server does not say)' in shown
    assert config.read_text() == before
    terminal.type("y\n")
    assert terminal.wait() == 0
    assert "Written. The file as it was is kept as " in terminal.seen
    assert copies(config) == [before]
    added = ',\n  "evil__delete_everything": "destructive",\n  "evil__put": "write"'
    assert config.read_text().replace(added, "") == before
    assert load(config, os.environ).effects == {
        "*__sl?w": "read",
        "evil__delete_everything": "destructive",
        "evil__put": "write",
    }
    again = review_on_terminal()
    again.expect("[o]ne by one, [q]uit: ")
    assert "Guessed" not in again.seen
    assert "accept all" not in again.seen
    again.type("q\n")
    assert again.wait() == 0
    assert "There is nothing to write." in again.seen
    assert copies(config) == [before]


def test_one_by_one(config: Path, review_on_terminal: Review) -> None:
    """Each tool is decided or skipped; a name is written before the glob that would match it."""
    terminal = review_on_terminal()
    terminal.expect(MENU)
    terminal.type("o\n")
    for name, keys in zip(ORDER, ("s\n", "r\n", "D\n", "\n", "w\n"), strict=True):
        terminal.expect(f"evil__{name} (")
        terminal.type(keys)
    terminal.expect("Write it? [y/N]")
    terminal.type("y\n")
    assert terminal.wait() == 0
    assert list(load(config, os.environ).effects.items()) == [
        ("evil__slow", "destructive"),
        ("*__sl?w", "read"),
        ("evil__put", "read"),
        ("evil__fail", "write"),
    ]
    assert '{ // ours\n  "evil__slow": "destructive",\n  "*__sl?w": "read"' in config.read_text()


@pytest.mark.parametrize("keys", ["q\n", "\n", "\x04", "\x03"], ids=["quit", "Enter", "end", "Ctrl-C"])
def test_leaving_at_once(keys: str, config: Path, review_on_terminal: Review) -> None:
    """Who leaves has decided nothing."""
    before = config.read_text()
    terminal = review_on_terminal()
    terminal.expect(MENU)
    terminal.type(keys)
    assert terminal.wait() == (130 if keys == "\x03" else 0)
    assert "Traceback" not in terminal.seen
    assert config.read_text() == before


@pytest.mark.parametrize("keys", ["n\n", "\n", "\x04", "\x03"], ids=["no", "Enter", "end", "Ctrl-C"])
def test_leaving_before_it_is_written(keys: str, config: Path, review_on_terminal: Review) -> None:
    """Who leaves early is shown what was decided so far; without a yes nothing is written."""
    before = config.read_text()
    terminal = review_on_terminal()
    terminal.expect(MENU)
    terminal.type("o\n")
    terminal.expect("evil__delete_everything (")
    terminal.type("w\n")
    terminal.expect("evil__put (")
    terminal.type("q\n")
    terminal.expect("Write it? [y/N]")
    assert '"evil__delete_everything": "write"  (destructive, guessed' in terminal.seen
    terminal.type(keys)
    assert terminal.wait() == (130 if keys == "\x03" else 0)
    assert ("Nothing was written." in terminal.seen) is (keys != "\x03")
    assert config.read_text() == before
    assert copies(config) == []


def test_what_was_typed_before_decides_nothing(config: Path, review_on_terminal: Review) -> None:
    """Lines pasted behind the command, or behind a choice, are no answers to what is asked later."""
    before = config.read_text()
    terminal = review_on_terminal()
    terminal.type("a\ny\n")
    terminal.expect(MENU)
    terminal.type("a\ny\n")
    terminal.expect("Write it? [y/N]")
    terminal.type("n\n")
    assert terminal.wait() == 0
    assert config.read_text() == before


def test_somebody_else_writes_the_file(config: Path, review_on_terminal: Review) -> None:
    """What changed while the person thought is not overwritten: exit 2, and it is said."""
    terminal = review_on_terminal()
    terminal.expect(MENU)
    terminal.type("a\n")
    terminal.expect("Write it? [y/N]")
    config.write_text('{"mcpServers": {}}')
    terminal.type("y\n")
    assert terminal.wait() == 2
    assert "was changed by somebody else meanwhile; nothing was written. Try again." in terminal.seen
    assert config.read_text() == '{"mcpServers": {}}'
    assert copies(config) == []


def test_the_file_is_gone(config: Path, review_on_terminal: Review) -> None:
    """A file that was removed while the person thought is named."""
    terminal = review_on_terminal()
    terminal.expect(MENU)
    config.unlink()
    terminal.type("a\n")
    assert terminal.wait() == 2
    assert f"{config}: cannot be read any more (No such file or directory); nothing was written." in terminal.seen


def test_trust_is_shown_and_forgotten(config: Path, review_on_terminal: Review) -> None:
    """A tool that a person said "always" to is marked; it is forgotten at once, also one that is not offered now."""
    anyio.run(_trust, config)
    terminal = review_on_terminal()
    terminal.expect(MENU)
    assert "evil__put                write        open world  guessed; its server does not say; nobody" in terminal.seen
    assert "Agreed to with “always”, but not as they are now (1):\n  gone__put  on " in terminal.seen
    terminal.type("o\n")
    terminal.expect("evil__delete_everything (")
    terminal.type("f\n")
    terminal.expect("Please answer with one of the letters in brackets.")
    terminal.type("s\n")
    terminal.expect("[d]estructive, [f]orget “always”, [s]kip, [q]uit: ")
    terminal.type("f\n")
    terminal.expect("Forgotten: a person is asked about evil__put again.")
    terminal.type("s\ns\ns\ns\n")
    terminal.expect("it is not offered now): [f]orget, [s]kip, [q]uit: ")
    terminal.type("f\n")
    terminal.expect("Forgotten: a person is asked about gone__put again.")
    assert terminal.wait() == 0
    assert "There is nothing to write." in terminal.seen
    assert anyio.run(_trusted, config) == set()


def test_a_tool_that_changed_is_not_trusted(config: Path, run_command: RunCommand) -> None:
    """Once a tool's effect is another, what was said about it counts for nothing, and that is shown."""
    anyio.run(_trust, config)
    document = json.loads("".join(line.split("//")[0] for line in config.read_text().splitlines()))
    document["batonmcp"]["effects"]["evil__put"] = "destructive"
    config.write_text(json.dumps(document))
    done = run_command("tools", "--review", "--config", str(config))
    assert "you said “always”" not in done.out
    assert "  evil__put  on 2" in done.out
    assert "it is defined otherwise now" in done.out
