"""The command `install`: our entry in a host's file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from batonmcp.cli.addressee import addressee
from batonmcp.cli.echo import Echo
from batonmcp.cli.proposal import NEEDS_DECISION, accepted, make_all, remember, show
from batonmcp.config.change import Change, Made, take_back
from batonmcp.config.hosts.document import HostFile, read_host_file, tokens_in
from batonmcp.config.hosts.known import Host
from batonmcp.config.hosts.ours import fleeting, is_ours, our_entry
from batonmcp.config.hosts.seen import as_a_host_starts_it, lost_without_the_shell
from batonmcp.config.itself import our_program
from batonmcp.config.journal import Journal, Record
from batonmcp.config.json_edit import remove_value, set_value
from batonmcp.core.errors import BatonError

__all__ = ["Installation", "install", "uninstall", "with_our_entry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What is to stand in a host's file.

    Attributes:
        host: The host.
        file: Its file.
        name: What we are called there.
        read_only: Whether we refuse everything that is not read.
    """

    host: Host
    file: Path
    name: str = "batonmcp"
    read_only: bool = False

    @property
    def place(self) -> tuple[str, str]:
        """Where our entry stands in the file."""
        return self.host.section, self.name


async def install(wanted: Installation, config: Path, environment: Mapping[str, str], echo: Echo, *, yes: bool) -> int:
    """Show our entry, ask, write it, and return the exit code.

    Raises:
        BatonError: The configuration or the host's file cannot be used.
    """
    seen = as_a_host_starts_it(config, environment)
    echo.discretion.learn(seen.secrets)
    file = read_host_file(wanted.host, wanted.file)
    echo.discretion.learn(frozenset(tokens_in(dict(file.document))))
    change = _change(file, wanted, with_our_entry(file, wanted, config))
    title = wanted.host.title
    if change:
        show([change], echo)
    echo.out(f"{title} will start batonmcp with {seen.source.absolute()}. {addressee(seen)}")
    for warning in (*seen.warnings, *_warnings(file), *lost_without_the_shell(config, environment, seen)):
        echo.err(f"batonmcp: {warning}")
    if not change:
        echo.out(f"{file.path} has this entry: nothing to change.")
        return 0
    decision = await accepted(f"Write this into the file of {title}?", yes=yes)
    if not decision:
        echo.out("Nothing was changed." + (" Say --yes to write this." if decision is None else ""))
        return NEEDS_DECISION if decision is None else 1
    made: list[Made] = []
    make_all([change], made, echo)
    remember(Record(what="install", file=file.path, made=tuple(made)), echo)
    echo.out(wanted.host.restart)
    return 0


def uninstall(wanted: Installation, echo: Echo) -> int:
    """Take back what `install` wrote, or else take our entry out, and return the exit code.

    Raises:
        ConfigError: A file cannot be used.
    """
    journal, found = Journal(), False
    path = wanted.file.absolute()
    while (record := journal.last("install", path)) and (not found or _entry_of(wanted) is not None):
        for made in reversed(record.made):
            for sentence in take_back(made):
                echo.out(sentence)
        journal.remove(record)
        found = True
    if found:
        echo.out(wanted.host.restart)
        return 0
    file = read_host_file(wanted.host, wanted.file)
    if not is_ours(file.servers.get(wanted.name)):
        echo.out(f"{file.path} has no entry {wanted.name!r} that starts batonmcp: nothing to take out.")
        return 0
    echo.discretion.learn(frozenset(tokens_in(dict(file.document))))
    change = _change(file, wanted, remove_value(file.text, wanted.place))
    show([change], echo)
    make_all([change], [], echo)
    echo.out(wanted.host.restart)
    return 0


def with_our_entry(file: HostFile, wanted: Installation, config: Path) -> str:
    """Return the text of a host's file with our entry. What a person added to the entry stays.

    Raises:
        BatonError: The name is that of another server.
    """
    present = file.servers.get(wanted.name)
    if wanted.name in file.servers and not is_ours(present):
        raise BatonError(
            kind="bad_arguments",
            message=f"{file.path}: {wanted.host.section}.{wanted.name} is another server.",
            cure="Choose another name for batonmcp with --name.",
        )
    added = present if isinstance(present, dict) else {}
    entry = our_entry(wanted.host, our_program(), config, read_only=wanted.read_only)
    return set_value(file.text, wanted.place, {**added, **entry})


def _change(file: HostFile, wanted: Installation, after: str) -> Change:
    return Change(path=file.path, data=file.data, before=file.text, after=after, places=(wanted.place,))


def _entry_of(wanted: Installation) -> object:
    return read_host_file(wanted.host, wanted.file).servers.get(wanted.name)


def _warnings(file: HostFile) -> Iterator[str]:
    program = our_program()
    if fleeting(program):
        yield (
            f"{program[0]} is in a cache that may be emptied, and then the host cannot start it. "
            "Install batonmcp for good (uv tool install batonmcp), and run this again."
        )
    if file.project:
        yield f"{file.path} is a project's, which others may share: the paths in this entry are those of this machine."
