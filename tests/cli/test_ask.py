"""The command `ask`: in a pipe, on a terminal, and over an LLM endpoint that fails."""

import json
import os
import sys
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, get_args

import anyio
import pytest
from pydantic import JsonValue

from batonmcp.cli.ask import exit_code, read_input
from batonmcp.core.errors import BatonError
from batonmcp.core.events import RunStatus
from doubles.command import RunCommand
from doubles.evil_stdio import argv
from doubles.fake_llm import (
    FakeLLM,
    Reply,
    Text,
    ToolCalls,
    api_error,
    html_page,
    no_choices,
    rate_limited,
    server_error,
    truncated_arguments,
    unauthorized,
)
from doubles.processes import wait_unmarked
from doubles.terminal import Terminal
from reading import answer_in

WriteConfig = Callable[..., Path]

KEY = "sk-canary-2f9c"


def step(name: str, called: str, **more: JsonValue) -> dict[str, JsonValue]:
    """Return a step that calls the hostile server."""
    return {"id": name, "tool": f"evil__{called}", **more}


def echo(name: str, text: JsonValue) -> dict[str, JsonValue]:
    """Return a step that says something again."""
    return step(name, "echo", arguments={"text": text})


PUT = step("put", "put", arguments={"key": "colour", "value": "red"})


class Evil:
    """The hostile server with its tools, and what reached it."""

    def __init__(self, write_config: WriteConfig, folder: Path) -> None:
        self._write = write_config
        self._ledger = folder / "ledger"
        self._plan = folder / "plan.json"

    def config(self, **baton: Any) -> str:  # noqa: ANN401 - JSON
        """Configure it, with settings of ours."""
        command, *arguments = argv("write_tool", state=self._ledger)
        return str(self._write({"evil": {"command": command, "args": arguments}}, **baton))

    def plan(self, *steps: Mapping[str, JsonValue]) -> str:
        """Write a plan."""
        self._plan.write_text(json.dumps({"steps": list(steps)}))
        return str(self._plan)

    @property
    def calls(self) -> list[str]:
        """The tools that were called, in order."""
        lines = self._ledger.read_text().splitlines() if self._ledger.exists() else []
        return [line.split()[1] for line in lines if line.startswith("call ")]


@pytest.fixture
def evil(write_config: WriteConfig, tmp_path: Path) -> Evil:
    """The hostile server."""
    return Evil(write_config, tmp_path)


# Exit codes and inputs.

CODES: Mapping[RunStatus, int] = {
    "ok": 0,
    "planned": 0,
    "partial": 1,
    "failed": 1,
    "no_match": 1,
    "refused": 1,
    "running": 1,
    "busy": 1,
    "cancelled": 1,
    "plan_required": 3,
    "approval_required": 3,
}


def test_exit_codes() -> None:
    """Every status has its exit code: 0 went well, 3 where somebody has to decide, 1 for the rest."""
    assert set(CODES) == set(get_args(RunStatus))
    assert {status: exit_code(status) for status in CODES} == CODES


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("a=5", "a", 5),
        ("a=five", "a", "five"),
        ('a={"b": [1, null]}', "a", {"b": [1, None]}),
        ('a="5"', "a", "5"),
        ("a=", "a", ""),
        ("a=b=c", "a", "b=c"),
        ("a_1=true", "a_1", True),
        ("a=NaN", "a", "NaN"),
        ("a=-Infinity", "a", "-Infinity"),
        (f"a={'[' * 100_000}", "a", "[" * 100_000),
    ],
    ids=["number", "text", "object", "quoted", "empty", "equals", "name", "NaN", "infinity", "deep"],
)
def test_an_input_is_json_or_text(text: str, name: str, value: JsonValue) -> None:
    """A value is taken as JSON if it is that, else as the text it is."""
    assert read_input(text) == (name, value)


def test_an_input_may_be_a_file(tmp_path: Path) -> None:
    """After an @ stands the name of a file, whose text is the value, whatever is in it."""
    path = tmp_path / "message.txt"
    path.write_text('{"not": "parsed"}\n', "utf-8")
    assert read_input(f"text=@{path}") == ("text", '{"not": "parsed"}\n')


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"], ids=["missing", "no text"])
def test_a_file_that_cannot_be_read(content: bytes | None, tmp_path: Path) -> None:
    """A file that is missing or no text is named."""
    path = tmp_path / "message.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BatonError, match=r"--input text: '.*message.txt' cannot be read as text"):
        read_input(f"text=@{path}")


# In a pipe.


