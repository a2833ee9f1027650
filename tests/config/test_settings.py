"""The settings of a process."""

from dataclasses import FrozenInstanceError
from pathlib import Path
from typing import Literal

import pytest

from batonmcp.config.settings import HttpServer, LlmEndpoint, LlmSettings, ServerSettings, Settings, StdioServer

SECRET = "s3cret-value"  # noqa: S105 - what must not be shown


def test_shows_no_secret() -> None:
    """Keys, headers and environments do not occur in a representation, which ends up in logs and tracebacks."""
    stdio = StdioServer(command="x", env={"TOKEN": SECRET})
    http = HttpServer(url="http://127.0.0.1/mcp", headers={"Authorization": SECRET})
    servers = tuple(ServerSettings(name="a", transport=transport) for transport in (stdio, http))
    azure = LlmEndpoint(base_url="http://127.0.0.1/v1", api_key=None, model="m", ad_token=SECRET)
    llm = LlmSettings(base_url="http://127.0.0.1/v1", api_key=SECRET, model="m", route=azure)
    settings = Settings(source=Path("servers.json"), servers=servers, llm=llm, secrets=frozenset({SECRET}))
    assert SECRET not in repr(settings)
    assert "http://127.0.0.1/mcp" in repr(settings)


@pytest.mark.parametrize(
    ("stage", "route", "synthesize", "model"),
    [
        ("route", None, None, "both"),
        ("synthesize", None, None, "both"),
        ("route", "r", None, "r"),
        ("synthesize", "r", None, "both"),
        ("synthesize", None, "s", "s"),
    ],
)
def test_stage_may_have_its_own_endpoint(
    stage: Literal["route", "synthesize"], route: str | None, synthesize: str | None, model: str
) -> None:
    """A stage's own endpoint wins over the one for both."""
    own = {
        name: LlmEndpoint(base_url=f"http://{name}/v1", api_key=None, model=its) if its else None
        for name, its in (("route", route), ("synthesize", synthesize))
    }
    settings = LlmSettings(
        base_url="http://both/v1", api_key=None, model="both", route=own["route"], synthesize=own["synthesize"]
    )
    assert settings.model_for(stage) == model
    assert settings.endpoint_for(stage).host == (stage if own[stage] else "both")


def test_is_frozen() -> None:
    """Settings cannot be changed after they were read."""
    server = ServerSettings(name="a", transport=None, trouble="why")
    with pytest.raises(FrozenInstanceError):
        server.name = "b"  # pyright: ignore[reportAttributeAccessIssue]


def test_definition_tells_servers_apart_and_keeps_no_secret_value() -> None:
    """A server's digest changes with how it is reached, and not with the value of a variable or header."""
    transports = (
        StdioServer(command="a"),
        StdioServer(command="a", args=("b",)),
        StdioServer(command="a", env={"KEY": SECRET}),
        HttpServer(url="http://127.0.0.1/mcp"),
        HttpServer(url="http://127.0.0.1/mcp", speaks="sse"),
        None,
    )
    assert len({ServerSettings(name="s", transport=transport).definition for transport in transports}) == len(
        transports
    )
    rotated = (StdioServer(command="a", env={"KEY": value}) for value in (SECRET, "other"))
    assert len({ServerSettings(name="s", transport=transport).definition for transport in rotated}) == 1
