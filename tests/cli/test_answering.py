"""Who answers servers on the command line: a person at a terminal, and otherwise nobody."""

import json
import os
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack, nullcontext

import pytest
from pydantic import JsonValue

from batonmcp.cli.answering import person_at
from batonmcp.core.caller import Asked, Declined, Question
from doubles.terminal import Terminal

pytestmark = pytest.mark.anyio

ASKING = """
import json, sys
from contextlib import nullcontext
import anyio
from batonmcp.cli.answering import person_at
from batonmcp.core.caller import Question

async def main():
    caller = person_at(nullcontext)
    async with anyio.create_task_group() as tasks:
        for params in json.loads(sys.argv[1]):
            question = Question(server="github", agent="GitHub", about="elicitation", params=params)
            tasks.start_soon(tell, caller, question)
    print("THE END")

async def tell(caller, question):
    answer = await caller.ask(question)
    print("ANSWER", getattr(answer, "because", None) or json.dumps(answer.result))

anyio.run(main)
"""

AskOn = Callable[..., Terminal]


@pytest.fixture
def ask_on() -> Generator[AskOn]:
    """Ask questions on a terminal of their own."""
    with ExitStack() as terminals:

        def start(*params: JsonValue) -> Terminal:
            plain = {"PATH", "HOME", "PYTHONPATH"}
            kept = {name: text for name, text in os.environ.items() if name in plain or name.startswith("COVERAGE_")}
            return terminals.enter_context(Terminal([sys.executable, "-c", ASKING, json.dumps(params)], env=kept))

        yield start


def form(message: str = "Who are you?", **properties: JsonValue) -> JsonValue:
    """Return a form; a field whose name begins with `must` is required."""
    required: list[JsonValue] = [name for name in properties if name.startswith("must")]
    schema: JsonValue = {"type": "object", "properties": properties, "required": required}
    return {"message": message, "requestedSchema": schema}


def test_a_form_is_filled_in(ask_on: AskOn) -> None:
    """Each field is asked for until what is typed will do; an empty line takes the default, or leaves the field out."""
    terminal = ask_on(
        form(
            must_name={"type": "string", "title": "Name"},
            age={"type": "integer", "description": "in years"},
            colour={"type": "string", "enum": ["red", "blue"], "default": "red"},
            sure={"type": "boolean"},
        )
    )
    terminal.expect("GitHub (github) asks: Who are you?")
    terminal.expect("Answer? [y/N]: ")
    terminal.type("y\n")
    terminal.expect("Name: ")
    terminal.type("\n")
    terminal.expect("That is no value for it.")
    terminal.type("Ada\n")
    terminal.expect("age, in years (a whole number; may be empty): ")
    terminal.type("many\n37\n")
    terminal.expect("colour (red, blue; empty: red): ")
    terminal.type("\n")
    terminal.expect("sure (y/n; may be empty): ")
    terminal.type("\n")
    terminal.expect('ANSWER {"action": "accept", "content": {"must_name": "Ada", "age": 37, "colour": "red"}}')
    assert terminal.wait() == 0


@pytest.mark.parametrize(
    ("keys", "answer"),
    [
        ("y\n", '{"action": "accept", "content": {}}'),
        ("\n", '{"action": "decline"}'),
        ("\x04", '{"action": "decline"}'),
    ],
    ids=["yes", "Enter", "end of input"],
)
def test_a_form_without_fields_is_a_yes_or_no(keys: str, answer: str, ask_on: AskOn) -> None:
    """Where there is nothing to fill in, the person agrees or does not."""
    terminal = ask_on(form("Delete it?"))
    terminal.expect("Agree? [y/N]: ")
    terminal.type(keys)
    terminal.expect(f"ANSWER {answer}")
    assert terminal.wait() == 0


def test_the_end_of_input_in_a_field_declines(ask_on: AskOn) -> None:
    """A person can leave in the middle."""
    terminal = ask_on(form(must_name={"type": "string"}))
    terminal.type("y\n")
    terminal.expect("must_name: ")
    terminal.type("\x04")
    terminal.expect('ANSWER {"action": "decline"}')
    assert terminal.wait() == 0


def test_one_question_at_a_time(ask_on: AskOn) -> None:
    """A second question is not shown before the first has its answer; control characters are not shown at all."""
    terminal = ask_on(form("First\x1b[2J?"), form("Second?"))
    terminal.expect("asks: First[2J?")
    terminal.expect("Agree? [y/N]: ")
    assert "Second?" not in terminal.seen
    terminal.type("y\n")
    terminal.expect("asks: Second?")
    terminal.type("y\n")
    terminal.expect("THE END")
    assert terminal.wait() == 0


def test_what_a_terminal_cannot_do(ask_on: AskOn) -> None:
    """A form with a list in it, and a page to open, are shown and declined, the page with its address."""
    terminal = ask_on(
        form(tags={"type": "array"}), {"mode": "url", "message": "Sign in", "url": "https://x.example/in"}
    )
    terminal.expect("ANSWER its form is not one that lines on a terminal can fill")
    terminal.expect("ANSWER on the command line no page is opened; the page is https://x.example/in")
    assert terminal.wait() == 0


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ("elicitation", "there is no terminal to ask a person on"),
        ("sampling", "on the command line no model is lent to servers"),
        ("roots", "on the command line there is no list of folders to give"),
    ],
)
async def test_nobody_is_there(about: Asked, reason: str) -> None:
    """In a pipe nobody is asked; models and folders are never given."""
    caller = person_at(nullcontext)
    declined = await caller.ask(Question(server="s", agent="S", about=about, params={"message": "?"}))
    assert declined == Declined(because=reason)
