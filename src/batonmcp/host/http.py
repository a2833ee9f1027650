"""Serving hosts over HTTP, on this machine alone."""

import logging
import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from ipaddress import ip_address
from typing import Final, cast

import anyio
import uvicorn
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp

from batonmcp.core.errors import ConfigError
from batonmcp.host.ending import REAPED, end_at_signal
from batonmcp.host.http_connections import HttpConnection, most_connections
from batonmcp.host.http_guard import LARGEST_BODY, HttpGuard
from batonmcp.host.server import Front

__all__ = ["PATH", "app_of", "listen_on", "serve_http", "serve_on", "url_of"]

PATH: Final = "/mcp"

_LONGEST_LEAVE = 0.8 if REAPED else 1.4
"""Seconds from a signal to the end."""

_KEPT_ALIVE = 10
"""Seconds for which a connection is kept after an answer."""

_MOST_SESSIONS = 1_000
_SESSION_PATIENCE = 1_800.0
"""Seconds after which a session of the older era ends that has no request open."""

_NAMES = ("127.0.0.1", "::1", "localhost")


async def serve_http(front: Front, *, host: str, port: int) -> None:
    """Serve until a signal arrives, which ends the process.

    Raises:
        ConfigError: The address is not one of this machine alone, or is not free.
    """
    with listen_on(host, port) as listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(end_at_signal, front, tasks, leave=_LONGEST_LEAVE))
            sys.stderr.write(f"batonmcp serves {url_of(listener)}\n")
            sys.stderr.flush()
            await serve_on(front, listener)


async def serve_on(front: Front, listener: socket.socket, *, most: int | None = None) -> None:
    """Serve until cancelled.

    Args:
        front: Answers.
        listener: Where hosts connect.
        most: How many connections there may be; None for what the system allows.
    """
    logging.getLogger("uvicorn.error").setLevel(logging.ERROR)  # else every odd request is a line in our log
    config = uvicorn.Config(
        app_of(front, listener.getsockname()[0]),
        http=HttpConnection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=(most or most_connections()) + 1,
        timeout_keep_alive=_KEPT_ALIVE,
    )
    async with front.server.session_manager.run():
        await _Server(config).serve(sockets=[listener])


def app_of(front: Front, address: str) -> ASGIApp:
    """Return the application that speaks both eras, behind its guard; its session manager has yet to be run."""
    names = {*_NAMES, address}
    shown = [_shown(name) for name in sorted(names)]
    app = front.server.streamable_http_app(
        streamable_http_path=PATH,
        max_request_body_size=LARGEST_BODY,
        max_sessions=_MOST_SESSIONS,
        session_idle_timeout=_SESSION_PATIENCE,
        transport_security=TransportSecuritySettings(
            allowed_hosts=[*shown, *(f"{name}:*" for name in shown)],
            allowed_origins=[
                f"{scheme}://{name}{end}" for scheme in ("http", "https") for name in shown for end in ("", ":*")
            ],
        ),
    )
    return HttpGuard(app, hosts=names)


def listen_on(host: str, port: int) -> socket.socket:
    """Return a socket that listens, on this machine alone.

    Raises:
        ConfigError: The address is not one of this machine alone, or is not free.
    """
    address = "127.0.0.1" if host.lower() == "localhost" else host.strip("[]")
    if not _is_loopback(address):
        raise ConfigError(
            place=f"--host {host}",
            message="is not an address of this machine alone, and there is no authentication yet: whoever reaches it "
            "could use every server of yours.",
            cure="Leave it out, or write 127.0.0.1; for another machine, forward the port over ssh (ssh -L).",
        )
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        return socket.create_server((address, port), family=family)
    except OSError as error:
        raise ConfigError(
            place=f"--port {port}",
            message=f"cannot be listened on at {address}: {error.strerror or error}.",
            cure="End the program that has it, choose another port, or write 0 for any that is free.",
        ) from None


def url_of(listener: socket.socket) -> str:
    """Return the address of the endpoint."""
    address, port = listener.getsockname()[:2]
    return f"http://{_shown(address)}:{port}{PATH}"


class _Server(uvicorn.Server):
    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until cancelled, and then end what is on its way: uvicorn would wait for it."""
        self.servers = []
        try:
            await super().serve(sockets)
        finally:
            for server in self.servers:
                server.close()
            for connection in cast("set[HttpConnection]", self.server_state.connections).copy():
                connection.drop()

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Leave signals to us."""
        yield


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _shown(address: str) -> str:
    return f"[{address}]" if ":" in address else address
