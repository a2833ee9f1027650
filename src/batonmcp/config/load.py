"""From servers.json and the environment to `Settings`."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import ValidationError

from batonmcp.config.document import BatonPart, Document, LimitsPart, PolicyPart, PricePart, refusal
from batonmcp.config.endpoint import llm_settings
from batonmcp.config.entry import read_entry
from batonmcp.config.json_file import read_json
from batonmcp.config.notices import plain_secret, unfollowed, unknown_keys
from batonmcp.config.permissions import everybody_may_write
from batonmcp.config.rules import rules_of_ours
from batonmcp.config.secret import looks_like_a_token, secret_parts
from batonmcp.config.settings import LlmSettings, Settings
from batonmcp.config.storage import store_settings
from batonmcp.config.surroundings import Surroundings
from batonmcp.config.variables import Variables, read_variables, user_folder
from batonmcp.core.errors import ConfigError
from batonmcp.core.limits import Limits
from batonmcp.core.policy import Policy
from batonmcp.core.prices import Price

__all__ = ["config_to_write", "find_config", "load"]

_EXAMPLE = '{"mcpServers": {"time": {"command": "uvx", "args": ["mcp-server-time"]}}}'


def find_config(given: Path | None, environment: Mapping[str, str]) -> Path:
    """Return the configuration file: the one given, else `$BATONMCP_CONFIG`, `./servers.json`, the user's own.

    Raises:
        ConfigError: There is none.
    """
    named = given or (Path(environment["BATONMCP_CONFIG"]) if environment.get("BATONMCP_CONFIG") else None)
    if named:
        if _is_file(named):
            return named
        message = "it is a folder." if os.path.isdir(named) else "there is no such file."  # noqa: PTH112 - as below
        raise ConfigError(place=str(named), message=message, cure="Check --config or BATONMCP_CONFIG.")
    candidates = (Path("servers.json"), user_folder() / "servers.json")
    for candidate in candidates:
        if _is_file(candidate):
            return candidate
    raise ConfigError(
        place=" and ".join(str(candidate.absolute()) for candidate in candidates),
        message="there is no servers.json.",
        cure=f"Create one at either place, or name one with --config; for example {_EXAMPLE}",
    )


def config_to_write(given: Path | None, environment: Mapping[str, str]) -> Path:
    """Return the configuration file as `find_config` does, or where there is none, the one that is to be made."""
    named = given or (Path(environment["BATONMCP_CONFIG"]) if environment.get("BATONMCP_CONFIG") else None)
    if named:
        return named
    here = Path("servers.json")
    return here if _is_file(here) else user_folder() / "servers.json"


def _is_file(path: Path) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - the other raises where a folder may not be entered


def load(path: Path, environment: Mapping[str, str]) -> Settings:
    """Read the configuration.

    A server that cannot be used stays in the settings with its trouble, so that all others work and somebody is told.

    Raises:
        ConfigError: The file is no configuration at all, or a setting of ours is wrong.
    """
    document, around = _read(path, environment)
    variables = around.variables
    entries = [read_entry(name, entry, around) for name, entry in document.servers.items()]
    llm = llm_settings(document.batonmcp.llm, variables.values, place=f"{path}: batonmcp.llm")
    warnings = [*_warnings(document, around), *(warning for entry in entries for warning in entry.warnings)]
    return Settings(
        source=path,
        servers=tuple(entry.settings for entry in entries if entry.settings),
        llm=llm,
        planner=document.batonmcp.planner,
        policy=_policy(document.batonmcp.policy),
        prices={glob: _price(part) for glob, part in document.batonmcp.prices.items()},
        route_cache=document.batonmcp.route_cache,
        effects=document.batonmcp.effects,
        limits=_limits(document.batonmcp.limits),
        store=store_settings(
            document.batonmcp.store, variables.values, place=f"{path}: batonmcp.store", folder=path.parent
        ),
        rules=(*(rule for entry in entries for rule in entry.rules), *rules_of_ours(document.batonmcp)),
        warnings=(*(f"{path}: {warning}" for warning in warnings), *variables.warnings),
        files=tuple(dict.fromkeys([path, *variables.files, *(file for entry in entries for file in entry.files)])),
        secrets=frozenset({*_llm_secrets(document.batonmcp, llm, variables)}.union(*(e.secrets for e in entries))),
    )


def _read(path: Path, environment: Mapping[str, str]) -> tuple[Document, Surroundings]:
    written = read_json(path)
    try:
        document = Document.model_validate(written)
    except ValidationError as error:
        raise refusal(error, str(path)) from None
    return document, Surroundings(
        path=path,
        section="servers" if "servers" in written and "mcpServers" not in written else "mcpServers",
        variables=read_variables(path, environment, document.defaults),
        exposed=everybody_may_write(path),
    )


def _warnings(document: Document, around: Surroundings) -> Iterator[str]:
    """Say what is passed over outside the servers' own entries."""
    yield from unknown_keys(document.batonmcp, "batonmcp")
    yield from unfollowed(document.servers, around.section)
    for below, part in document.batonmcp.llm.parts.items():
        key = part.api_key or ""
        if looks_like_a_token("", key):  # by its make alone: endpoints on this machine are given any word as their key
            place = f"batonmcp.llm{below}.api_key"
            yield from plain_secret("OPENAI_API_KEY", key, place=place, home=around.variables.home)
    if "servers" in (document.model_extra or {}):
        yield 'it has both "mcpServers" and "servers"; the latter was passed over.'
    if not document.servers:
        yield f"it names no server. Write some under mcpServers, as in {_EXAMPLE}"


def _llm_secrets(part: BatonPart, llm: LlmSettings | None, variables: Variables) -> Iterator[str]:
    if llm:
        for endpoint in llm.endpoints:
            yield from secret_parts("", endpoint.api_key or "", surely=True)
            yield from secret_parts("", endpoint.ad_token or "", surely=True)
            yield from secret_parts("", endpoint.base_url)
        for stage in part.llm.parts.values():
            for text in (stage.base_url, stage.model):
                yield from variables.secrets_in(text or "")


def _policy(part: PolicyPart) -> Policy:
    return Policy(
        profile=part.profile,
        allow=tuple(part.allow),
        deny=tuple(part.deny),
        without_elicitation=part.without_elicitation,
    )


def _price(part: PricePart) -> Price:
    return Price(prompt=part.prompt, completion=part.completion, cached=part.cached)


def _limits(part: LimitsPart) -> Limits:
    return Limits(**part.model_dump(exclude_none=True, include=set(LimitsPart.model_fields)))
