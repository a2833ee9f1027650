"""Who plans, and where queries and results go."""

from dataclasses import replace
from pathlib import Path

import pytest

from batonmcp.cli.addressee import addressee
from batonmcp.config.settings import LlmEndpoint, LlmSettings, Settings

ONE = LlmEndpoint(base_url="http://127.0.0.1:9/v1", api_key="sk-secret", model="m")
LLM = LlmSettings(base_url="http://127.0.0.1:9/v1", api_key="sk-secret", model="m")


@pytest.mark.parametrize(
    ("llm", "said"),
    [
        (LLM, "m"),
        (replace(LLM, route=replace(ONE, model="r")), "m and r"),
    ],
    ids=["one", "two"],
)
def test_the_address_and_its_models(llm: LlmSettings, said: str) -> None:
    """The address is named with every model that is used there; the key is not."""
    told = addressee(Settings(source=Path("servers.json"), servers=(), llm=llm))
    assert told == f"Queries and results go to http://127.0.0.1:9/v1 ({said})."


def test_two_addresses() -> None:
    """Where the stages have endpoints of their own, it is said what goes where."""
    other = replace(ONE, base_url="http://127.0.0.1:8/v1", model="n")
    told = addressee(Settings(source=Path("servers.json"), servers=(), llm=replace(LLM, synthesize=other)))
    assert told == "Queries go to http://127.0.0.1:9/v1 (m), results to http://127.0.0.1:8/v1 (n)."


def test_the_address_of_embeddings() -> None:
    """Who gets tools and queries as well is named too."""
    other = replace(ONE, base_url="http://127.0.0.1:8/v1", model="e")
    told = addressee(Settings(source=Path("servers.json"), servers=(), llm=replace(LLM, embeddings=other)))
    assert told.startswith("Queries and results go to http://127.0.0.1:9/v1 (m). Where tools are too many to show,")
    assert told.endswith("their definitions and queries go to http://127.0.0.1:8/v1 (e).")


def test_no_model() -> None:
    """Without one it is said who plans instead."""
    assert addressee(Settings(source=Path("servers.json"), servers=())).startswith("No model is configured: the host's")
