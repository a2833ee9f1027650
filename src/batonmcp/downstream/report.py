"""The report on a server: its state and what is known of it, for people."""

import shlex
from dataclasses import dataclass
from typing import Literal, TypeAlias

from batonmcp.config.settings import HttpServer, ServerSettings, StdioServer
from batonmcp.downstream.http.origin import public_address

__all__ = ["ServerReport", "ServerState", "started"]

ServerState: TypeAlias = Literal["connecting", "ready", "degraded", "broken", "idle", "disabled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerReport:
    """What is known of one server.

    Attributes:
        name: Its key in servers.json.
        title: Its display name.
        state: `ready`; `degraded`, connected but something is wrong; `connecting`; `broken`, to be tried again; `idle`,
            stopped until it is needed; `disabled`, its entry cannot be used.
        started: How it is reached: its command line, or its address.
        speaks: The protocol era, `sse` for the older one over the older transport; None before it is known.
        ready_in: How long it took to get ready, in seconds; None if it never was.
        tools: How many it offers.
        connects: How often it was tried to connect to it.
        trouble: What is wrong, as sentences.
        notes: What was repaired or left out, as sentences.
        last_words: The end of its standard error.
    """

    name: str
    title: str
    state: ServerState
    started: str
    speaks: Literal["legacy", "modern", "sse"] | None = None
    ready_in: float | None = None
    tools: int = 0
    connects: int = 0
    trouble: str | None = None
    notes: tuple[str, ...] = ()
    last_words: str = ""


def started(settings: ServerSettings) -> str:
    """Say how a server is reached."""
    match settings.transport:
        case StdioServer(command=command, args=args):
            return shlex.join([command, *args])
        case HttpServer(url=url):
            return public_address(url)
        case None:
            return ""
