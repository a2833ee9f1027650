"""The document servers.json, as it is written."""

import json
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, model_validator

from batonmcp.config.settings import PlannerChoice, Protocol, StoredResults
from batonmcp.core.effect import EffectKind
from batonmcp.core.errors import ConfigError

__all__ = ["BatonPart", "Document", "LimitsPart", "LlmPart", "ServerEntry", "StagePart", "StorePart", "read_json"]

_Positive = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=1, le=100_000)]


class _Part(BaseModel):
    """A part of the document. Unknown keys are kept, so that they can be named in a warning."""

    model_config = ConfigDict(extra="allow", frozen=True, populate_by_name=True)


class ServerEntry(_Part):
    """One server, as Claude Desktop, Claude Code, Cursor and VS Code write it."""

    type: Literal["stdio", "http", "streamable-http", "streamableHttp"] | None = None
    command: str | None = None
    args: list[str] = []
    env: dict[str, str] = {}
    cwd: str | None = None
    url: str | None = Field(default=None, validation_alias=AliasChoices("url", "serverUrl"))
    headers: dict[str, str] = {}
    disabled: bool = False
    timeout: _Positive | None = None
    untrusted: bool = False
    protocol: Protocol = "auto"


class StagePart(_Part):
    """What one stage does otherwise than the other."""

    model: str | None = None


class LlmPart(_Part):
    """The OpenAI-compatible endpoint."""

    base_url: str | None = None
    api_key: str | None = None
    model: str | None = None
    timeout: _Positive = 60.0
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    route: StagePart = StagePart()
    synthesize: StagePart = StagePart()


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


class BatonPart(_Part):
    """Our own settings."""

    llm: LlmPart = LlmPart()
    planner: PlannerChoice = "auto"
    effects: dict[str, EffectKind] = {}
    limits: LimitsPart = LimitsPart()
    store: StorePart = StorePart()


class Document(_Part):
    """The whole file. Servers stay unread here, so that a wrong one costs itself only."""

    servers: dict[str, JsonValue] = Field(default={}, validation_alias=AliasChoices("mcpServers", "servers"))
    batonmcp: BatonPart = BatonPart()


def read_json(path: Path, *, form: str = '{"mcpServers": {...}}') -> dict[str, Any]:
    """Read a JSON file whose root is an object of this form.

    Raises:
        ConfigError: It cannot be read, or is not such a file; the sentence gives line and column.
    """
    try:
        document: object = json.loads(path.read_text("utf-8-sig"), object_pairs_hook=_unique)
    except OSError as error:
        raise ConfigError(
            place=str(path), message=f"cannot be read ({error.strerror}).", cure="Check the path and its permissions."
        ) from None
    except UnicodeDecodeError:
        raise ConfigError(place=str(path), message="is not UTF-8 text.", cure="Save it as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise ConfigError(
            place=f"{path}:{error.lineno}:{error.colno}",
            message=f"is not JSON here: {error.msg}.",
            cure="Look for a missing or surplus comma, quote or bracket just before it.",
        ) from None
    except _Repeated as repeated:
        raise ConfigError(
            place=str(path), message=f"has the key {str(repeated)!r} twice in one object.", cure="Remove one."
        ) from None
    except RecursionError:
        raise ConfigError(place=str(path), message="is nested too deeply.") from None
    except ValueError as error:  # a number of thousands of digits
        raise ConfigError(place=str(path), message=f"cannot be read: {error}.") from None
    if not isinstance(document, dict):
        raise ConfigError(place=str(path), message="is not a JSON object.", cure=f"Write {form}.")
    return cast("dict[str, Any]", document)


class _Repeated(Exception):
    """A key stands twice."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Repeated(key)
        found[key] = value
    return found
