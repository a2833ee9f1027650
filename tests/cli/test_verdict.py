"""What a person at the terminal decides about a plan."""

import os
import sys
from collections.abc import Callable, Generator
from contextlib import ExitStack

import pytest

from doubles.terminal import Terminal

ASKING = """
import anyio
from batonmcp.cli.echo import Echo
from batonmcp.cli.verdict import typed_verdict
from batonmcp.core.discretion import Discretion

print("VERDICT", anyio.run(typed_verdict, Echo(Discretion())))
"""
PROMPT = "Run it? [o]nce, [a]lways for these tools, [n]o: "

AskOn = Callable[[], Terminal]


@pytest.fixture
def ask_on() -> Generator[AskOn]:
    """Ask on a terminal of its own."""
    with ExitStack() as terminals:

        def start() -> Terminal:
            kept = {name: text for name, text in os.environ.items() if name in {"PATH", "HOME", "PYTHONPATH"}}
            return terminals.enter_context(Terminal([sys.executable, "-c", ASKING], env=kept))

        yield start


@pytest.mark.parametrize(
    ("keys", "verdict"),
    [("o\n", "once"), (" Once \n", "once"), ("A\n", "always"), ("n\n", "no"), ("\n", "None"), ("\x04", "None")],
    ids=["o", "once", "A", "n", "Enter", "end"],
)
def test_the_verdicts(keys: str, verdict: str, ask_on: AskOn) -> None:
    """A letter or the word decides, in any case; no word decides nothing."""
    terminal = ask_on()
    terminal.expect(PROMPT)
    terminal.type(keys)
    terminal.expect(f"VERDICT {verdict}\n")
    assert terminal.wait() == 0


def test_only_an_answer_decides(ask_on: AskOn) -> None:
    """Anything else is asked again, a yes too; what was typed before the question counts for nothing."""
    terminal = ask_on()
    terminal.type("a\n")
    terminal.expect(PROMPT)
    terminal.type("yes\n")
    terminal.expect("Please answer o, a or n.")
    terminal.type("no\n")
    terminal.expect("VERDICT no\n")
    assert terminal.wait() == 0
