"""What a command prints."""

import json

import pytest

from batonmcp.cli.echo import Echo
from batonmcp.core.discretion import Discretion


def test_no_secret_and_no_half_characters(capsys: pytest.CaptureFixture[str]) -> None:
    """Both streams are without secrets, and can be encoded."""
    echo = Echo(Discretion(["s3cret-canary"]))
    echo.out("out s3cret-canary \ud800")
    echo.err("err s3cret-canary")
    assert tuple(capsys.readouterr()) == ("out *** ?\n", "err ***\n")


def test_nothing_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Escapes, bells, lone returns and turned text are shown as what they are; line ends, tabs and emoji stay."""
    Echo(Discretion()).out("\x1b[2J \x07 \x9b1m \x7f \u202eabc 50 %\r100 %")
    assert capsys.readouterr().out == r"\u001b[2J \u0007 \u009b1m \u007f \u202eabc 50 %\u000d100 %" + "\n"
    Echo(Discretion()).out(kept := "a\tb\r\nc\nd \U0001f469\u200d\U0001f680 \u200fé")
    assert capsys.readouterr().out == kept + "\n"


def test_json_keeps_its_values(capsys: pytest.CaptureFixture[str]) -> None:
    """What is escaped in JSON is read as it was."""
    values = {"a": "\x1b[2J \x9b \u2066\r", "b": "\\\x9b"}
    Echo(Discretion()).out(json.dumps(values, ensure_ascii=False))
    assert json.loads(capsys.readouterr().out) == values