def test_the_answer_is_all_there_is(evil: Evil, run_command: RunCommand) -> None:
    """In a pipe the answer stands on standard output with its facts, and nothing on standard error."""
    done = run_command("ask", "--plan", evil.plan(echo("a", "hello")), "--config", evil.config())
    assert (done.code, answer_in(done.out), done.err) == (0, "evil: echo\n  hello", "")
    facts = done.out.splitlines()[-3:]
    assert facts[0] == "---"
    assert facts[1].startswith("Ran: evil__echo (")
    assert ": single, planned by the host; no LLM call, " in facts[2]


def test_the_record_as_json(evil: Evil, run_command: RunCommand) -> None:
    """`--json` prints the whole run record, values uncut."""
    long = "x" * 20_000
    done = run_command("ask", "q", "--json", "--plan", evil.plan(echo("a", long)), "--config", evil.config())
    record = json.loads(done.out)
    assert (done.code, done.err) == (0, "")
    assert (record["status"], record["planner"], record["query"]) == ("ok", "host", "q")
    assert record["steps"][0]["value"] == long
    assert long in record["answer"] or record["answer"].endswith(" of 20,000 characters)")
    assert set(record) >= {"run_id", "mode", "plan", "usage", "timings_ms", "notes", "error"}


def test_the_results_as_data(evil: Evil, run_command: RunCommand) -> None:
    """`--output data` prints the results by step, and what has none."""
    plan = evil.plan(echo("a", '{"n": 5}'), step("b", "fail", arguments={"message": "No."}))
    done = run_command("ask", "--output", "data", "--plan", plan, "--config", evil.config())
    data = json.loads(done.out)
    assert done.code == 1
    assert (data["status"], data["results"]) == ("partial", {"a": {"n": 5}})
    assert data["undone"][0]["error"]["message"] == "No."


def test_the_plan_in_words(evil: Evil, run_command: RunCommand) -> None:
    """`--output plan` says what would run, and runs nothing, whatever the plan may do."""
    done = run_command("ask", "--output", "plan", "--plan", evil.plan(PUT), "--config", evil.config())
    assert done.code == 0
    head, line, *_ = done.out.splitlines()
    assert head == "Nothing was run. The plan is single: it may change something."
    assert line == '1. evil__put (evil): write, its server does not say; with key = "colour", value = "red"'
    assert evil.calls == []


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ([echo("a", "hello"), step("b", "fail", arguments={"message": "No."})], "evil__fail (step `b`) failed: No."),
        ([step("b", "fail", arguments={"message": "No."})], "evil__fail (step `b`) failed: No."),
        ([step("b", "nothing")], "there is no tool 'evil__nothing'"),
    ],
    ids=["partial", "failed", "no such tool"],
)
def test_what_went_wrong_is_said(
    steps: Sequence[Mapping[str, JsonValue]], says: str, evil: Evil, run_command: RunCommand
) -> None:
    """What failed is in the answer, and the exit code says that something did."""
    done = run_command("ask", "--plan", evil.plan(*steps), "--config", evil.config())
    assert done.code in {1, 3}
    assert says in done.out
    assert done.err == ""


def test_no_tool_fits(evil: Evil, run_command: RunCommand) -> None:
    """A question that fits no tool: exit 1, and what there is."""
    done = run_command("ask", "xylophone zebra", "--config", evil.config())
    assert done.code == 1
    assert done.out.startswith("No tool was run.")
    assert "- evil (evil): delete_everything, echo, fail, put, slow" in done.out


def test_a_server_that_is_not_configured(evil: Evil, run_command: RunCommand) -> None:
    """A server that does not exist: exit 1, with those that do."""
    done = run_command("ask", "q", "--server", "nobody", "--config", evil.config())
    assert (done.code, done.out) == (1, "There is no server 'nobody'. Configured are: evil.\n")


def test_a_plan_is_wanted_where_the_host_plans(evil: Evil, run_command: RunCommand) -> None:
    """With the planner `host` and no plan somebody has to write one: exit 3."""
    done = run_command("ask", "q", "--config", evil.config(planner="host"))
    assert done.code == 3
    assert "evil__echo(text: string)" in done.out


def test_inputs_reach_the_steps(evil: Evil, tmp_path: Path, run_command: RunCommand) -> None:
    """Values from the command line, JSON, text and files, are what expressions read."""
    path = tmp_path / "message.txt"
    path.write_text("from a file")
    plan = evil.plan(echo("a", {"$from": "f'{inputs.n + 1} {inputs.word} {inputs.text}'"}))
    inputs = ["--input", "n=41", "--input", "word=plain", "--input", f"text=@{path}"]
    done = run_command("ask", *inputs, "--plan", plan, "--config", evil.config())
    assert answer_in(done.out) == "evil: echo\n  42 plain from a file"


