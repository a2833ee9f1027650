"""The command `approve`: the list in a pipe, decisions on a terminal."""

import json
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from batonmcp.store.approvals import Approvals, Pending, Verdict
from batonmcp.store.sqlite import SqliteStore
from doubles.command import RunCommand
from doubles.store_process import DIGEST, question
from doubles.terminal import Terminal

WriteConfig = Callable[..., Path]
Approve = Callable[..., Terminal]

RUN = "a1b2c3d4e5f60718"
SECRET = "correct-horse"  # noqa: S105 - the secret of this test
PROMPT = "Run it? [o]nce, [a]lways for these tools, [n]o: "


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the store has its file."""
    path = tmp_path / "data" / "store.sqlite3"
    monkeypatch.setenv("BATONMCP_STORE", str(path))
    monkeypatch.setenv("CANARY", SECRET)
    return path


@pytest.fixture
def config(write_config: WriteConfig) -> str:
    """A configuration with a secret, whose server is never started."""
    return str(write_config({"a": {"command": "no-such-program", "env": {"TOKEN": "${CANARY}"}}}))


@pytest.fixture
def approve_on_terminal(config: str) -> Generator[Approve]:
    """Start `approve` on a terminal of its own."""
    with ExitStack() as terminals:

        def start(*arguments: str) -> Terminal:
            command = [sys.executable, "-m", "batonmcp", "approve", *arguments, "--config", config]
            plain = {"PATH", "HOME", "PYTHONPATH", "BATONMCP_STORE", "CANARY"}
            kept = {name: text for name, text in os.environ.items() if name in plain or name.startswith("COVERAGE_")}
            return terminals.enter_context(Terminal(command, env=kept))

        yield start


def asked(
    run_id: str = RUN, *, minutes: float = 10.5, text: str = "1. a__put: write", query: str = "store it"
) -> Pending:
    """Return a question that was asked five minutes ago and expires in so many."""
    now = time.time()
    return replace(question(run_id, asked_at=now - 330, expires_at=now + 60 * minutes), text=text, query=query)


async def _ask(place: Path, questions: Sequence[Pending]) -> None:
    store = SqliteStore(place)
    for pending in questions:
        await Approvals(store).ask(pending)
    await store.aclose()


def ask(place: Path, *questions: Pending) -> None:
    """Put questions into the store, as the process that serves a host does."""
    anyio.run(_ask, place, questions)


async def _outcome(place: Path, run_id: str) -> tuple[Verdict | None, list[str]]:
    store = SqliteStore(place)
    verdict = await Approvals(store).decision(run_id, DIGEST)
    waiting = [pending.run_id for pending in await Approvals(store).pending()]
    await store.aclose()
    return verdict, waiting


def outcome(place: Path, run_id: str = RUN) -> tuple[Verdict | None, list[str]]:
    """Return what was decided about a run, and the runs that still wait."""
    return anyio.run(_outcome, place, run_id)


# The list.


def test_questions_are_listed(place: Path, config: str, run_command: RunCommand) -> None:
    """Each question stands on one line, the newest first, without what steers a terminal; expired ones do not."""
    ask(place, asked(query="store\n\x1b[2Jit"), asked("0" * 16, minutes=300, query=""), asked("1" * 16, minutes=0))
    done = run_command("approve", "--config", config)
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "0000000000000000  asked 5 min ago  expires in 4 h  a__put",
        f"{RUN}  asked 5 min ago  expires in 10 min  a__put  store [2Jit",
    ]


def test_questions_as_json(place: Path, config: str, run_command: RunCommand) -> None:
    """`--json` prints everything, in ASCII."""
    ask(place, asked(text="1. \x1b[2J é"))
    done = run_command("approve", "--json", "--config", config)
    (only,) = json.loads(done.out)
    assert done.out.isascii()
    assert "\x1b" not in done.out
    assert {**only, "asked": "", "expires": ""} == {
        "run_id": RUN,
        "asked": "",
        "expires": "",
        "query": "store it",
        "tools": ["a__put"],
        "text": "1. \x1b[2J é",
    }
    assert only["asked"] < only["expires"]


def test_no_questions(place: Path, config: str, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is none the place is named; where none can be seen, the reason and the cure."""
    done = run_command("approve", "--config", config)
    assert (done.code, done.out) == (0, f"No question waits for a decision in {place}.\n")
    assert run_command("approve", "--json", "--config", config).out == "[]\n"
    monkeypatch.setenv("BATONMCP_STORE", "memory")
    done = run_command("approve", "--config", config)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith('No question can be seen from here: the store is in memory only. Write "store": ')


