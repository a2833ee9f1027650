"""What a command prints."""

import pytest

from batonmcp.cli.echo import Echo
from batonmcp.core.discretion import Discretion


def test_no_secret_and_no_half_characters(capsys: pytest.CaptureFixture[str]) -> None:
    """Both streams are without secrets, and can be encoded."""
    echo = Echo(Discretion(["s3cret-canary"]))
    echo.out("out s3cret-canary \ud800")
    echo.err("err s3cret-canary")
    assert tuple(capsys.readouterr()) == ("out *** ?\n", "err ***\n")