def test_halves_of_characters_can_be_printed(evil: Evil, run_command: RunCommand) -> None:
    """Text with a lone surrogate is printed: what cannot be encoded is shown by its number."""
    done = run_command(
        "ask", "--output", "plan", "--plan", evil.plan(echo("a", "half \ud800")), "--config", evil.config()
    )
    assert done.code == 0
    assert '"half \\ud800"' in done.out


# Decisions in a pipe.


def test_nobody_can_be_asked_in_a_pipe(evil: Evil, run_command: RunCommand) -> None:
    """A plan that may change something runs nothing in a pipe: exit 3, and the plan in plain words."""
    plan = evil.plan(echo("a", "hello"), PUT)
    done = run_command("ask", "--plan", plan, "--config", evil.config())
    assert (done.code, done.err) == (3, "")
    assert "Nothing was run" in done.out
    assert "2. evil__put (evil): write" in done.out
    assert evil.calls == []


def test_data_of_a_plan_that_is_to_be_decided(evil: Evil, run_command: RunCommand) -> None:
    """Who asked for data gets JSON with what is to be decided, named as in the run's record; the words stand beside."""
    plan = evil.plan(echo("a", "hello"), PUT)
    done = run_command("ask", "--output", "data", "--plan", plan, "--config", evil.config())
    data = json.loads(done.out)
    assert done.code == 3
    assert (data["status"], data["results"]) == ("approval_required", {})
    assert data["decisions"] == [{"tools": ["evil__put"], "decision": None}]
    assert [(step["tool"], step["status"]) for step in data["undone"]] == [
        ("evil__echo", "pending"),
        ("evil__put", "pending"),
    ]
    assert [step["id"] for step in data["plan"]["steps"]] == ["a", "put"]
    assert "2. evil__put (evil): write" in data["answer"]
    assert len(data["run"]["run_id"]) == 32
    assert data["answer"] in done.err
    assert evil.calls == []


def test_data_of_a_plan_that_is_refused(evil: Evil, run_command: RunCommand) -> None:
    """A plan that the policy denies is JSON, too: exit 1, and why."""
    config = evil.config(policy={"deny": ["evil__put"]})
    done = run_command("ask", "--output", "data", "--plan", evil.plan(PUT), "--config", config)
    data = json.loads(done.out)
    assert (done.code, data["status"], data["results"]) == (1, "refused", {})
    assert "Nothing was run, because the policy does not allow it" in data["answer"]
    assert data["answer"] in done.err
    assert "decisions" not in data  # nobody was asked
    assert evil.calls == []


@pytest.mark.parametrize(
    ("arguments", "code", "status", "name", "says"),
    [
        (["xylophone zebra"], 1, "no_match", "answer", "No tool was run."),
        (["q", "--server", "nobody"], 1, "failed", "error", "There is no server 'nobody'."),
    ],
    ids=["no match", "error"],
)
def test_data_without_a_plan(
    arguments: Sequence[str], code: int, status: str, name: str, says: str, evil: Evil, run_command: RunCommand
) -> None:
    """Where not even a plan was made, JSON says why."""
    done = run_command("ask", *arguments, "--output", "data", "--config", evil.config())
    data = json.loads(done.out)
    assert (done.code, data["status"]) == (code, status)
    told = data[name] if name == "answer" else data[name]["message"]
    assert says in told
    assert says in done.err


def test_yes_decides(evil: Evil, run_command: RunCommand) -> None:
    """`--yes` is the decision: the plan runs."""
    done = run_command("ask", "--yes", "--plan", evil.plan(PUT), "--config", evil.config())
    assert (done.code, answer_in(done.out)) == (0, "evil: put\n  stored colour")
    assert evil.calls == ["put"]


def test_what_is_configured_as_read_needs_no_decision(evil: Evil, run_command: RunCommand) -> None:
    """A tool that servers.json calls `read` runs without a question."""
    config = evil.config(effects={"evil__put": "read"})
    done = run_command("ask", "--plan", evil.plan(PUT), "--config", config)
    assert done.code == 0
    assert evil.calls == ["put"]


# On a terminal.

QUESTION = "Run it? [o]nce, [a]lways for these tools, [n]o: "


