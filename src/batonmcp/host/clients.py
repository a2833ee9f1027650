"""How long hosts wait for the answer to a call.

Most give up after 60 seconds, tell nobody, and drop what comes later. Those below wait longer, by their documentation
or by what was reported of them.
"""

from typing import Final

__all__ = ["ANSWER_WITHIN", "answer_within"]

ANSWER_WITHIN: Final = 45.0
"""Seconds for a host of which nothing is known."""

_LONGER: Final = {
    "claude-code": 270.0,  # 5 minutes without progress over HTTP, 30 over stdio
    "visual studio code": 270.0,  # no limit found
    "goose": 270.0,  # 300 s
    "gemini-cli": 540.0,  # 600 s
}


def answer_within(client: str) -> float:
    """Return the seconds within which a host gets its answer, by the name that it gives itself."""
    name = client.lower()
    return next((seconds for known, seconds in _LONGER.items() if name.startswith(known)), ANSWER_WITHIN)
