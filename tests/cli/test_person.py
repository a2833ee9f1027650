"""The person at the terminal: what they are asked and type, `test_answering` and `test_ask` show on a real one."""

from batonmcp.cli.person import is_there


def test_in_a_pipe_nobody_is_there() -> None:
    """Tests run without a terminal."""
    assert not is_there()