@pytest.fixture
def ask_on_terminal() -> Generator[Callable[..., Terminal]]:
    """Start `ask` on a terminal of its own."""
    with ExitStack() as terminals:

        def start(*arguments: str) -> Terminal:
            command = [sys.executable, "-m", "batonmcp", "ask", *arguments]
            plain = {"PATH", "HOME", "PYTHONPATH"}
            kept = {name: text for name, text in os.environ.items() if name in plain or name.startswith("COVERAGE_")}
            return terminals.enter_context(Terminal(command, env=kept))

        yield start


def test_yes_on_a_terminal(evil: Evil, ask_on_terminal: Callable[..., Terminal]) -> None:
    """The plan is shown before anything ran; "once", also after a mistyped answer, runs it, with live progress."""
    terminal = ask_on_terminal("--plan", evil.plan(echo("a", "hello"), PUT), "--config", evil.config())
    terminal.expect(QUESTION)
    assert "batonmcp wants to run a plan with this step; nothing has run yet:" in terminal.seen
    assert "2. evil__put (evil) may change something (by its name, as its server does not say)." in terminal.seen
    assert 'key = "colour"' in terminal.seen
    assert 'value = "red"' in terminal.seen
    assert "Other steps of the plan, which need no decision: 1." in terminal.seen
    assert evil.calls == []
    terminal.type("maybe\n")
    terminal.expect("Please answer o, a or n.")
    assert evil.calls == []
    terminal.type("once\n")
    assert terminal.wait() == 0
    assert evil.calls == ["echo", "put"]
    _, _, after = terminal.seen.partition("Please answer")
    assert "evil__put (step put): running" in after
    assert "evil__put (step put): succeeded" in after
    assert "evil: put\n  stored colour" in after