# Whose decision it is.


@pytest.mark.parametrize("run_id", [RUN, "nonsense"])
def test_in_a_pipe_nobody_decides(run_id: str, place: Path, config: str, run_command: RunCommand) -> None:
    """Without a terminal it is refused, whether there is such a run or not, and the question waits on."""
    ask(place, asked())
    done = run_command("approve", run_id, "--config", config)
    assert (done.code, done.out) == (3, "")
    assert "A person decides this, on a terminal" in done.err
    assert f"Run `batonmcp approve {run_id}` in one." in done.err
    assert outcome(place) == (None, [RUN])


@pytest.mark.parametrize("arguments", [[RUN, "--json"], [RUN, "--yes"], [RUN, "once"]])
def test_bad_usage(arguments: Sequence[str], place: Path, config: str, run_command: RunCommand) -> None:
    """There is no way to decide by an option."""
    ask(place, asked())
    assert run_command("approve", *arguments, "--config", config).code == 2
    assert outcome(place) == (None, [RUN])


@pytest.mark.parametrize("redirected", ["<", "2>"])
def test_half_a_terminal_is_none(redirected: str, place: Path, config: str) -> None:
    """With one of the two redirected the person has not seen the question, or not typed the answer."""
    ask(place, asked())
    other = place.parent / "other"
    other.write_text("o\n")
    line = f'"{sys.executable}" -m batonmcp approve {RUN} --config "{config}" {redirected}"{other}"'
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "BATONMCP_STORE", "CANARY")}
    with Terminal(["sh", "-c", line], env=kept) as terminal:
        assert terminal.wait() == 3
    assert outcome(place) == (None, [RUN])


# Decisions.


@pytest.mark.parametrize(
    ("keys", "verdict", "says"),
    [
        ("o\n", "once", f"decided: once; the host's next call with run_id {RUN} runs it"),
        ("Always\n", "always", f"decided: always; the host's next call with run_id {RUN} runs it; later runs of these"),
        (
            "what?\n n \n",
            "no",
            "decided: no; none of this runs, and the host's next call with",
        ),
    ],
)
def test_a_decision(keys: str, verdict: Verdict, says: str, place: Path, approve_on_terminal: Approve) -> None:
    """The question is shown, the answer recorded for the process that waits for it, and what follows is said."""
    ask(place, asked(), asked("0" * 16))
    terminal = approve_on_terminal(RUN)
    terminal.expect(PROMPT)
    assert f"The run {RUN} asked 5 min ago:\n1. a__put: write\n" in terminal.seen
    terminal.type(keys)
    assert terminal.wait() == 0
    assert says in terminal.seen
    assert ("Please answer o, a or n." in terminal.seen) is ("what" in keys)
    assert outcome(place) == (verdict, ["0" * 16])


@pytest.mark.parametrize(("keys", "code"), [("\n", 3), ("\x04", 3), ("\x03", 130)], ids=["Enter", "end", "Ctrl-C"])
def test_no_decision(keys: str, code: int, place: Path, approve_on_terminal: Approve) -> None:
    """Who says nothing, or leaves, has decided nothing: the question waits."""
    ask(place, asked())
    terminal = approve_on_terminal(RUN)
    terminal.expect(PROMPT)
    terminal.type(keys)
    assert terminal.wait() == code
    assert "Traceback" not in terminal.seen
    assert ("Nothing is decided; the question waits until 2" in terminal.seen) is (code == 3)
    assert outcome(place) == (None, [RUN])


def test_what_was_typed_before_is_no_answer(place: Path, approve_on_terminal: Approve) -> None:
    """A line pasted behind the command is dropped: only what is typed after the question counts."""
    ask(place, asked())
    terminal = approve_on_terminal(RUN)
    terminal.type("a\no\n")
    terminal.expect(PROMPT)
    terminal.type("n\n")
    assert terminal.wait() == 0
    assert outcome(place) == ("no", [])


