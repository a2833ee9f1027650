"""The sentence that says why a server is not connected."""

import sys
from collections.abc import Callable

import anyio
import httpx2
import pytest
from anyio.abc import Process
from mcp import MCPError
from pydantic import TypeAdapter, ValidationError

from batonmcp.config.settings import HttpServer, ServerSettings, StdioServer
from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.stdio.process import ServerProcess
from batonmcp.downstream.trouble import Evidence, brief, explain

pytestmark = pytest.mark.anyio

TIME_S = 10.0
STDIO = ServerSettings(name="w", transport=StdioServer(command="weather", cwd="/nowhere"))
HTTP = ServerSettings(
    name="w", transport=HttpServer(url="https://user:s3cret@example.com/mcp?key=s3cret", headers={"X": "s3cret"})
)


async def finished(code: int) -> Process:
    """Return a process that has ended with this exit code."""
    with anyio.fail_after(TIME_S):
        process = await anyio.open_process([sys.executable, "-c", f"raise SystemExit({code})"])
        await process.wait()
        await process.aclose()
    return process


async def ended(code: int, *words: bytes) -> ServerProcess:
    """Return what is known of a process that ended with this exit code and these last words."""
    about = ServerProcess()
    about.began(await finished(code))
    about.ended()
    for line in words:
        about.hear(line + b"\n")
    return about


def told(about: ServerProcess | HttpExchange, error: BaseException | None = None, *, was_ready: bool = False) -> str:
    """Return the sentence for what is known."""
    if isinstance(about, ServerProcess):
        evidence = Evidence(settings=STDIO, connect_timeout=5, was_ready=was_ready, error=error, process=about)
    else:
        evidence = Evidence(settings=HTTP, connect_timeout=5, was_ready=was_ready, error=error, exchange=about)
    sentence = explain(evidence)
    assert sentence.startswith("w ")
    assert "s3cret" not in sentence
    return sentence


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            FileNotFoundError("weather"),
            (
                "w cannot start: there is no program 'weather'. "
                "Install it, or write its full path in mcpServers.w.command."
            ),
        ),
        (
            FileNotFoundError(2, "No such file", "/nowhere"),
            "w cannot start: its folder '/nowhere' does not exist. Correct mcpServers.w.cwd.",
        ),
        (
            FileNotFoundError(2, "No such file", "/usr/bin/weather"),
            (
                "w cannot start: 'weather' needs a program that does not exist. "
                "Install it again, or correct mcpServers.w.command."
            ),
        ),
        (
            PermissionError("weather"),
            "w cannot start: 'weather' may not be executed. Correct its permissions or mcpServers.w.command.",
        ),
        (
            NotADirectoryError(20, "Not a directory", "/nowhere"),
            "w cannot start: its folder '/nowhere' cannot be entered. Correct mcpServers.w.cwd.",
        ),
        (
            PermissionError(13, "Permission denied", "/nowhere"),
            "w cannot start: its folder '/nowhere' cannot be entered. Correct mcpServers.w.cwd.",
        ),
        (OSError(8, "Exec format error"), "w cannot start: [Errno 8] Exec format error."),
    ],
)
async def test_server_that_cannot_be_started(error: OSError, sentence: str) -> None:
    """What the system says becomes the mistake in servers.json that it stands for."""
    assert told(ServerProcess(), error) == sentence


async def test_server_that_ended() -> None:
    """Exit code, last words and what becomes of it are told, before and after it was ready."""
    about = await ended(3, b"reading", b"FATAL: no \x1b[31mdatabase")
    words = "Its last words: reading\nFATAL: no  [31mdatabase"
    assert told(about) == f"w ended with exit code 3 before it was ready; try its command. {words}"
    assert told(about, MCPError(-32000, "Connection closed"), was_ready=True) == (
        f"w ended with exit code 3 while in use; it is started again. {words}"
    )


async def test_server_that_is_no_mcp_server() -> None:
    """Output that is no message is counted, and the likely reason given."""
    about = await ended(0)
    about.junk = 7
    assert told(about) == (
        "w ended with exit code 0 before it was ready; try its command. "
        "It printed 7 lines that are no MCP messages: is it an MCP server that logs to stderr?"
    )
    assert told(about, TimeoutError()).startswith(
        "w gave no usable answer within 5 s of its start. It printed 7 lines that are no MCP messages"
    )


