"""The document servers.json, as it is written."""

from collections.abc import Mapping
from typing import Annotated, Literal, TypeAlias

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, ValidationError, model_validator

from batonmcp.config.settings import PlannerChoice, Protocol, StoredResults, Streaming
from batonmcp.core.effect import EffectKind
from batonmcp.core.errors import ConfigError
from batonmcp.core.policy import Profile, WithoutElicitation

__all__ = [
    "BatonPart",
    "Document",
    "LimitsPart",
    "LlmPart",
    "PolicyPart",
    "PricePart",
    "ServerEntry",
    "StagePart",
    "StorePart",
    "refusal",
]

_Positive = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
_Dollars = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=1, le=100_000, strict=True)]
_Type: TypeAlias = Literal["stdio", "http", "streamable-http", "streamableHttp", "sse"]
_NO_OBJECT = {"model_type", "dict_type"}


class _Part(BaseModel):
    """A part of the document. Unknown keys are kept, so that they can be named in a warning."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)


class ServerEntry(_Part):
    """One server, as Claude Desktop, Claude Code, Cursor and VS Code write it, and what we add to that.

    Gemini CLI, Windsurf and Roo Code have their own names for the tools to use and not to use.
    """

    type: _Type | None = None
    command: str | None = None
    args: list[str] = []
    env: dict[str, str] = {}
    env_file: str | None = Field(default=None, alias="envFile")
    cwd: str | None = None
    url: str | None = Field(default=None, validation_alias=AliasChoices("url", "serverUrl"))
    headers: dict[str, str] = {}
    disabled: bool = False
    timeout: _Positive | None = None
    untrusted: bool = False
    protocol: Protocol = "auto"
    idle_timeout: _Positive | None = None
    allow: list[str] = []
    include_tools: list[str] = Field(default=[], alias="includeTools")
    deny: list[str] = []
    exclude_tools: list[str] = Field(default=[], alias="excludeTools")
    disabled_tools: list[str] = Field(default=[], alias="disabledTools")


class StagePart(_Part):
    """What one stage does otherwise than the other."""

    base_url: str | None = None
    api_key: str | None = None
    model: str | None = None
    api_version: str | None = None
    deployment: str | None = None
    parameters: dict[str, JsonValue] = {}


class LlmPart(StagePart):
    """The OpenAI-compatible endpoint for both stages, and what makes vectors of tools and queries, if anything."""

    timeout: _Positive = 60.0
    retries: Annotated[int, Field(ge=0, le=2)] = 2
    stream: Streaming = "auto"
    route: StagePart = StagePart()
    synthesize: StagePart = StagePart()
    embeddings: StagePart | None = None

    @property
    def parts(self) -> Mapping[str, StagePart]:
        """It and all its parts that may name an endpoint, by what to write behind its own name."""
        parts = {"": self, ".route": self.route, ".synthesize": self.synthesize}
        return {**parts, ".embeddings": self.embeddings} if self.embeddings else parts


class LimitsPart(_Part):
    """Bounds of a run; see `batonmcp.core.limits.Limits`."""

    steps: _Count | None = None
    depth: _Count | None = None
    argument_bytes: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    items: _Count | None = None
    parallel_items: _Count | None = None
    parallel_run: _Count | None = None
    parallel_server: _Count | None = None
    parallel_total: _Count | None = None
    attempts: Annotated[int, Field(ge=1, le=10)] | None = None
    call_timeout: _Positive | None = None
    run_timeout: _Positive | None = None
    connect_timeout: _Positive | None = None
    query_bytes: _Count | None = None
    result_bytes: Annotated[int, Field(ge=1_000, le=100_000_000)] | None = None
    answer_within: _Positive | None = None
    runs: _Count | None = None
    waiting_runs: Annotated[int, Field(ge=0, le=100_000, strict=True)] | None = None
    kept_runs: _Count | None = None
    kept_bytes: Annotated[int, Field(ge=1_000, le=10_000_000_000)] | None = None
    kept_seconds: _Positive | None = None
    native_tokens: Annotated[int, Field(ge=0, le=10_000_000, strict=True)] | None = None
    catalogue_tokens: Annotated[int, Field(ge=1_000, le=10_000_000, strict=True)] | None = None
    llm_tokens: Annotated[int, Field(ge=1, le=100_000_000, strict=True)] | None = None
    cost_usd: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] | None = None
    early_start: Annotated[bool, Field(strict=True)] | None = None


class StorePart(_Part):
    """What is kept from one process to the next; a text alone is its kind."""

    kind: Literal["sqlite", "memory"] = "sqlite"
    path: str | None = None
    results: StoredResults = "preview"
    days: Annotated[float, Field(gt=0, le=3_650, allow_inf_nan=False)] = 7.0

    @model_validator(mode="before")
    @classmethod
    def _of_kind(cls, written: object) -> object:
        return {"kind": written} if isinstance(written, str) else written


class PolicyPart(_Part):
    """What may run; see `batonmcp.core.policy.Policy`. A text alone is its profile."""

    profile: Profile = "ask"
    allow: list[str] = []
    deny: list[str] = []
    without_elicitation: WithoutElicitation = "cli"

    @model_validator(mode="before")
    @classmethod
    def _of_profile(cls, written: object) -> object:
        return {"profile": written} if isinstance(written, str) else written


class PricePart(_Part):
    """What a model costs; see `batonmcp.core.prices.Price`."""

    prompt: _Dollars
    completion: _Dollars
    cached: _Dollars | None = None


class BatonPart(_Part):
    """Our own settings."""

    llm: LlmPart = LlmPart()
    planner: PlannerChoice = "auto"
    policy: PolicyPart = PolicyPart()
    prices: dict[str, PricePart] = {}
    route_cache: bool = True
    effects: dict[str, EffectKind] = {}
    limits: LimitsPart = LimitsPart()
    store: StorePart = StorePart()


class Document(_Part):
    """The whole file. Servers stay unread here, so that a wrong one costs itself only."""

    servers: dict[str, JsonValue] = Field(default={}, validation_alias=AliasChoices("mcpServers", "servers"))
    inputs: JsonValue = None
    batonmcp: BatonPart = BatonPart()

    @property
    def defaults(self) -> Mapping[str, str]:
        """What VS Code's inputs are without an answer, by id: for those that say so."""
        inputs = self.inputs if isinstance(self.inputs, list) else []
        found = ((item.get("id"), item.get("default")) for item in inputs if isinstance(item, dict))
        return {id_: default for id_, default in found if isinstance(id_, str) and isinstance(default, str)}


def refusal(error: ValidationError, place: str) -> ConfigError:
    """Return the first thing that is wrong with a part of the document, as a sentence that begins with its place."""
    first = error.errors()[0]
    said = first["msg"][0].lower() + first["msg"][1:] if first["type"] not in _NO_OBJECT else "it should be an object"
    where = ".".join(map(str, first["loc"]))
    return ConfigError(
        place=place, message=f"{where}: {said}." if where else f"{said}.", cure="See the README for its form."
    )
