"""The LLM endpoint, from servers.json and the environment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.document import LlmPart
from batonmcp.config.endpoint import llm_settings, sendable
from batonmcp.config.settings import LlmSettings
from batonmcp.core.errors import ConfigError

LOCAL = "http://127.0.0.1:11434/v1"


def read(environment: dict[str, str] | None = None, **part: object) -> LlmSettings | None:
    """Return the settings that a part gives in an environment."""
    return llm_settings(LlmPart.model_validate(part), environment or {}, place="servers.json: batonmcp.llm")


def endpoint(environment: dict[str, str] | None = None, **part: object) -> LlmSettings:
    """Return the settings where an LLM is to be used."""
    settings = read(environment, **part)
    assert settings is not None
    return settings


def test_key_alone_changes_nothing() -> None:
    """Without a model no LLM is used, whatever else the environment holds."""
    assert read({"OPENAI_API_KEY": "sk-1", "OPENAI_BASE_URL": LOCAL}) is None
    assert read({"OPENAI_API_KEY": "sk-1", "BATONMCP_MODEL": ""}) is None
    assert read(base_url=LOCAL, api_key="sk-1") is None


def test_environment_is_enough() -> None:
    """A model in the environment turns the LLM on, and the usual variables apply."""
    settings = endpoint({"BATONMCP_MODEL": "m", "OPENAI_API_KEY": " sk-1\n", "OPENAI_BASE_URL": LOCAL})
    assert (settings.model, settings.api_key, settings.base_url) == ("m", "sk-1", LOCAL)


def test_file_wins_over_the_environment() -> None:
    """What servers.json says is not overridden from outside."""
    environment = {"BATONMCP_MODEL": "outer", "OPENAI_API_KEY": "sk-outer", "OPENAI_BASE_URL": "http://outer/v1"}
    settings = endpoint(environment, model="m", api_key="sk-1", base_url=LOCAL)
    assert (settings.model, settings.api_key, settings.base_url) == ("m", "sk-1", LOCAL)


def test_variables_are_filled_in_everywhere() -> None:
    """Each text of the part may name a variable."""
    settings = endpoint(
        {"M": "m", "R": "r", "S": "s", "K": "sk-1", "HOST": "127.0.0.1"},
        model="${M}",
        api_key="${K}",
        base_url="http://${HOST}/v1",
        route={"model": "${R}"},
        synthesize={"model": "${S}"},
    )
    assert (settings.api_key, settings.base_url) == ("sk-1", "http://127.0.0.1/v1")
    assert (settings.model, settings.model_for("route"), settings.model_for("synthesize")) == ("m", "r", "s")


def test_numbers_are_passed_on() -> None:
    """Timeout and retries reach the client."""
    settings = endpoint(model="m", base_url=LOCAL, timeout=5, retries=0)
    assert (settings.timeout, settings.retries) == (5.0, 0)


def test_endpoint_other_than_openai_needs_no_key() -> None:
    """A local endpoint works without a key; an empty one is none."""
    assert endpoint(model="m", base_url=LOCAL).api_key is None
    assert endpoint({"OPENAI_API_KEY": " "}, model="m", base_url=LOCAL).api_key is None


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ({"model": "${UNSET}"}, "variable UNSET is not set"),
        ({"model": "m", "api_key": "${UNSET}"}, "variable UNSET is not set"),
        ({"model": "m"}, "no API key. Set OPENAI_API_KEY"),
        ({"model": "m", "base_url": "https://api.openai.com/v1/"}, "no API key"),
        ({"model": "m", "base_url": "localhost:11434/v1"}, "'localhost:11434/v1' is no address. Write one such as"),
        ({"model": "m", "base_url": "ftp://host/v1"}, "is no address"),
        ({"model": "m", "base_url": "http://"}, "is no address"),
        ({"model": "m", "base_url": "http://host:port/v1"}, "is no address"),
        ({"model": "m", "base_url": "http://[::1"}, "is no address"),
    ],
)
def test_endpoint_that_cannot_be_called_is_refused(part: dict[str, str], said: str) -> None:
    """A mistake is told at the start, with its place and what to write instead."""
    with pytest.raises(ConfigError, match=said) as caught:
        read(None, **part)
    assert str(caught.value).startswith("servers.json: batonmcp.llm: ")


@pytest.mark.parametrize("key", ["sk-one\ntwo", "sk-ключ", "sk-\x00"])
def test_key_that_cannot_be_sent_is_refused_unseen(key: str) -> None:
    """A key with characters that no header can hold is refused, and not quoted."""
    with pytest.raises(ConfigError, match="the API key holds characters that cannot be sent") as caught:
        read(model="m", base_url=LOCAL, api_key=key)
    assert "sk-" not in str(caught.value)


@given(st.text())
def test_sendable_is_what_a_header_can_hold(text: str) -> None:
    """What is sendable is printable ASCII."""
    assert sendable(text) == all(" " <= char <= "~" for char in text)
