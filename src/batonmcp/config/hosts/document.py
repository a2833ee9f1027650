"""The file of a host, as it is read and as it is to become."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from batonmcp.config.hosts.known import Host
from batonmcp.config.json_file import written_object
from batonmcp.config.rewrite import bytes_of, decoded
from batonmcp.config.secret import looks_like_a_token, secret_parts
from batonmcp.core.errors import ConfigError

__all__ = ["HostFile", "read_host_file", "tokens_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HostFile:
    """What a host's file holds.

    Attributes:
        host: Whose it is.
        path: Where it is.
        data: Its bytes; None if there is none yet.
        text: Its text, byte order mark included.
        document: The text, read.
        servers: The entries of its servers, by name.
    """

    host: Host
    path: Path
    data: bytes | None = field(repr=False)
    text: str = field(repr=False)
    document: Mapping[str, JsonValue] = field(repr=False)
    servers: Mapping[str, JsonValue] = field(repr=False)

    @property
    def project(self) -> Path | None:
        """The folder of the project to which it belongs; None for the person's own file."""
        return self.host.project_of(self.path)

    def edited(self, text: str) -> "HostFile":
        """Return what the file holds with another text, of which nothing is written yet."""
        return _host_file(self.host, self.path, self.data, text)


def read_host_file(host: Host, path: Path) -> HostFile:
    """Read a host's file. One that is missing or empty has no servers.

    Raises:
        ConfigError: It cannot be read, or is not what it should be.
    """
    path = path.absolute()
    data = bytes_of(path)
    return _host_file(host, path, data, decoded(data or b"", path))


def _host_file(host: Host, path: Path, data: bytes | None, text: str) -> HostFile:
    form = f'{{"{host.section}": {{...}}}}'
    document = written_object(text, place=str(path), form=form)
    servers: object = document.get(host.section, {})
    if not isinstance(servers, dict):
        raise ConfigError(
            place=f"{path}: {host.section}", message="is not an object.", cure=f"Write {form}, or remove it."
        )
    entries = cast("dict[str, JsonValue]", servers)
    return HostFile(host=host, path=path, data=data, text=text, document=document, servers=entries)


def tokens_in(value: JsonValue, name: str = "") -> Iterator[str]:
    """Yield what looks like a secret anywhere in a value, so that it is not shown when the text around it is."""
    if isinstance(value, str):
        bare = value.rpartition("=")[2]
        if looks_like_a_token(name, value) or looks_like_a_token(name, bare):
            yield from secret_parts(name, value, surely=True)
            yield from secret_parts(name, bare, surely=True)
        yield from secret_parts("", value) if "://" in value else ()
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from tokens_in(member, key)
    elif isinstance(value, list):
        for before, member in zip(["", *value], value, strict=False):
            yield from tokens_in(member, before if isinstance(before, str) and before.startswith("-") else name)