def test_the_question_is_shown_as_text(place: Path, approve_on_terminal: Approve) -> None:
    """No sequence of a stranger's reaches the terminal, no secret is shown, and nothing of the text is left out."""
    stranger = "\x1b[2J\x1b]0;title\x07\x9b1A\rapproved\u202e\u200b\x08"
    ask(place, asked(text=f"1. a__put: write\n  with {stranger} {SECRET}\n" + "x" * 10_000 + " END"))
    terminal = approve_on_terminal(RUN)
    terminal.expect(PROMPT)
    raw = terminal.raw
    for hidden in ("\x1b", "\x9b", "\x07", "\x08", "\u202e", "\u200b", SECRET):
        assert hidden not in raw
    assert raw.count("\r") == raw.count("\r\n")
    assert "  with [2J]0;title1Aapproved ***" in terminal.seen
    assert " END\n" in terminal.seen


# Which run is meant.


def test_the_beginning_of_an_id(place: Path, approve_on_terminal: Approve) -> None:
    """Four characters are enough if only one run begins so; a whole id is never ambiguous."""
    ask(place, asked("aaaa1111"), asked("aaaa11112222"), asked("bbbb1111"))
    for given, meant in (("bbbb", "bbbb1111"), ("aaaa1111", "aaaa1111")):
        terminal = approve_on_terminal(given)
        terminal.expect(PROMPT)
        assert f"The run {meant} asked" in terminal.seen
        terminal.type("o\n")
        assert terminal.wait() == 0
        assert outcome(place, meant)[0] == "once"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("aaaa", "'aaaa' is the beginning of aaaa2222, aaaa1111. Give more characters."),
        ("aaa", "'aaa' is too short for the beginning of a run's id. Give at least 4 characters; `batonmcp approve`"),
        ("cccc\x1b", "No question of a run 'cccc\\x1b' waits: there is none, or it was decided, withdrawn or has exp"),
    ],
)
def test_which_run_is_meant(given: str, says: str, place: Path, approve_on_terminal: Approve) -> None:
    """An id that no run has, or several, is one sentence with what to do, exit 2."""
    ask(place, asked("aaaa1111"), asked("aaaa2222"))
    terminal = approve_on_terminal(given)
    assert terminal.wait() == 2
    assert says in terminal.seen
    assert outcome(place, "aaaa1111") == (None, ["aaaa2222", "aaaa1111"])


def test_a_store_in_memory(approve_on_terminal: Approve) -> None:
    """Where no question can be seen the reason is said, not that there is no such run."""
    terminal = approve_on_terminal(RUN)
    assert terminal.wait() == 2
    assert "No question can be seen from here: the store is in memory only." in terminal.seen


# What happens meanwhile.


@pytest.mark.parametrize("meanwhile", ["decided", "withdrawn", "replaced", "expired"])
def test_it_is_too_late(meanwhile: str, place: Path, approve_on_terminal: Approve) -> None:
    """A question that is no longer the one that was read is not decided: exit 1, and it is said."""
    ask(place, asked(minutes=10))
    terminal = approve_on_terminal(RUN)
    terminal.expect(PROMPT)
    anyio.run(_meddle, place, meanwhile)
    terminal.type("a\n")
    assert terminal.wait() == 1
    assert "Nothing was decided: the question was decided elsewhere, withdrawn" in terminal.seen
    verdict, waiting = outcome(place)
    assert verdict == ("no" if meanwhile == "decided" else None)
    assert waiting == ([RUN] if meanwhile == "replaced" else [])


async def _meddle(place: Path, how: str) -> None:
    store = SqliteStore(place)
    approvals = Approvals(store)
    (waiting,) = await approvals.pending()
    match how:
        case "decided":
            assert await approvals.decide(waiting, "no")
        case "withdrawn":
            await approvals.withdraw(RUN)
        case "replaced":
            await approvals.ask(replace(waiting, digest="e" * 64))
        case _:
            await approvals.ask(replace(waiting, expires_at=time.time()))
    await store.aclose()


def test_a_decision_that_cannot_be_kept(place: Path, approve_on_terminal: Approve) -> None:
    """When the store cannot be written nobody is told that it was decided: exit 1, and the reason."""
    ask(place, asked())
    terminal = approve_on_terminal(RUN)
    terminal.expect(PROMPT)
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        terminal.type("o\n")
        assert terminal.wait(within=60) == 1
        other.execute("ROLLBACK")
    assert "another process holds it" in terminal.seen
    assert "The decision could not be kept for the process that waits for it" in terminal.seen
    assert "decided:" not in terminal.seen
    assert outcome(place) == (None, [RUN])
