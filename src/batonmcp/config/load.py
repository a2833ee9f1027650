"""From servers.json and the environment to `Settings`."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path

import platformdirs
from pydantic import BaseModel, JsonValue, ValidationError

from batonmcp.config.document import Document, LimitsPart, ServerEntry, read_json
from batonmcp.config.endpoint import llm_settings, sendable
from batonmcp.config.interpolate import UnsetVariable, interpolate
from batonmcp.config.settings import HttpServer, ServerSettings, Settings, StdioServer
from batonmcp.config.storage import store_settings
from batonmcp.core.errors import ConfigError
from batonmcp.core.limits import Limits

__all__ = ["find_config", "load"]

_NO_OBJECT = {"model_type", "dict_type"}
_EXAMPLE = '{"mcpServers": {"time": {"command": "uvx", "args": ["mcp-server-time"]}}}'


def find_config(given: Path | None, environment: Mapping[str, str]) -> Path:
    """Return the configuration file: the one given, else `$BATONMCP_CONFIG`, `./servers.json`, the user's own.

    Raises:
        ConfigError: There is none.
    """
    named = given or (Path(environment["BATONMCP_CONFIG"]) if environment.get("BATONMCP_CONFIG") else None)
    if named:
        if named.is_file():
            return named
        raise ConfigError(place=str(named), message="there is no such file.", cure="Check --config or BATONMCP_CONFIG.")
    candidates = (Path("servers.json"), platformdirs.user_config_path("batonmcp") / "servers.json")
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise ConfigError(
        place=" and ".join(str(candidate.absolute()) for candidate in candidates),
        message="there is no servers.json.",
        cure=f"Create one at either place, or name one with --config; for example {_EXAMPLE}",
    )


def load(path: Path, environment: Mapping[str, str]) -> Settings:
    """Read the configuration.

    A server that cannot be used stays in the settings with its trouble, so that all others work and somebody is told.

    Raises:
        ConfigError: The file is no configuration at all, or a setting of ours is wrong.
    """
    document = _read(path)
    baton = document.batonmcp
    servers = [_server(name, entry, environment, path) for name, entry in document.servers.items()]
    warnings = [*_unknown_keys(baton, "batonmcp"), *(warning for _, found in servers for warning in found)]
    if not document.servers:
        warnings.append(f"it names no server. Write some under mcpServers, as in {_EXAMPLE}")
    return Settings(
        source=path,
        servers=tuple(server for server, _ in servers if server),
        llm=llm_settings(baton.llm, environment, place=f"{path}: batonmcp.llm"),
        planner=baton.planner,
        effects=baton.effects,
        limits=_limits(baton.limits),
        store=store_settings(baton.store, environment, place=f"{path}: batonmcp.store", folder=path.parent),
        warnings=tuple(f"{path}: {warning}" for warning in warnings),
    )


def _read(path: Path) -> Document:
    try:
        return Document.model_validate(read_json(path))
    except ValidationError as error:
        raise _config_error(error, str(path)) from None


def _config_error(error: ValidationError, place: str) -> ConfigError:
    first = error.errors()[0]
    said = first["msg"][0].lower() + first["msg"][1:] if first["type"] not in _NO_OBJECT else "it should be an object"
    where = ".".join(map(str, first["loc"]))
    return ConfigError(
        place=place, message=f"{where}: {said}." if where else f"{said}.", cure="See the README for its form."
    )


def _server(
    name: str, entry: JsonValue, environment: Mapping[str, str], path: Path
) -> tuple[ServerSettings | None, list[str]]:
    """Return a server's settings, None if it is disabled, and warnings about it."""
    place = f"mcpServers.{name}"
    try:
        read = ServerEntry.model_validate(entry)
        if read.disabled:
            return None, []
        transport = _transport(read, environment)
    except ValidationError as error:
        return _unusable(name, str(_config_error(error, f"{path}: {place}"))), []
    except UnsetVariable as unset:
        return _unusable(name, f"{name} is not used: the variable {unset} that {place} names is not set."), []
    except _UnusableError as reason:
        return _unusable(name, f"{name} is not used: {place}{reason}."), []
    settings = ServerSettings(
        name=name, transport=transport, timeout=read.timeout, untrusted=read.untrusted, protocol=read.protocol
    )
    return settings, list(_unknown_keys(read, place))


def _unusable(name: str, trouble: str) -> ServerSettings:
    return ServerSettings(name=name, transport=None, trouble=trouble)


class _UnusableError(Exception):
    """An entry cannot be used; the message is the end of the sentence that begins with its place."""


def _transport(entry: ServerEntry, environment: Mapping[str, str]) -> StdioServer | HttpServer:
    if (entry.command is None) == (entry.url is None):
        reason = ' needs either "command" or "url"'
        raise _UnusableError(reason)

    def filled(text: str) -> str:
        return interpolate(text, environment)

    if entry.url is not None:
        headers = {key: filled(text).strip() for key, text in entry.headers.items()}
        for key, text in headers.items():
            if not sendable(text):
                reason = f".headers.{key} holds characters that cannot be sent"
                raise _UnusableError(reason)
        return HttpServer(url=filled(entry.url), headers=headers)
    return StdioServer(
        command=filled(entry.command or ""),
        args=tuple(map(filled, entry.args)),
        env={key: filled(text) for key, text in entry.env.items()},
        cwd=None if entry.cwd is None else str(Path(filled(entry.cwd)).expanduser()),
    )


def _limits(part: LimitsPart) -> Limits:
    return Limits(**part.model_dump(exclude_none=True, include=set(LimitsPart.model_fields)))


def _unknown_keys(part: BaseModel, place: str) -> Iterator[str]:
    """Name keys that mean nothing here, with the nearest that does; parts within parts included."""
    known = type(part).model_fields
    for key in part.model_extra or {}:
        near = get_close_matches(key, known, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        yield f"{place}.{key} is not known and was passed over.{hint}"
    for key in known:
        member = getattr(part, key)
        if isinstance(member, BaseModel):
            yield from _unknown_keys(member, f"{place}.{key}")
