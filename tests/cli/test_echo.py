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


STEERING = "\x1b[2J\x1b]8;;http://evil.test\x07click\x1b]8;;\x07\x9b31m\x00\b\u202e\u200b"


def test_nothing_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Controls and what hides are printed as escapes; line ends and tabs stay."""
    echo = Echo(Discretion())
    echo.out(f"one\n\ttwo\r\n{STEERING}")
    echo.err(STEERING)
    out, err = capsys.readouterr()
    assert out.startswith("one\n\ttwo\n\\u001b[2J\\u001b]8;;http://evil.test\\u0007click")
    assert all(char.isprintable() for char in (out + err).replace("\n", "").replace("\t", ""))


def test_json_stays_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever a value holds, a program reads it as it was."""
    value = {"text": STEERING + "\U000e0041", "name": "👩\u200d👧 \r\n"}
    Echo(Discretion()).out(json.dumps(value, ensure_ascii=False))
    out = capsys.readouterr().out
    assert json.loads(out) == value
    assert "\x9b" not in out
