"""The commands that change a host's file: install and import."""

import os
from functools import partial
from pathlib import Path
from typing import Annotated

import anyio
import typer

from batonmcp.cli.install import Installation, uninstall
from batonmcp.cli.install import install as put_in
from batonmcp.cli.invocation import ConfigOption, invocation_of
from batonmcp.config.hosts.known import HOSTS, HostName, System
from batonmcp.config.load import config_to_write, find_config

__all__ = ["import_", "install"]

_HostArgument = Annotated[HostName, typer.Argument(metavar="HOST", help=f"One of {', '.join(HOSTS)}.")]
_HostFile = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="The host's file, if it is not where it usually is.")
]
_Project = Annotated[bool, typer.Option("--project", help="The host's file of the project in this folder.")]
_Name = Annotated[str, typer.Option(metavar="NAME", help="What batonmcp is called in the host.")]
_ReadOnly = Annotated[bool, typer.Option("--read-only", help="Have it refuse every plan with a step that is not read.")]


def install(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    host: _HostArgument,
    *,
    read_only: _ReadOnly = False,
    name: _Name = "batonmcp",
    file: _HostFile = None,
    project: _Project = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take out again what this put in.")] = False,
    config: ConfigOption = None,
) -> None:
    """Write or take out our entry."""
    given = invocation_of(context)
    wanted = _installation(host, file, name=name, read_only=read_only, project=project)
    if undo:
        raise typer.Exit(uninstall(wanted, given.echo))
    path = find_config(config or given.config, os.environ)
    raise typer.Exit(anyio.run(partial(put_in, wanted, path, os.environ, given.echo, yes=yes)))


def import_(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    host: _HostArgument,
    *,
    only: Annotated[str, typer.Option("--only", metavar="NAME,...", help="Only these servers.")] = "",
    keep: Annotated[bool, typer.Option("--keep", help="Leave them in the host as well.")] = False,
    install: Annotated[
        bool | None, typer.Option("--install/--no-install", help="Whether batonmcp is put in; not with --keep.")
    ] = None,
    read_only: _ReadOnly = False,
    name: _Name = "batonmcp",
    file: _HostFile = None,
    project: _Project = False,
    yes: Annotated[bool, typer.Option("--yes", help="Write without asking.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back the last import from this host.")] = False,
    config: ConfigOption = None,
) -> None:
    """Take servers over, or give them back."""
    from batonmcp.cli.import_ import Import, import_servers, undo_import  # noqa: PLC0415 - one command's imports at a time

    given = invocation_of(context)
    installation = _installation(host, file, name=name, read_only=read_only, project=project)
    if undo:
        raise typer.Exit(undo_import(installation, given.echo))
    wanted = Import(
        installation=installation,
        config=config_to_write(config or given.config, os.environ).absolute(),
        only=tuple(filter(None, map(str.strip, only.split(",")))),
        keep=keep,
        install=not keep if install is None else install,
    )
    raise typer.Exit(anyio.run(partial(import_servers, wanted, os.environ, given.echo, yes=yes)))


def _installation(host: HostName, file: Path | None, *, name: str, read_only: bool, project: bool) -> Installation:
    known = HOSTS[host]
    path = file or known.file(System.here(), project=Path.cwd() if project else None)
    return Installation(host=known, file=path, name=name, read_only=read_only)
