"""Who plans, and where queries and results go."""

from dataclasses import replace
from pathlib import Path

import pytest

from batonmcp.cli.addressee import addressee
from batonmcp.config.settings import LlmSettings, Settings

LLM = LlmSettings(base_url="http://127.0.0.1:9/v1", api_key="sk-secret", model="m")


@pytest.mark.parametrize(
    ("llm", "said"),
    [
        (LLM, "m"),
        (replace(LLM, route_model="m", synthesize_model="m"), "m"),
        (replace(LLM, route_model="r"), "m and r"),
    ],
    ids=["one", "the same", "two"],
)
def test_the_address_and_its_models(llm: LlmSettings, said: str) -> None:
    """The address is named with every model that is used there; the key is not."""
    told = addressee(Settings(source=Path("servers.json"), servers=(), llm=llm))
    assert told == f"Queries and results go to http://127.0.0.1:9/v1 ({said})."


def test_no_model() -> None:
    """Without one it is said who plans instead."""
    assert addressee(Settings(source=Path("servers.json"), servers=())).startswith("No model is configured: the host's")
