"""The command line.

What a command needs besides the others is imported when it runs: those that start no server do without the SDK, whose
import takes most of their time.
"""

import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import anyio
import typer

from batonmcp import __version__
from batonmcp.cli import approve as approving
from batonmcp.cli import in_hosts
from batonmcp.cli import runs as keeping
from batonmcp.cli.echo import Echo
from batonmcp.cli.invocation import ConfigOption, Invocation, invocation_of
from batonmcp.cli.logs import log_to_stderr
from batonmcp.config.json_file import read_json
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import BatonError
from batonmcp.stages.task import Task

__all__ = ["app", "main"]

_BAD_USAGE = 2

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help reads the same in a pipe
    context_settings={"help_option_names": ["-h", "--help"]},
    help="One MCP tool that plays a whole set of MCP servers: route once, execute without a model, answer once.",
)


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - typer calls it with the option's value
    if wanted:
        typer.echo(f"batonmcp {__version__}")
        raise typer.Exit


_Version = Annotated[
    bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
]


def main(arguments: Sequence[str]) -> None:
    """Run a command and exit with its code; what goes wrong on purpose is one sentence on standard error."""
    echo = Echo(Discretion())
    log_to_stderr(echo.discretion)
    try:
        app(list(arguments), prog_name="batonmcp", obj=Invocation(echo))
    except BatonError as error:
        echo.err(f"batonmcp: {error}")
        sys.exit(_BAD_USAGE)


@app.callback()
def _root(context: typer.Context, config: ConfigOption = None, *, _version: _Version = False) -> None:
    invocation_of(context).config = config


@app.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    help="Serve a host as an MCP server with one tool, orchestrate.",
)
def serve(context: typer.Context) -> None:
    """Hand over to the command that stands apart."""
    from batonmcp.cli import serve as serving  # noqa: PLC0415 - one command's imports at a time

    config = invocation_of(context).config
    serving.main([*(["--config", str(config)] if config else []), *context.args])


@app.command(help="Run one task and print its answer.")
def ask(  # noqa: PLR0913 - one parameter an option
    context: typer.Context,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="The task in plain words.")] = "",
    *,
    output: Annotated[
        Literal["answer", "data", "plan"],
        typer.Option(help="An answer in words, the results as JSON, or the plan without running it."),
    ] = "answer",
    plan: Annotated[Path | None, typer.Option(metavar="FILE", help="Run this plan instead of making one.")] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", metavar="NAME=VALUE", help="A value for the plan; JSON, text, or @FILE. Repeatable."),
    ] = None,
    servers: Annotated[
        list[str] | None, typer.Option("--server", metavar="NAME", help="Use only this server. Repeatable.")
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Have the plan made anew, even if the same was asked before.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Run steps that may change something without asking.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the whole run record as JSON.")] = False,
    config: ConfigOption = None,
) -> None:
    """Ask, print, exit with the run's code."""
    from batonmcp.cli import ask as asking  # noqa: PLC0415 - one command's imports at a time

    given = invocation_of(context)
    settings = given.settings(config)
    task = Task(
        query=query,
        inputs=dict(map(asking.read_input, inputs or [])),
        servers=tuple(servers or ()) or None,
        output=output,
        plan=None if plan is None else read_json(plan, form='{"steps": [...]}'),
        fresh=fresh,
    ).checked(settings.limits)
    raise typer.Exit(anyio.run(partial(asking.ask, task, settings, given.echo, yes=yes, json=json)))


@app.command(help="List all tools of all servers.")
def tools(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON, schemas included.")] = False,
    review: Annotated[
        bool, typer.Option("--review", help="Show what each tool may do and why; on a terminal, decide about it.")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """List what the servers offer, and what is wrong with those that do not."""
    if review and json:
        message = "goes with the list, not with a review: a person reads that."
        raise typer.BadParameter(message, param_hint="--json")
    given = invocation_of(context)
    settings = given.settings(config)
    if review:
        from batonmcp.cli import review as reviewing  # noqa: PLC0415 - one command's imports at a time

        anyio.run(reviewing.review, settings, given.echo)
    else:
        from batonmcp.cli.tools import show_tools  # noqa: PLC0415 - one command's imports at a time

        anyio.run(partial(show_tools, settings, given.echo, json=json))


@app.command(help="Check every server: how it was started, what it offers, what is wrong and what to do.")
def doctor(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    config: ConfigOption = None,
) -> None:
    """Check the servers, and exit with 1 if something is wrong."""
    from batonmcp.cli import doctor as examining  # noqa: PLC0415 - one command's imports at a time

    given = invocation_of(context)
    raise typer.Exit(anyio.run(partial(examining.doctor, given.settings(config), given.echo, json=json)))


app.command(help="Put batonmcp into a host: show the change, ask, keep a copy, write.")(in_hosts.install)
app.command("import", help="Take over a host's servers into servers.json, and put batonmcp in their place.")(
    in_hosts.import_
)


@app.command(help="Decide about what a host asked for; without an id, list what waits for a decision.")
def approve(
    context: typer.Context,
    run_id: Annotated[
        str | None, typer.Argument(metavar="[RUN_ID]", help="As the host was given it, or how it begins.")
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
    config: ConfigOption = None,
) -> None:
    """List the questions, or put one to the person at the terminal and exit with 3 if it is still to be decided."""
    if run_id is not None and json:
        message = "goes with the list, not with a run: what one asks is decided on a terminal."
        raise typer.BadParameter(message, param_hint="--json")
    given = invocation_of(context)
    settings = given.settings(config)
    if run_id is None:
        anyio.run(partial(approving.list_questions, settings, given.echo, json=json))
        return
    raise typer.Exit(anyio.run(partial(approving.decide_question, settings, run_id, given.echo)))


runs = typer.Typer(rich_markup_mode=None, help="List the newest runs, or show one.")
app.add_typer(runs, name="runs")


@runs.callback(invoke_without_command=True)
def _runs(
    context: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many.")] = 20,
    config: ConfigOption = None,
) -> None:
    given = invocation_of(context)
    given.config = config or given.config
    if context.invoked_subcommand is None:
        anyio.run(partial(keeping.list_runs, given.settings(None), given.echo, limit=limit, json=json))


@runs.command(help="Show one run: its steps and its answer.")
def show(
    context: typer.Context,
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="As `batonmcp runs` lists it.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print the whole record as JSON.")] = False,
    config: ConfigOption = None,
) -> None:
    """Tell what became of a run."""
    given = invocation_of(context)
    anyio.run(partial(keeping.show_run, given.settings(config), run_id, given.echo, json=json))
