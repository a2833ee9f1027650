"""The command `serve`.

It stands apart from the other commands because hosts wait for its first answer: nothing is imported before that answer
but what it needs.
"""

import argparse
import importlib
import logging
import os
import shlex
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import anyio
import anyio.to_thread

from batonmcp.cli.logs import log_to_stderr
from batonmcp.config.itself import our_program
from batonmcp.config.lineage import started_by_batonmcp
from batonmcp.config.load import find_config, load
from batonmcp.config.settings import Settings
from batonmcp.core.attachment import Contents
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import ConfigError
from batonmcp.core.outcome import Failed
from batonmcp.core.record import RunRecord
from batonmcp.core.registry import Registry
from batonmcp.host.backend import Backend
from batonmcp.host.server import Front
from batonmcp.host.stdio import serve_stdio
from batonmcp.stages.audience import Audience
from batonmcp.stages.ports import Ports
from batonmcp.stages.task import Task
from batonmcp.store.approvals import Approvals

if TYPE_CHECKING:
    from types import ModuleType

    from batonmcp.cli.compose import Hub

__all__ = ["main", "make_front"]

_BAD_USAGE = 2
_HOST = "127.0.0.1"
_PORT = 8765
_LAST_PORT = 65_535


class _Orchestrate(Protocol):
    """`batonmcp.stages.orchestrate.orchestrate`, which is imported late."""

    async def __call__(self, task: Task, ports: Ports, audience: Audience) -> RunRecord:
        """Run one task."""
        ...


def main(arguments: Sequence[str]) -> None:
    """Serve the host that started us, until it closes our standard input; or all hosts on this machine over HTTP."""
    options = _options(arguments)
    discretion = Discretion()
    log_to_stderr(discretion)
    try:
        anyio.run(_serve, options, discretion)
    except ConfigError as error:
        sys.stderr.write(f"batonmcp: {discretion.text(str(error))}\n")
        raise SystemExit(_BAD_USAGE) from None


async def _serve(options: argparse.Namespace, discretion: Discretion) -> None:
    front = partial(make_front, options.config, os.environ, discretion, read_only=options.read_only)
    if options.transport == "stdio":
        await serve_stdio(front())
        return
    serve_http = importlib.import_module("batonmcp.host.http").serve_http  # whom stdio serves need not wait for it
    await serve_http(front(shared=True), host=options.host, port=options.port)


def make_front(
    config: Path | None,
    environment: Mapping[str, str],
    discretion: Discretion | None = None,
    *,
    read_only: bool,
    shared: bool = False,
) -> Front:
    """Read the configuration and prepare the server, with nothing connected yet.

    The discretion, which others may share, learns what must not be said.

    Raises:
        ConfigError: The configuration cannot be used, or we are our own downstream server.
    """
    discretion = discretion or Discretion()
    settings = load(find_config(config, environment), environment)
    discretion.learn(settings.secrets)
    if read_only:
        settings = replace(settings, policy=replace(settings.policy, profile="read_only"))
    if started_by_batonmcp(environment):
        raise ConfigError(
            place=str(settings.source),
            message="batonmcp was started by batonmcp as one of its own servers, which would never end.",
            cure="Remove the entry of servers.json that starts it.",
        )
    for warning in settings.warnings:
        logging.getLogger(__name__).warning("%s", warning)
    return Front(
        partial(_open_backend, settings, discretion),
        discretion=discretion,
        agents=[server.name for server in settings.servers],
        limits=settings.limits,
        policy=settings.policy,
        approve_command=_approve_command(settings.source),
        shared=shared,
    )


@asynccontextmanager
async def _open_backend(settings: Settings, discretion: Discretion) -> AsyncGenerator[Backend]:
    compose = await _import("batonmcp.cli.compose")
    orchestrate = (await _import("batonmcp.stages.orchestrate")).orchestrate
    open_hub = partial(compose.open_hub, settings, discretion=discretion, without_llm="host")
    async with open_hub(watching=True) as hub:
        yield _Behind(hub, orchestrate)


class _Behind:
    """The backend: runs over everything that is configured."""

    def __init__(self, hub: "Hub", orchestrate: _Orchestrate) -> None:
        self._hub = hub
        self._orchestrate = orchestrate

    @property
    def approvals(self) -> Approvals:
        """The questions to people that all processes see."""
        return self._hub.approvals

    async def run(self, task: Task, audience: Audience) -> RunRecord:
        """Run a task."""
        return await self._orchestrate(task, self._hub.ports, audience)

    async def kept(self, run_id: str) -> Mapping[str, Any] | None:
        """Return what the store has of a run."""
        return await self._hub.runs.get(run_id)

    async def read_resource(self, server: str, uri: str) -> Sequence[Contents] | Failed:
        """Have a server read one of its resources."""
        ports = self._hub.ports
        return await ports.tools.read_resource(server, uri, within=ports.limits.call_timeout)

    async def agents(self, *, other_than: Registry | None = None) -> Registry:
        """Return what is known of the servers, once it is something else than this."""
        tools = self._hub.ports.tools
        return await (tools.registry() if other_than is None else tools.changed(other_than))


async def _import(name: str) -> "ModuleType":
    """Import in a thread: it takes a while, and the host may be asking things meanwhile."""
    return await anyio.to_thread.run_sync(importlib.import_module, name)


def _approve_command(config: Path) -> str:
    """Return what a person types to decide about a run, wherever they are: few have our folder on their PATH."""
    return shlex.join([*our_program(), "--config", str(config.absolute()), "approve"])


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.transport == "stdio" and not (options.host is None and options.port is None):
        parser.error("--host and --port are for --transport http")
    options.host = options.host or _HOST
    options.port = _PORT if options.port is None else options.port
    return options


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > _LAST_PORT:
        why = f"{text!r} is no port: a number from 0 to {_LAST_PORT}"
        raise argparse.ArgumentTypeError(why)
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="batonmcp serve",
        description="Serve as an MCP server with one tool, orchestrate: on standard input and output, or over HTTP.",
        epilog="Hosts start this command; see the README for the exact entries. Over HTTP you start it, and hosts on "
        "this machine connect to the address that it tells.",
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="servers.json to use")
    parser.add_argument(
        "--transport", choices=["stdio", "http"], default="stdio", help="how hosts connect (default: stdio)"
    )
    parser.add_argument("--host", metavar="ADDRESS", help=f"with http: where to listen (default: {_HOST})")
    parser.add_argument("--port", type=_port, metavar="N", help=f"with http: 0 for any that is free (default: {_PORT})")
    parser.add_argument("--read-only", action="store_true", help="refuse every plan with a step that is not read")
    return parser