def test_always_on_a_terminal(
    evil: Evil,
    ask_on_terminal: Callable[..., Terminal],
    tmp_path: Path,
    run_command: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A tool that is allowed for good runs from then on without a question, also in a pipe."""
    place = tmp_path / "store.sqlite3"
    config = evil.config(store={"path": str(place)})
    terminal = ask_on_terminal("--plan", evil.plan(PUT), "--config", config)
    terminal.expect(QUESTION)
    terminal.type("a\n")
    assert terminal.wait() == 0
    monkeypatch.setenv("BATONMCP_STORE", str(place))
    done = run_command("ask", "--plan", evil.plan(PUT), "--config", config)
    assert (done.code, evil.calls) == (0, ["put", "put"])


REFUSED = "it was refused at the terminal"
SHUT = "the question at the terminal was closed without an answer"


@pytest.mark.parametrize(
    ("keys", "because"), [("n\n", REFUSED), ("\n", SHUT), ("\x04", SHUT)], ids=["no", "Enter", "end of input"]
)
def test_no_on_a_terminal(keys: str, because: str, evil: Evil, ask_on_terminal: Callable[..., Terminal]) -> None:
    """A no, or no answer, runs nothing: exit 1, and it is said."""
    terminal = ask_on_terminal("--plan", evil.plan(PUT), "--config", evil.config())
    terminal.expect(QUESTION)
    terminal.type(keys)
    assert terminal.wait() == 1
    assert f"Nothing was run because {because}." in terminal.seen
    assert "Traceback" not in terminal.seen
    assert evil.calls == []


@pytest.mark.parametrize("where", ["at the question", "while a step runs"])
def test_ctrl_c_on_a_terminal(where: str, evil: Evil, token: str, ask_on_terminal: Callable[..., Terminal]) -> None:
    """Ctrl-C ends it at once, wherever it is: nothing more is run, no server is left, and no traceback is shown."""
    running = [echo("a", "hello"), step("b", "slow", arguments={"seconds": 50})]
    steps, sign = ([PUT], QUESTION) if where == "at the question" else (running, "(step a): succeeded")
    terminal = ask_on_terminal("--plan", evil.plan(*steps), "--config", evil.config())
    terminal.expect(sign)
    terminal.type("\x03")
    assert terminal.wait(within=10) == 130
    assert "Traceback" not in terminal.seen
    assert "put" not in evil.calls
    anyio.run(lambda: wait_unmarked(token, within=3))


# Over an endpoint.


def ask_over(
    script: Sequence[Reply], evil: Evil, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> tuple[Any, FakeLLM]:
    """Ask over an endpoint that plays a script."""
    monkeypatch.setenv("SECRET", KEY)
    with FakeLLM(script) as llm:
        config = evil.config(llm={"base_url": llm.base_url, "model": "m", "api_key": "${SECRET}", "retries": 0})
        done = run_command("ask", "Say hello", "--config", config)
    assert all(request.headers["authorization"] == f"Bearer {KEY}" for request in llm.requests)
    assert KEY not in done.out + done.err
    return done, llm


CALL = ToolCalls([("evil__echo", {"text": "hello"})])
ENDPOINT_FAULTS: Mapping[str, tuple[Reply, Sequence[str]]] = {
    "401": (unauthorized(), ["answered 401", "did not accept the API key", "OPENAI_API_KEY", '"api_key" under "llm"']),
    "401 with the key": (api_error(401, f"Incorrect API key: {KEY}."), ["answered 401", "did not accept the API key"]),
    "429": (
        rate_limited(),
        ["answered 429", "Rate limit reached", "Ask again in 1 s, or use another endpoint or model"],
    ),
    "500": (server_error(), ["answered 500", "Try again later"]),
    "HTML": (html_page(), ["text/html", "Check that base_url names an OpenAI-compatible API"]),
    "no choices": (no_choices(), ["answered with no choices", "Check that base_url"]),
    "truncated arguments": (
        truncated_arguments("evil__echo", '{"text": "hel'),
        ["reached its output limit", "Raise the limit of output tokens"],
    ),
    "broken arguments": (ToolCalls([("evil__echo", '{"text": "hel')]), ["arguments that are not JSON", "cut off"]),
    "unknown tool": (
        ToolCalls([("evil__eko", {})]),
        ["there is no tool 'evil__eko'. Nearest: evil__echo", "use a more capable model"],
    ),
}

ASKED_TWICE = frozenset({"unknown tool", "truncated arguments"})
"""A plan that cannot run may be mended once, and one that was cut off made shorter."""


@pytest.mark.parametrize("fault", ENDPOINT_FAULTS)
def test_the_endpoint_fails_at_routing(
    fault: str, evil: Evil, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 1 with a sentence that names what failed and what to do; no tool called, no key printed."""
    reply, says = ENDPOINT_FAULTS[fault]
    script = [reply, reply] if fault in ASKED_TWICE else [reply]
    done, llm = ask_over(script, evil, run_command, monkeypatch)
    assert (done.code, done.err) == (1, "")
    for words in says:
        assert words in done.out
    if fault != "unknown tool":
        assert llm.base_url.removeprefix("http://").removesuffix("/v1") in done.out
    assert len(llm.requests) == len(script)
    assert evil.calls == []


@pytest.mark.parametrize("fault", ["401 with the key", "500", "HTML", "no choices"])
def test_the_endpoint_fails_at_the_answer(
    fault: str, evil: Evil, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit 1 with everything that was obtained, written by code, and why there are no better words."""
    reply, says = ENDPOINT_FAULTS[fault]
    done, llm = ask_over([CALL, reply], evil, run_command, monkeypatch)
    assert (done.code, done.err) == (1, "")
    assert done.out.startswith("evil: echo\n  hello\n")
    assert "The answer could not be written, so these are the plain results" in done.out
    for words in says:
        assert words in done.out
    assert len(llm.requests) == 2
    assert evil.calls == ["echo"]


def test_the_endpoint_answers_with_calls_at_the_end(
    evil: Evil, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that wants tools again instead of answering gets none: the results are shown as they are."""
    done, _ = ask_over([CALL, CALL], evil, run_command, monkeypatch)
    assert done.code == 1
    assert done.out.startswith("evil: echo\n  hello\n")
    assert evil.calls == ["echo"]


def test_the_endpoint_works(evil: Evil, run_command: RunCommand, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same question over an endpoint that answers is answered."""
    done, _ = ask_over([CALL, Text("It says hello.")], evil, run_command, monkeypatch)
    assert (done.code, answer_in(done.out), done.err) == (0, "It says hello.", "")


def test_the_endpoint_is_not_there(evil: Evil, run_command: RunCommand) -> None:
    """An endpoint that cannot be reached is named with what to check, and nothing runs."""
    with FakeLLM([]) as llm:
        gone = llm.base_url
    config = evil.config(llm={"base_url": gone, "model": "m", "api_key": KEY, "retries": 0})
    done = run_command("ask", "Say hello", "--config", config)
    assert (done.code, done.err) == (1, "")
    assert f"The LLM endpoint {gone.removeprefix('http://').removesuffix('/v1')} cannot be reached" in done.out
    assert "Check base_url, and that the service is running." in done.out
    assert KEY not in done.out
    assert evil.calls == []
