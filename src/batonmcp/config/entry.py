"""From one server's entry to its settings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import JsonValue, ValidationError

from batonmcp.config.document import ServerEntry, refusal
from batonmcp.config.endpoint import is_address, sendable
from batonmcp.config.interpolate import UnsetVariable
from batonmcp.config.notices import entry_notices, plain_secret
from batonmcp.config.program import env_file_of, program
from batonmcp.config.rules import rules_of_entry
from batonmcp.config.secret import credentials, looks_like_a_token, secret_parts
from batonmcp.config.settings import HttpServer, Rule, ServerSettings, StdioServer
from batonmcp.config.surroundings import Surroundings, Unusable
from batonmcp.config.variables import Variables

__all__ = ["Entry", "read_entry"]

_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What an entry comes to.

    Attributes:
        settings: Of its server; None if it is disabled.
        rules: Its globs over names of tools.
        warnings: About it, as sentences that begin with its place in the file.
        files: That it depends on, whether they exist or not.
        secrets: Texts that must not be shown. Secret.
    """

    settings: ServerSettings | None = None
    rules: tuple[Rule, ...] = ()
    warnings: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


def read_entry(name: str, entry: JsonValue, around: Surroundings) -> Entry:
    """Read an entry. A server that cannot be used stays, with its trouble."""
    place = f"{around.section}.{name}"
    warnings = tuple(entry_notices(entry, place))
    files: tuple[Path, ...] = ()
    try:
        read = ServerEntry.model_validate(entry)
        if read.disabled:
            return Entry()
        if env_file := env_file_of(read, around):
            files = (env_file,)
        transport = _transport(read, env_file, around)
    except ValidationError as error:
        trouble = str(refusal(error, f"{around.path}: {place}"))
    except UnsetVariable as unset:
        cure = f"Set it where batonmcp is started, or in {around.variables.home}."
        trouble = f"{name} is not used: {_unset(unset, place)} {cure}"
    except Unusable as reason:
        trouble = f"{name} is not used: {place}{reason}."
    else:
        return Entry(
            settings=_settings(name, read, transport),
            rules=tuple(rules_of_entry(name, read, place)),
            warnings=(*warnings, *_plain_secrets(read, place, around)),
            files=files,
            secrets=frozenset(_secrets(read, transport, around.variables)),
        )
    return Entry(settings=ServerSettings(name=name, transport=None, trouble=trouble), warnings=warnings, files=files)


def _settings(name: str, read: ServerEntry, transport: StdioServer | HttpServer) -> ServerSettings:
    return ServerSettings(
        name=name,
        transport=transport,
        timeout=read.timeout,
        untrusted=read.untrusted,
        protocol=read.protocol,
        allow=(*read.allow, *read.include_tools),
        deny=(*read.deny, *read.exclude_tools, *read.disabled_tools),
        idle_timeout=read.idle_timeout,
    )


def _unset(unset: UnsetVariable, place: str) -> str:
    if unset.asked:
        return f"the variable {unset}, which stands for ${{input:{unset.asked}}} in {place}, is not set."
    return f"the variable {unset} that {place} names is not set."


def _transport(read: ServerEntry, env_file: Path | None, around: Surroundings) -> StdioServer | HttpServer:
    if (read.command is None) == (read.url is None):
        reason = ' needs either "command" or "url"'
        raise Unusable(reason)
    if read.type and (read.type == "stdio") == (read.command is None):
        reason = f' has the type {read.type!r}, which needs "{"url" if read.command else "command"}"'
        raise Unusable(reason)
    return _http(read, around) if read.command is None else program(read, env_file, around)


def _http(read: ServerEntry, around: Surroundings) -> HttpServer:
    fill = around.variables.fill
    headers = {key: fill(text).strip() for key, text in read.headers.items()}
    for key, text in headers.items():
        if not (_HEADER.fullmatch(key) and sendable(text)):
            reason = f".headers.{key} holds characters that cannot be sent"
            raise Unusable(reason)
    url = fill(read.url or "").strip()
    if not is_address(url):
        reason = ".url is no address such as https://example.com/mcp"
        raise Unusable(reason)
    return HttpServer(
        url=url, headers=headers, speaks="auto" if read.type is None else "sse" if read.type == "sse" else "http"
    )


def _plain_secrets(read: ServerEntry, place: str, around: Surroundings) -> Iterator[str]:
    for part, texts in (("headers", read.headers), ("env", read.env)):
        for name, text in texts.items():
            yield from plain_secret(name, text, place=f"{place}.{part}.{name}", home=around.variables.home)


def _secrets(read: ServerEntry, transport: StdioServer | HttpServer, variables: Variables) -> Iterator[str]:
    """Yield what must not be shown: values of headers and variables, and what else is one by its name or looks."""
    texts = [read.command, read.url, read.cwd, read.env_file, *read.args, *read.env.values(), *read.headers.values()]
    for text in texts:
        yield from variables.secrets_in(text or "")
    values = transport.env if isinstance(transport, StdioServer) else {**transport.headers, "": transport.url}
    for name, value in values.items():
        yield from secret_parts(name, value)
    if isinstance(transport, HttpServer):
        yield from credentials(transport.url)
    arguments = transport.args if isinstance(transport, StdioServer) else ()
    for before, argument in zip(("", *arguments), arguments, strict=False):
        name, _, value = argument.rpartition("=")
        if looks_like_a_token(name or (before if before.startswith("-") else ""), value):
            yield value
        yield from secret_parts("", value) if "://" in value else ()
