"""How long hosts wait."""

import pytest

from batonmcp.host.clients import ANSWER_WITHIN, answer_within


@pytest.mark.parametrize(
    ("client", "seconds"),
    [
        ("claude-code", 270.0),
        ("Claude-Code", 270.0),
        ("Visual Studio Code - Insiders", 270.0),
        ("goose", 270.0),
        ("gemini-cli-mcp-client", 540.0),
        ("claude-ai", ANSWER_WITHIN),
        ("not-claude-code", ANSWER_WITHIN),
        ("", ANSWER_WITHIN),
    ],
)
def test_by_the_name_of_the_host(client: str, seconds: float) -> None:
    """Hosts that are known to wait longer get longer; all others, whatever they are called, are answered in 45 s."""
    assert answer_within(client) == seconds
    assert ANSWER_WITHIN == 45
