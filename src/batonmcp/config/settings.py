"""The settings of a process, frozen."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal, TypeAlias
from urllib.parse import urlsplit

from pydantic import JsonValue

from batonmcp.core.effect import EffectKind
from batonmcp.core.limits import Limits
from batonmcp.core.policy import Policy
from batonmcp.core.prices import Price

__all__ = [
    "INSIDE",
    "HttpKind",
    "HttpServer",
    "LlmEndpoint",
    "LlmSettings",
    "PlannerChoice",
    "Protocol",
    "Rule",
    "ServerSettings",
    "Settings",
    "StdioServer",
    "StoreSettings",
    "StoredResults",
    "Streaming",
]

INSIDE = "BATONMCP_INSIDE"
"""A variable set for every server we start; a batonmcp that finds it would be its own downstream server."""

PlannerChoice: TypeAlias = Literal["auto", "llm", "host", "lexical"]
Protocol: TypeAlias = Literal["auto", "legacy", "modern"]
HttpKind: TypeAlias = Literal["auto", "http", "sse"]
Streaming: TypeAlias = Literal["auto", "off"]
StoredResults: TypeAlias = Literal["full", "preview", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StdioServer:
    """A server that is started as a process.

    Attributes:
        command: Program, looked up on the PATH and beside the running Python.
        args: Its arguments.
        env: Variables on top of the small set that every server gets. Secret.
        cwd: Where it starts; None for our own working directory.
    """

    command: str
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    cwd: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpServer:
    """A server that is reached over HTTP.

    Attributes:
        url: Its address.
        headers: Sent with every request. Secret.
        speaks: `http` for streamable HTTP, `sse` for its predecessor; `auto` tries the first, then the second.
    """

    url: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    speaks: HttpKind = "auto"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """One entry of servers.json.

    Attributes:
        name: Its key.
        transport: How it is reached; None if it cannot be, see `trouble`.
        timeout: Longest one call may take, in seconds; None for the general limit.
        untrusted: Whether its annotations can only tighten what its tools are taken for.
        protocol: Protocol era to speak; `auto` finds out.
        allow: Globs over its tools' own names; only those that match one are used. Empty: all.
        deny: Globs over its tools' own names; those that match one are not used.
        idle_timeout: Seconds without a call after which it is stopped, until it is needed again; None: never.
        trouble: Why it is not used, as a sentence.
    """

    name: str
    transport: StdioServer | HttpServer | None
    timeout: float | None = None
    untrusted: bool = False
    protocol: Protocol = "auto"
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    idle_timeout: float | None = None
    trouble: str | None = None

    @property
    def definition(self) -> str:
        """A digest of how it is reached; values of variables and headers, being secret, are left out."""
        match self.transport:
            case StdioServer(command=command, args=args, env=env, cwd=cwd):
                parts = ["stdio", command, *args, cwd or "", *sorted(env)]
            case HttpServer(url=url, headers=headers, speaks=speaks):
                parts = ["http", url, speaks, *sorted(headers)]
            case None:
                parts = []
        return sha256(json.dumps([self.name, *parts]).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A glob over names of tools.

    Attributes:
        place: Where in the file it stands.
        glob: What it says.
        server: The server whose tools' own names it is about; None: it is about qualified names.
        also_plain: Whether it holds for a tool that goes by an alias under its plain name, too.
    """

    place: str
    glob: str
    server: str | None = None
    also_plain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmEndpoint:
    """An OpenAI-compatible endpoint, and a model there.

    Attributes:
        base_url: Up to and without `/chat/completions`.
        api_key: Secret; None for an endpoint that wants none.
        model: As it is called there.
        api_version: For Azure's own addresses, which have it in each request; None for any other.
        ad_token: A token of Azure's directory in place of a key. Secret.
        parameters: Sent with each request beside what is always sent.
    """

    base_url: str
    api_key: str | None = field(repr=False)
    model: str
    api_version: str | None = None
    ad_token: str | None = field(default=None, repr=False)
    parameters: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])

    @property
    def host(self) -> str:
        """Where it is, for sentences: without a user, a password or a path."""
        return urlsplit(self.base_url).netloc.rpartition("@")[2] or self.base_url


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmSettings(LlmEndpoint):
    """The endpoint for both stages, and what differs for one of them.

    Attributes:
        route: For routing only, in place of the one for both.
        synthesize: For synthesis only.
        embeddings: For vectors of tools and queries; None: tools are ranked by their words alone.
        timeout: Longest one stage may take, all attempts and pauses together, in seconds.
        retries: How often a call that found the endpoint overloaded or unreachable is tried again.
        stream: Whether replies are asked for piece by piece where somebody hears them (`auto`), or never.
    """

    route: LlmEndpoint | None = None
    synthesize: LlmEndpoint | None = None
    embeddings: LlmEndpoint | None = None
    timeout: float = 60.0
    retries: int = 2
    stream: Streaming = "auto"

    def endpoint_for(self, stage: Literal["route", "synthesize"]) -> LlmEndpoint:
        """Return the endpoint of a stage."""
        return (self.route if stage == "route" else self.synthesize) or self

    def model_for(self, stage: Literal["route", "synthesize"]) -> str:
        """Return the model of a stage."""
        return self.endpoint_for(stage).model

    @property
    def endpoints(self) -> tuple[LlmEndpoint, ...]:
        """All that are called."""
        return tuple(filter(None, (self, self.route, self.synthesize, self.embeddings)))

    @property
    def secrets(self) -> frozenset[str]:
        """The keys and tokens of all. Secret."""
        return frozenset(secret for one in self.endpoints for secret in (one.api_key, one.ad_token) if secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """Where and how long something is kept from one process to the next.

    Attributes:
        path: The file; None to keep everything in memory.
        results: What a stored run record holds of its values: all, previews of long ones, or none.
        days: How long run records are kept.
    """

    path: Path | None = None
    results: StoredResults = "preview"
    days: float = 7.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything a process is told.

    Attributes:
        source: The file it was read from.
        servers: In the order of the file, without those that are disabled.
        llm: None if no model is configured.
        planner: `auto` takes `llm` where a model is configured.
        policy: What may run, and what a person decides about.
        prices: What models cost, by globs over their names; they stand above the known prices.
        route_cache: Whether plans that a model made and that ran well are used again.
        effects: Globs over qualified names and what they make of a tool; the first match wins.
        limits: Bounds of a run.
        store: What is kept from one process to the next.
        rules: All globs over names of tools, and where they stand.
        warnings: What in the file was passed over, as sentences.
        files: Every file that it depends on, whether it exists or not; `source` is one of them.
        secrets: Texts that must not be shown or stored. Secret.
    """

    source: Path
    servers: tuple[ServerSettings, ...]
    llm: LlmSettings | None = None
    planner: PlannerChoice = "auto"
    policy: Policy = field(default_factory=Policy)
    prices: Mapping[str, Price] = field(default_factory=dict[str, Price])
    route_cache: bool = True
    effects: Mapping[str, EffectKind] = field(default_factory=dict[str, EffectKind])
    limits: Limits = field(default_factory=Limits)
    store: StoreSettings = field(default_factory=StoreSettings)
    rules: tuple[Rule, ...] = ()
    warnings: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)
