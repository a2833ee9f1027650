"""The command `import`: a host's servers, taken over into servers.json."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from batonmcp.cli.addressee import addressee
from batonmcp.cli.echo import Echo
from batonmcp.cli.install import Installation, with_our_entry
from batonmcp.cli.proposal import NEEDS_DECISION, accepted, make_all, remember, show
from batonmcp.cli.saved import what_is_saved
from batonmcp.config.change import Change, Made, take_back
from batonmcp.config.hosts.adopt import Adoption, adopt
from batonmcp.config.hosts.document import HostFile, read_host_file, tokens_in
from batonmcp.config.hosts.seen import as_a_host_starts_it, lost_without_the_shell
from batonmcp.config.journal import Journal, Record
from batonmcp.config.json_edit import remove_value
from batonmcp.config.settings import Settings
from batonmcp.downstream.fleet import open_fleet

__all__ = ["Import", "import_servers", "undo_import"]

_TO_LIST_S: Final = 10.0
_USABLE: Final = {"ready", "degraded", "idle"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What is to come over.

    Attributes:
        installation: The host's file, and what we are to be called there.
        config: The servers.json that takes the servers in; it need not exist.
        only: The names of the wanted servers; empty for all.
        keep: Whether they stay in the host as well.
        install: Whether our entry is put there.
    """

    installation: Installation
    config: Path
    only: tuple[str, ...] = ()
    keep: bool = False
    install: bool = True


async def import_servers(wanted: Import, environment: Mapping[str, str], echo: Echo, *, yes: bool) -> int:
    """Take a host's servers over, tell what that means, take them out of the host, and return the exit code.

    Raises:
        BatonError: A file cannot be used.
    """
    host, path = wanted.installation.host, wanted.installation.file
    file = read_host_file(host, path)
    echo.discretion.learn(frozenset(tokens_in(dict(file.document))))
    adoption = adopt(file, wanted.config, environment, only=wanted.only)
    echo.discretion.learn(adoption.secrets)
    _tell(adoption, wanted, echo)
    if not adoption.names:
        echo.out(f"{file.path} has no server to import.")
        return int(bool(adoption.refused))
    if adoption.changes:
        echo.out(f"Then each is started, and {_then(wanted)}.")
        decision = await accepted(f"Write this into {wanted.config}?", yes=yes)
        if not decision:
            echo.out("Nothing was changed." + (" Say --yes to do this." if decision is None else ""))
            return NEEDS_DECISION if decision is None else 1
    made: list[Made] = []
    try:
        make_all(adoption.changes, made, echo)
        code = await _go_on(wanted, file, adoption, echo, environment=environment, made=made, yes=yes)
    finally:
        if made:
            remember(Record(what="import", file=file.path, made=tuple(made)), echo)
    return code or int(bool(adoption.refused))


def undo_import(installation: Installation, echo: Echo) -> int:
    """Take back what the last import from a host's file changed, and return the exit code.

    Raises:
        ConfigError: A file cannot be used.
    """
    journal = Journal()
    record = journal.last("import", installation.file.absolute())
    if record is None:
        echo.out(f"Nothing was imported from {installation.file.absolute()} that could be taken back.")
        return 0
    for made in reversed(record.made):
        for sentence in take_back(made):
            echo.out(sentence)
    journal.remove(record)
    echo.out(installation.host.restart)
    return 0


def _tell(adoption: Adoption, wanted: Import, echo: Echo) -> None:
    """Show what would be written; of secrets.env the names only."""
    show([change for change in adoption.changes if change.places], echo)
    if adoption.moved:
        home = adoption.changes[0].path
        echo.out(f"Secrets that stood there in plain text go to {home}: {', '.join(adoption.moved)}.\n")
    if adoption.present:
        echo.out(f"{wanted.config} has these already: {', '.join(adoption.present)}.")
    for sentence in (*adoption.refused, *adoption.notes):
        echo.err(f"batonmcp: {sentence}")


async def _go_on(  # noqa: PLR0913 - what the second half of the command needs of the first
    wanted: Import,
    before: HostFile,
    adoption: Adoption,
    echo: Echo,
    *,
    environment: Mapping[str, str],
    made: list[Made],
    yes: bool,
) -> int:
    """Connect to what was taken over, tell about it, and change the host's file."""
    seen = as_a_host_starts_it(wanted.config, environment)
    echo.discretion.learn(seen.secrets)
    working, troubles = await _tried(seen, adoption.names, wanted.installation.host.title, echo)
    for sentence in dict.fromkeys([*troubles, *lost_without_the_shell(wanted.config, environment, seen)]):
        echo.err(f"batonmcp: {sentence}")
    changes = _host_changes(wanted, before, working)
    if not changes:
        return int(bool(troubles))
    show(changes, echo)
    echo.out(addressee(seen))
    if troubles and not wanted.keep:
        echo.out(f"What did not start stays in {wanted.installation.host.title} for now.")
    decision = await accepted(_question(wanted, working), yes=yes)
    if not decision:
        echo.out(
            f"{wanted.installation.file} was left as it is." + (" Say --yes to do this." if decision is None else "")
        )
        return NEEDS_DECISION if decision is None else 0
    make_all(changes, made, echo)
    echo.out(wanted.installation.host.restart)
    return int(bool(troubles))


async def _tried(seen: Settings, names: Collection[str], title: str, echo: Echo) -> tuple[list[str], list[str]]:
    """Connect to servers, print what they mean to the host, and return which work, and why others do not."""
    servers = tuple(server for server in seen.servers if server.name in names)
    async with open_fleet(replace(seen, servers=servers)) as fleet:
        await fleet.settled()
        registry, reports = await fleet.registry(), fleet.reports()
        beside = await fleet.beside_tools(within=_TO_LIST_S)
    working = [report.name for report in reports if report.state in _USABLE]
    off = [name for name in names if name not in {server.name for server in servers}]
    if working:
        echo.out("\n".join(what_is_saved(registry, beside, title)))
    troubles = [report.trouble for report in reports if report.name not in working and report.trouble]
    return [*working, *off], troubles


def _host_changes(wanted: Import, before: HostFile, working: Collection[str]) -> list[Change]:
    """Return the change of the host's file, as it is by now; what was edited there meanwhile is not taken out."""
    installation = wanted.installation
    file = read_host_file(installation.host, installation.file)
    text, places = file.text, [] if wanted.keep else _places(file, before, working)
    for place in places:
        text = remove_value(text, place)
    if wanted.install and working:
        text, places = with_our_entry(file.edited(text), installation, wanted.config), [*places, installation.place]
    change = Change(path=file.path, data=file.data, before=file.text, after=text, places=tuple(places))
    return [change] if change else []


def _places(file: HostFile, before: HostFile, names: Collection[str]) -> list[tuple[str, ...]]:
    same = (name for name in names if name in file.servers and file.servers[name] == before.servers[name])
    return [(file.host.section, name) for name in same]


def _then(wanted: Import) -> str:
    title = wanted.installation.host.title
    ends = [f"those that work are taken out of {title}"] if not wanted.keep else []
    ends += [f"batonmcp is put into {title}"] if wanted.install else []
    return ", and ".join(ends) or f"what that means is told; {title} stays as it is"


def _question(wanted: Import, working: Collection[str]) -> str:
    title, count = wanted.installation.host.title, len(working)
    servers = "this server" if count == 1 else f"these {count} servers"
    if wanted.keep:
        return f"Put batonmcp into {title}?"
    return f"Take {servers} out of {title}" + (", and put batonmcp in?" if wanted.install else "?")
