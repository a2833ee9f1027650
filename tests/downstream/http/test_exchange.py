"""What is known of an exchange with a server over HTTP."""

import pytest
from mcp import MCPError

from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.http.failure import HttpFailed, HttpFailure

pytestmark = pytest.mark.anyio

FAILURE = HttpFailure(kind="refused", status=429, retry_after=7.0)


async def test_error_is_known_by_its_mark() -> None:
    """The error that the SDK makes of a failure leads back to it, beside other failures."""
    about = HttpExchange()
    marked = MCPError(-32603, "x", about.mark(FAILURE))
    other = MCPError(-32603, "x", about.mark(HttpFailure(kind="broken")))
    assert about.failure_of(marked) is FAILURE
    assert (about.failure_of(other) or FAILURE).kind == "broken"
    assert about.failure_of(HttpFailed(FAILURE)) is FAILURE
    assert about.failure == HttpFailure(kind="broken")
    assert about.retry_after is None


@pytest.mark.parametrize("data", [None, "x", {}, {"batonmcp": "0" * 32}, {"batonmcp": ["x"]}])
async def test_mark_cannot_be_made_up(data: object) -> None:
    """An error of the server's own is no failure of ours, whatever it carries."""
    about = HttpExchange()
    about.mark(FAILURE)
    assert about.failure_of(MCPError(-32603, "x", data)) is None
    assert about.failure_of(ValueError("x")) is None
    assert about.failure_of(None) is None


async def test_only_the_last_failures_are_kept() -> None:
    """A server that fails for ever fills no memory."""
    about = HttpExchange()
    first = MCPError(-32603, "x", about.mark(FAILURE))
    errors = [MCPError(-32603, "x", about.mark(FAILURE)) for _ in range(256)]
    assert about.failure_of(first) is None
    assert all(about.failure_of(error) for error in errors)
