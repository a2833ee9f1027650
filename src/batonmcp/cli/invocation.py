"""One invocation of the command line: what the parts of a command share."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, TypeAlias, cast

import typer

from batonmcp.cli.echo import Echo
from batonmcp.config.load import find_config, load
from batonmcp.config.settings import Settings

__all__ = ["ConfigOption", "Invocation", "invocation_of"]

ConfigOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="servers.json to use; else $BATONMCP_CONFIG, then ./servers.json."),
]


@dataclass(slots=True)
class Invocation:
    """What was said before the command, and where it prints.

    Attributes:
        echo: Prints without secrets.
        config: servers.json, where it is named; an option behind the command counts more.
    """

    echo: Echo
    config: Path | None = None

    def settings(self, config: Path | None) -> Settings:
        """Read servers.json, learn what must not be said, and tell its warnings.

        Raises:
            ConfigError: There is none, or it cannot be used.
        """
        settings = load(find_config(config or self.config, os.environ), os.environ)
        self.echo.discretion.learn(settings.secrets)
        for warning in settings.warnings:
            self.echo.err(f"batonmcp: {warning}")
        return settings


def invocation_of(context: typer.Context) -> Invocation:
    """Return the invocation that a command is part of."""
    return cast("Invocation", context.obj)
