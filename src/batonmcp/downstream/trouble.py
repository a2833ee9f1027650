"""The sentence that says why a server is not connected, and what to do."""

from dataclasses import dataclass

import httpx2
from mcp import MCPError
from pydantic import ValidationError

from batonmcp.config.settings import HttpServer, ServerSettings, StdioServer
from batonmcp.core.limits import Limits
from batonmcp.downstream.http.exchange import HttpExchange
from batonmcp.downstream.http.failure import HttpFailure
from batonmcp.downstream.http.origin import public_address
from batonmcp.downstream.http.trouble import http_trouble
from batonmcp.downstream.stdio.process import ServerProcess

__all__ = ["Evidence", "brief", "explain"]

_LONGEST = 300


@dataclass(slots=True, kw_only=True)
class Evidence:
    """What is known when a connection has ended.

    Attributes:
        settings: The server's entry in servers.json.
        connect_timeout: How long it had to get ready, in seconds.
        max_bytes: Largest message that it may send, in bytes.
        was_ready: Whether it ever did.
        lasted: For how long it then was, in seconds.
        error: What was raised; None if the server just ended.
        process: Its process, over stdio.
        exchange: Its responses, over HTTP.
        wedged: Whether it was given up because none of its last calls was answered.
        idle: Whether it was stopped because nobody used it.
    """

    settings: ServerSettings
    connect_timeout: float
    max_bytes: int = Limits().result_bytes
    was_ready: bool = False
    lasted: float = 0.0
    error: BaseException | None = None
    process: ServerProcess | None = None
    exchange: HttpExchange | None = None
    wedged: bool = False
    idle: bool = False

    @property
    def forgotten(self) -> bool:
        """Whether the server no longer knows our session."""
        return self.exchange is not None and self.exchange.forgotten.is_set()

    @property
    def retry_after(self) -> float:
        """In how many seconds the server wants to be asked again; 0 if it has not said."""
        return (self.exchange and self.exchange.retry_after) or 0.0

    def rest_wanted_by(self, error: BaseException | None) -> float:
        """Return the same of the refusal that an error stands for."""
        failure = self.exchange.failure_of(error) if self.exchange else None
        return (failure and failure.retry_after) or 0.0


def explain(evidence: Evidence) -> str:
    """Return why a connection has ended, as one or two sentences that begin with the server's name."""
    name = evidence.settings.name
    if evidence.wedged:
        return f"{name} did not answer any of its last calls; it is connected anew."
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
    if offence := _offence(process):
        return f"was stopped because {offence}"
    if isinstance(evidence.error, TimeoutError):
        return _not_ready(evidence, process) + words
    if process.closed.is_set():
        when = "while in use; it is started again" if evidence.was_ready else "before it was ready; try its command"
        return f"{_how_it_ended(process)} {when}.{_junk(process)}{words}"
    if isinstance(evidence.error, MCPError):
        return f"refused the connection: {brief(evidence.error)}.{words}"
    return f"broke the protocol ({brief(evidence.error)}).{words}"


def _offence(process: ServerProcess) -> str:
    """Return what a server did that we do not bear; empty if nothing."""
    if process.overlong:
        return f"it sent a message of more than {process.max_bytes:,} bytes."
    if process.babbling:
        return (
            f"it printed {process.junk:,} lines that are no MCP messages, and went on. "
            "Its output is for messages only: have it log to stderr."
        )
    return "the process in which batonmcp watches over it was killed." if process.unguarded else ""


def _how_it_ended(process: ServerProcess) -> str:
    if process.deaf:
        return "stopped reading what it was sent"
    return "closed its input or its output" if process.forced else f"ended with exit code {process.exit_code}"


def _not_started(evidence: Evidence, server: StdioServer) -> str:
    place = f"mcpServers.{evidence.settings.name}"
    match evidence.error:
        case FileNotFoundError(filename=filename) if filename is not None and filename == server.cwd:
            return f"cannot start: its folder {server.cwd!r} does not exist. Correct {place}.cwd."
        case OSError(filename=filename) if filename is not None and filename == server.cwd:
            return f"cannot start: its folder {server.cwd!r} cannot be entered. Correct {place}.cwd."
        case FileNotFoundError(errno=int()):  # the system found the file, but not what its first line names
            return (
                f"cannot start: {server.command!r} needs a program that does not exist. "
                f"Install it again, or correct {place}.command."
            )
        case FileNotFoundError():
            return (
                f"cannot start: there is no program {server.command!r}. "
                f"Install it, or write its full path in {place}.command."
            )
        case PermissionError():
            return f"cannot start: {server.command!r} may not be executed. Correct its permissions or {place}.command."
        case _:
            return f"cannot start: {brief(evidence.error)}."


def _not_ready(evidence: Evidence, process: ServerProcess) -> str:
    return f"gave no usable answer within {evidence.connect_timeout:g} s of its start.{_junk(process)}"


def _junk(process: ServerProcess) -> str:
    if not process.junk:
        return ""
    return f" It printed {process.junk} lines that are no MCP messages: is it an MCP server that logs to stderr?"


def _http(evidence: Evidence, server: HttpServer, exchange: HttpExchange) -> str:
    place = f"mcpServers.{evidence.settings.name}"
    failure = exchange.failure_of(evidence.error)
    if failure is None and evidence.forgotten and exchange.failure and exchange.failure.kind == "unreachable":
        failure = exchange.failure
    if failure is None and isinstance(evidence.error, httpx2.TransportError):
        failure = HttpFailure(kind="unreachable", said=brief(evidence.error))
    if failure and failure.kind == "unreachable":
        return http_trouble(failure, evidence.settings)
    if evidence.forgotten:
        return "has been started again meanwhile; it is connected anew."
    if failure:
        return http_trouble(failure, evidence.settings)
    if exchange.refusal is not None:
        return http_trouble(HttpFailure(kind="refused", status=exchange.refusal), evidence.settings)
    if isinstance(evidence.error, TimeoutError):
        return f"gave no usable answer within {evidence.connect_timeout:g} s. Check {place}.url."
    address = public_address(server.url)
    return f"does not answer as an MCP server at {address} ({brief(evidence.error)}). Check {place}.url."


def brief(error: BaseException | None) -> str:
    """Return an error's text on one line, without a full stop."""
    match error:
        case None:
            return "it ended"
        case ValidationError():
            first = error.errors()[0]
            text = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
        case _:
            text = " ".join(str(error).split()) or type(error).__name__
    return text[:_LONGEST].rstrip(".")
