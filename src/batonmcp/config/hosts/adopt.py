"""The adoption of a host's servers: what of them comes into servers.json, and what secrets.env gets."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from batonmcp.config.change import Change
from batonmcp.config.document import Document
from batonmcp.config.hosts.carry import carry
from batonmcp.config.hosts.document import HostFile
from batonmcp.config.hosts.ours import is_ours
from batonmcp.config.json_edit import set_value
from batonmcp.config.json_file import written_object
from batonmcp.config.rewrite import bytes_of, decoded
from batonmcp.config.surroundings import Section
from batonmcp.config.variables import read_variables
from batonmcp.config.vault import Vault
from batonmcp.core.errors import BatonError, ConfigError

__all__ = ["Adoption", "adopt"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What becomes of a host's servers.

    Attributes:
        changes: Of secrets.env, if it needs any, and of servers.json.
        added: The names that servers.json gets.
        present: The names that it has already, defined alike.
        refused: Why others are left where they are, as sentences.
        notes: What could not be carried over, as sentences.
        moved: The variables that take secrets in.
        secrets: What must not be shown. Secret.
    """

    changes: tuple[Change, ...]
    added: tuple[str, ...]
    present: tuple[str, ...]
    refused: tuple[str, ...]
    notes: tuple[str, ...]
    moved: tuple[str, ...]
    secrets: frozenset[str] = field(repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """All that servers.json then has."""
        return (*self.added, *self.present)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Target:
    """The servers.json that takes them in."""

    path: Path
    data: bytes | None
    text: str
    section: Section
    servers: Mapping[str, JsonValue]
    vault: Vault
    home: Path


def adopt(file: HostFile, config: Path, environment: Mapping[str, str], *, only: Collection[str] = ()) -> Adoption:
    """Decide what comes over. Nothing is written. Our own entry is passed over.

    Args:
        file: The host's.
        config: servers.json, which need not exist.
        environment: The variables that are set.
        only: The names of the wanted servers; empty for all.

    Raises:
        BatonError: A file cannot be used, or a wanted server is not there.
    """
    entries = _wanted(file, config, only)
    intake = _Intake(file, _target(config, environment))
    for name, entry in entries.items():
        intake.take(name, entry)
    return intake.adoption()


def _wanted(file: HostFile, config: Path, only: Collection[str]) -> Mapping[str, JsonValue]:
    """Return the entries that are to come over."""
    if config.absolute() == file.path:
        raise BatonError(
            kind="bad_arguments",
            message=f"{file.path} is the file of {file.host.title} itself.",
            cure="Name another servers.json with --config.",
        )
    entries = {name: entry for name, entry in file.servers.items() if not is_ours(entry)}
    if missing := [name for name in only if name not in entries]:
        raise BatonError(
            kind="bad_arguments",
            message=f"{file.path} has no server {', '.join(map(repr, missing))}.",
            cure=f"It has: {', '.join(entries) or 'none'}.",
        )
    return {name: entry for name, entry in entries.items() if not only or name in only}


class _Intake:
    """Takes one entry after another into a servers.json, or says why not."""

    def __init__(self, file: HostFile, target: _Target) -> None:
        self._file = file
        self._target = target
        self._added: dict[str, JsonValue] = {}
        self._present: list[str] = []
        self._refused: list[str] = []
        self._notes: list[str] = []

    def take(self, name: str, entry: JsonValue) -> None:
        """Add an entry, unless servers.json has it, or another of its name."""
        if not isinstance(entry, dict):
            self._refused.append(f"{name} is left where it is: its entry in {self._file.path} is not an object.")
            return
        vault, servers = self._target.vault, self._target.servers
        known = dict(vault.new)
        carried = carry(name, entry, self._file)
        kept = vault.without_secrets(name, carried.entry)
        if name not in servers:
            self._added[name] = kept
            self._notes += carried.notes
        elif servers[name] == kept:
            self._present.append(name)
        else:
            vault.new = known
            self._refused.append(
                f"{name} is left where it is: {self._target.path} has another server of that name. Rename one of them, "
                "then import again."
            )

    def adoption(self) -> Adoption:
        """Return what has become of all."""
        secrets = self._target.vault.new
        return Adoption(
            changes=tuple(_changes(self._target, self._added)),
            added=tuple(self._added),
            present=tuple(self._present),
            refused=tuple(self._refused),
            notes=tuple(self._notes),
            moved=tuple(secrets),
            secrets=frozenset(secrets.values()),
        )


def _target(config: Path, environment: Mapping[str, str]) -> _Target:
    path = config.absolute()
    data = bytes_of(path)
    text = decoded(data or b"", path)
    document = written_object(text, place=str(path))
    section: Section = "servers" if "servers" in document and "mcpServers" not in document else "mcpServers"
    servers: object = document.get(section, {})
    if not isinstance(servers, dict):
        raise ConfigError(place=f"{path}: {section}", message="is not an object.", cure="Write {} there.")
    variables = read_variables(path, environment, Document.model_construct(inputs=document.get("inputs")).defaults)
    return _Target(
        path=path,
        data=data,
        text=text,
        section=section,
        servers=cast("dict[str, JsonValue]", servers),
        vault=Vault(variables),
        home=variables.home,
    )


def _changes(target: _Target, added: Mapping[str, JsonValue]) -> list[Change]:
    changes: list[Change] = []
    if target.vault.new:
        data = bytes_of(target.home)
        text = decoded(data or b"", target.home)
        after = target.vault.added_to(text, target.home)
        changes.append(Change(path=target.home, data=data, before=text, after=after))
    text = target.text
    for name, entry in added.items():
        text = set_value(text, (target.section, name), entry)
    if added:
        places = tuple((target.section, name) for name in added)
        changes.append(Change(path=target.path, data=target.data, before=target.text, after=text, places=places))
    return changes
