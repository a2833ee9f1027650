"""The sentence that says why a server is not connected, and what to do."""

from dataclasses import dataclass

from mcp import MCPError

from batonmcp.config.settings import HttpServer, ServerSettings, StdioServer
from batonmcp.downstream.http import HttpExchange
from batonmcp.downstream.stdio import MAX_LINE, ServerProcess

__all__ = ["Evidence", "explain"]


@dataclass(slots=True, kw_only=True)
class Evidence:
    """What is known when a connection has ended.

    Attributes:
        settings: The server's entry in servers.json.
        connect_timeout: How long it had to get ready, in seconds.
        was_ready: Whether it ever did.
        error: What was raised; None if the server just ended.
        process: Its process, over stdio.
        exchange: Its responses, over HTTP.
    """

    settings: ServerSettings
    connect_timeout: float
    was_ready: bool = False
    error: BaseException | None = None
    process: ServerProcess | None = None
    exchange: HttpExchange | None = None


def explain(evidence: Evidence) -> str:
    """Return one or two sentences that begin with the server's name."""
    name = evidence.settings.name
    match evidence.settings.transport:
        case StdioServer() as server if evidence.process:
            return f"{name} {_process(evidence, server, evidence.process)}"
        case HttpServer() as server if evidence.exchange:
            return f"{name} {_http(evidence, server, evidence.exchange)}"
        case _:
            return evidence.settings.trouble or f"{name} is not configured."


def _process(evidence: Evidence, server: StdioServer, process: ServerProcess) -> str:
    words = f" Its last words: {process.last_words}" if process.last_words else ""
    if process.pid is None:
        return _not_started(evidence, server)
    if process.overlong:
        return f"was stopped because it sent a message of more than {MAX_LINE:,} bytes."
    if isinstance(evidence.error, TimeoutError):
        return _not_ready(evidence, process) + words
    if process.closed.is_set():
        when = "while in use; it is started again" if evidence.was_ready else "before it was ready; try its command"
        return f"ended with exit code {process.exit_code} {when}.{_junk(process)}{words}"
    if isinstance(evidence.error, MCPError):
        return f"refused the connection: {evidence.error}.{words}"
    return f"broke the protocol ({_short(evidence.error)}).{words}"


def _not_started(evidence: Evidence, server: StdioServer) -> str:
    place = f"mcpServers.{evidence.settings.name}"
    match evidence.error:
        case FileNotFoundError(filename=filename) if filename is not None and filename == server.cwd:
            return f"cannot start: its folder {server.cwd!r} does not exist. Correct {place}.cwd."
        case FileNotFoundError():
            return (
                f"cannot start: there is no program {server.command!r}. "
                f"Install it, or write its full path in {place}.command."
            )
        case PermissionError():
            return f"cannot start: {server.command!r} may not be executed. Correct its permissions or {place}.command."
        case _:
            return f"cannot start: {_short(evidence.error)}."


def _not_ready(evidence: Evidence, process: ServerProcess) -> str:
    return f"gave no usable answer within {evidence.connect_timeout:g} s of its start.{_junk(process)}"


def _junk(process: ServerProcess) -> str:
    if not process.junk:
        return ""
    return f" It printed {process.junk} lines that are no MCP messages: is it an MCP server that logs to stderr?"


def _http(evidence: Evidence, server: HttpServer, exchange: HttpExchange) -> str:
    place = f"mcpServers.{evidence.settings.name}"
    match exchange.refusal:
        case 401 | 403:
            return (
                f"answered {exchange.refusal}: it does not accept what it was sent to prove who you are. "
                f"Check {place}.headers, usually an Authorization header."
            )
        case 404 | 405:
            return f"answered {exchange.refusal}: {server.url} is not the address of an MCP server. Check {place}.url."
        case int():
            return f"answered {exchange.refusal}; it is tried again."
        case None:
            pass
    if isinstance(evidence.error, TimeoutError):
        return f"gave no usable answer within {evidence.connect_timeout:g} s. Check {place}.url."
    return f"cannot be reached at {server.url} ({_short(evidence.error)}). Check the address and the network."


def _short(error: BaseException | None) -> str:
    text = " ".join(str(error).split()) if error else "it ended"
    return (text or type(error).__name__)[:300]
