"""The LLM endpoint, from servers.json and the environment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.config.document import LlmPart
from batonmcp.config.endpoint import llm_settings, sendable
from batonmcp.config.settings import LlmEndpoint, LlmSettings
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
    """Timeout, retries and whether replies are streamed reach the client."""
    settings = endpoint(model="m", base_url=LOCAL, timeout=5, retries=0, stream="off")
    assert (settings.timeout, settings.retries, settings.stream) == (5.0, 0, "off")
    assert endpoint(model="m", base_url=LOCAL).stream == "auto"


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


# One endpoint for each stage.


def test_stage_may_have_its_own_endpoint() -> None:
    """A stage's own address, key, model and parameters are its own; the other stage keeps those for both."""
    settings = endpoint(
        {"K": "sk-2"},
        model="m",
        base_url=LOCAL,
        api_key="sk-1",
        parameters={"max_tokens": 100, "seed": 1},
        synthesize={"base_url": "http://other/v1", "api_key": "${K}", "model": "s", "parameters": {"seed": 2}},
    )
    route, synthesize = settings.endpoint_for("route"), settings.endpoint_for("synthesize")
    assert route is settings
    assert (synthesize.base_url, synthesize.api_key, synthesize.model) == ("http://other/v1", "sk-2", "s")
    assert (settings.parameters, synthesize.parameters) == (
        {"max_tokens": 100, "seed": 1},
        {"max_tokens": 100, "seed": 2},
    )


def test_key_goes_only_where_it_belongs() -> None:
    """A stage with an address of its own does not get the key that was written for the other address."""
    environment = {"OPENAI_API_KEY": "sk-env"}
    elsewhere = {"base_url": "http://other/v1", "model": "s"}
    settings = endpoint(environment, model="m", base_url=LOCAL, api_key="sk-1", synthesize=elsewhere)
    assert settings.endpoint_for("synthesize").api_key is None
    assert endpoint(environment, model="m", base_url=LOCAL, route=elsewhere).endpoint_for("route").api_key is None
    same = endpoint(environment, model="m", base_url=LOCAL, api_key="sk-1", route={"base_url": LOCAL})
    assert same.endpoint_for("route").api_key == "sk-1"
    openai = endpoint(environment, model="m", base_url=LOCAL, route={"base_url": "https://api.openai.com/v1"})
    assert openai.endpoint_for("route").api_key == "sk-env"


def test_each_stage_with_its_model_needs_none_for_both() -> None:
    """Where both stages name a model, nothing else has to."""
    settings = endpoint(base_url=LOCAL, route={"model": "r"}, synthesize={"model": "s", "base_url": "http://other/v1"})
    assert (settings.model_for("route"), settings.model_for("synthesize")) == ("r", "s")
    assert settings.endpoint_for("route").base_url == LOCAL
    assert read(base_url=LOCAL, route={"model": "r"}) is None


def test_mistake_in_a_stage_names_the_stage() -> None:
    """An endpoint of a stage is checked as the one for both, under its own place."""
    with pytest.raises(ConfigError, match=r"batonmcp\.llm\.synthesize: the base_url 'ftp://x' is no address"):
        read(model="m", base_url=LOCAL, synthesize={"base_url": "ftp://x"})


@pytest.mark.parametrize("parameter", ["messages", "tools", "stream", "model", "n", "response_format"])
def test_parameters_that_are_ours_cannot_be_set(parameter: str) -> None:
    """What would change what comes back, and how it is read, is refused."""
    with pytest.raises(ConfigError, match=rf"batonmcp\.llm\.parameters: '{parameter}' cannot be set"):
        read(model="m", base_url=LOCAL, parameters={parameter: 1})


# Azure.

RESOURCE = "https://r.openai.azure.com"
AZURE = {"AZURE_OPENAI_ENDPOINT": RESOURCE, "OPENAI_API_VERSION": "2024-10-21", "AZURE_OPENAI_API_KEY": "az-1"}


def test_azure_from_the_environment() -> None:
    """The variables that openai's own client for Azure reads are enough, with a model: its deployment is called so."""
    settings = endpoint(AZURE, model="gpt")
    assert settings.base_url == f"{RESOURCE}/openai/deployments/gpt"
    assert (settings.api_key, settings.api_version, settings.ad_token) == ("az-1", "2024-10-21", None)


def test_azure_by_a_token() -> None:
    """Without a key, a token of Azure's directory is taken."""
    environment = {**AZURE, "AZURE_OPENAI_API_KEY": "", "AZURE_OPENAI_AD_TOKEN": "ad-1"}
    settings = endpoint(environment, model="gpt")
    assert (settings.api_key, settings.ad_token) == (None, "ad-1")


def test_azure_in_the_file() -> None:
    """Resource, deployment and version can be written, for each stage its own deployment."""
    settings = endpoint(
        base_url=f"{RESOURCE}/",
        api_key="az-1",
        model="gpt",
        deployment="d",
        api_version="2024-10-21",
        synthesize={"deployment": "e"},
        route={"model": "r"},
    )
    bases = [settings.base_url, settings.endpoint_for("synthesize").base_url, settings.endpoint_for("route").base_url]
    assert bases == [f"{RESOURCE}/openai/deployments/{name}" for name in ("d", "e", "r")]
    assert settings.endpoint_for("synthesize").api_key == "az-1"
    assert settings.endpoint_for("synthesize").api_version == "2024-10-21"