def _deaf(about: ServerProcess) -> None:
    about.deaf = True


def _forced(about: ServerProcess) -> None:
    about.forced = True


def _overlong(about: ServerProcess) -> None:
    about.overlong = True


def _babbling(about: ServerProcess) -> None:
    about.babbling = True
    about.junk = 1_001


def _unguarded(about: ServerProcess) -> None:
    about.unguarded = True


@pytest.mark.parametrize(
    ("spoil", "start"),
    [
        (_deaf, "w stopped reading what it was sent while in use; it is started again."),
        (_forced, "w closed its input or its output while in use; it is started again."),
        (_overlong, "w was stopped because it sent a message of more than 8,000,000 bytes."),
        (
            _babbling,
            (
                "w was stopped because it printed 1,001 lines that are no MCP messages, and went on. "
                "Its output is for messages only: have it log to stderr."
            ),
        ),
        (_unguarded, "w was stopped because the process in which batonmcp watches over it was killed."),
    ],
)
async def test_server_that_we_ended(spoil: Callable[[ServerProcess], None], start: str) -> None:
    """An exit code that our own signal caused is not told as the server's doing."""
    about = await ended(1)
    spoil(about)
    assert told(about, was_ready=True) == start


async def test_server_that_answers_wrongly() -> None:
    """A refusal is told in the server's words, anything else as a broken protocol."""
    about = ServerProcess()
    about.began(await finished(0))
    assert told(about, MCPError(-32603, "no list\n today.")) == "w refused the connection: no list today."
    assert told(about, RuntimeError("odd version")) == "w broke the protocol (odd version)."


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "answered 401: it does not accept what it was sent to prove who you are. Check mcpServers.w.headers"),
        (403, "answered 403: it does not accept"),
        (404, "answered 404: at its address there is no MCP server. Check mcpServers.w.url."),
        (405, "answered 405: at its address"),
        (500, "answered 500; try again later."),
    ],
)
async def test_status_means_something(status: int, said: str) -> None:
    """A refusal's status leads to the setting that is probably wrong."""
    exchange = HttpExchange()
    exchange.refusal = status
    assert told(exchange, MCPError(-32603, "Server returned an error response")).startswith(f"w {said}")


async def test_server_over_http_that_is_not_there() -> None:
    """An unreachable address is told without the secrets in it, whatever the last answer from there was."""
    exchange = HttpExchange()
    exchange.refusal = 405
    expected = (
        "w cannot be reached at https://example.com/mcp (All attempts failed). Check the address and the network."
    )
    assert told(exchange, httpx2.ConnectError("All attempts failed"), was_ready=True) == expected


async def test_server_over_http_that_is_something_else() -> None:
    """Silence and answers that are not MCP are told from an address that cannot be reached."""
    assert told(HttpExchange(), TimeoutError()) == ("w gave no usable answer within 5 s. Check mcpServers.w.url.")
    assert told(HttpExchange(), MCPError(-32600, "Unexpected content type: text/html")) == (
        "w does not answer as an MCP server at https://example.com/mcp (Unexpected content type: text/html). "
        "Check mcpServers.w.url."
    )


async def test_server_over_http_that_was_restarted() -> None:
    """A server that has forgotten the session is connected anew."""
    exchange = HttpExchange()
    exchange.refusal = 404
    exchange.forgotten.set()
    assert told(exchange, was_ready=True) == "w has been started again meanwhile; it is connected anew."


async def test_entry_that_cannot_be_used() -> None:
    """A server that was never tried has the trouble that its entry has."""
    settings = ServerSettings(name="w", transport=None, trouble="w is not used: the variable X is not set.")
    assert explain(Evidence(settings=settings, connect_timeout=5)) == settings.trouble


async def test_brief_is_one_line() -> None:
    """An error's text is bounded, on one line and without a full stop; an error without text has its name."""
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(list[int]).validate_python([1, "x"])
    assert brief(caught.value) == "1: Input should be a valid integer, unable to parse string as an integer"
    assert brief(ValueError("a\n  b.")) == "a b"
    assert brief(OSError()) == "OSError"
    assert brief(None) == "it ended"
    assert len(brief(ValueError("x" * 9_000))) == 300