def test_azure_as_it_is_pasted() -> None:
    """The address of a call, as Azure shows it, says all there is to say."""
    url = f"{RESOURCE}/openai/deployments/d/chat/completions?api-version=2024-10-21"
    settings = endpoint(base_url=url, api_key="az-1", model="gpt")
    assert (settings.base_url, settings.api_version) == (f"{RESOURCE}/openai/deployments/d", "2024-10-21")


def test_other_keys_do_not_go_to_azure_nor_its_key_elsewhere() -> None:
    """Each key goes to its maker."""
    both = {**AZURE, "OPENAI_API_KEY": "sk-1"}
    assert endpoint(both, model="m").api_key == "az-1"
    assert endpoint({**both, "OPENAI_BASE_URL": LOCAL}, model="m").api_key == "sk-1"
    assert endpoint(both, base_url=f"{RESOURCE}/openai/v1", model="m").api_version is None


@pytest.mark.parametrize(
    ("environment", "part", "said"),
    [
        ({"AZURE_OPENAI_ENDPOINT": RESOURCE, "AZURE_OPENAI_API_KEY": "a"}, {}, "asks for a version of its interface"),
        ({}, {"base_url": RESOURCE, "api_key": "a"}, 'Write "api_version", or set OPENAI_API_VERSION'),
        ({**AZURE, "AZURE_OPENAI_API_KEY": ""}, {}, "no API key. Set AZURE_OPENAI_API_KEY"),
    ],
)
def test_azure_that_cannot_be_called_is_refused(environment: dict[str, str], part: dict[str, str], said: str) -> None:
    """What is missing is named."""
    with pytest.raises(ConfigError, match=said):
        read(environment, model="m", **part)


# Embeddings.


def embeddings(environment: dict[str, str] | None = None, **part: object) -> LlmEndpoint:
    """Return the endpoint of embeddings, beside a model for both stages."""
    settings = endpoint(environment, model="m", **part)
    assert settings.embeddings is not None
    return settings.embeddings


def test_no_embeddings_unless_asked_for() -> None:
    """Nothing is embedded where the part is absent, or the language model itself is."""
    assert endpoint(model="m", base_url=LOCAL).embeddings is None
    assert read(base_url=LOCAL, embeddings={"model": "e"}) is None


def test_embeddings_share_the_address_and_the_key() -> None:
    """A model is enough; what is sent with completions is not sent along."""
    found = embeddings({"E": "e"}, base_url=LOCAL, api_key="sk-1", parameters={"seed": 1}, embeddings={"model": "${E}"})
    assert (found.base_url, found.api_key, found.model, found.parameters) == (LOCAL, "sk-1", "e", {})


def test_embeddings_may_have_their_own_endpoint() -> None:
    """A key goes only to the address that it was written for."""
    own = {"model": "e", "base_url": "http://other/v1/embeddings", "parameters": {"dimensions": 256}}
    found = embeddings({"OPENAI_API_KEY": "sk-2"}, base_url=LOCAL, api_key="sk-1", embeddings=own)
    assert (found.base_url, found.api_key, found.parameters) == ("http://other/v1", None, {"dimensions": 256})
    assert embeddings(base_url=LOCAL, embeddings={**own, "api_key": "sk-3"}).api_key == "sk-3"


@pytest.mark.parametrize(
    ("own", "deployment"),
    [
        ({}, "e"),
        ({"deployment": "x"}, "x"),
        ({"base_url": f"{RESOURCE}/openai/deployments/y/embeddings?api-version=2024-10-21", "api_key": "k"}, "y"),
    ],
)
def test_embeddings_at_azure(own: dict[str, str], deployment: str) -> None:
    """The deployment of another model is none of this one, not even where the pasted address names it."""
    url = f"{RESOURCE}/openai/deployments/gpt/chat/completions?api-version=2024-10-21"
    found = embeddings(base_url=url, api_key="k", deployment="d", embeddings={"model": "e", **own})
    assert found.base_url == f"{RESOURCE}/openai/deployments/{deployment}"
    assert (found.api_version, found.api_key) == ("2024-10-21", "k")


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({}, r"llm.embeddings: no model is named. Write .model."),
        ({"model": "${UNSET}"}, "variable UNSET is not set"),
        ({"model": "e", "parameters": {"input": []}}, r"llm.embeddings.parameters: 'input' cannot be set"),
        ({"model": "e", "base_url": "https://api.openai.com/v1"}, r"llm.embeddings: the model 'e' .* no API key"),
    ],
)
def test_embeddings_that_cannot_be_asked_for_are_refused(own: dict[str, object], said: str) -> None:
    """A mistake is told at the start, with its place."""
    with pytest.raises(ConfigError, match=said):
        read(model="m", base_url=LOCAL, embeddings=own)
