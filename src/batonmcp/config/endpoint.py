"""The LLM endpoints of servers.json and the environment, checked as far as that goes without calling them."""

from collections.abc import Collection, Mapping
from urllib.parse import urlsplit

from pydantic import JsonValue

from batonmcp.config.azure import Address, address_of, is_azure
from batonmcp.config.document import LlmPart, StagePart
from batonmcp.config.interpolate import UnsetVariable, interpolate
from batonmcp.config.settings import LlmEndpoint, LlmSettings
from batonmcp.core.errors import ConfigError

__all__ = ["is_address", "llm_settings", "sendable"]

_OPENAI = "https://api.openai.com/v1"
_OURS = frozenset({"functions", "messages", "model", "n", "response_format", "stream", "stream_options", "tools"})
_OURS_OF_EMBEDDINGS = frozenset({"encoding_format", "input", "model"})
"""Parameters that cannot be set: a call that is otherwise than we make it has an answer otherwise than we read it."""


def llm_settings(part: LlmPart, environment: Mapping[str, str], *, place: str) -> LlmSettings | None:
    """Return the LLM's settings. A model must be named: a key alone in the environment changes nothing.

    Raises:
        ConfigError: An endpoint cannot be called as it is written; the sentence begins with `place`.
    """
    try:
        model = _filled(part.model, environment) or environment.get("BATONMCP_MODEL")
        if model:
            both: LlmEndpoint | None = _endpoint(part, environment, model, place, own=True)
        elif part.route.model and part.synthesize.model:
            both = _of_stage(part.route, part, environment, "", f"{place}.route")
        else:
            both = None
        return both and LlmSettings(
            base_url=both.base_url,
            api_key=both.api_key,
            model=both.model,
            api_version=both.api_version,
            ad_token=both.ad_token,
            parameters=both.parameters,
            route=_of_stage(part.route, part, environment, both.model, f"{place}.route"),
            synthesize=_of_stage(part.synthesize, part, environment, both.model, f"{place}.synthesize"),
            embeddings=_of_embeddings(part, environment, f"{place}.embeddings"),
            timeout=part.timeout,
            retries=part.retries,
            stream=part.stream,
        )
    except UnsetVariable as unset:
        raise ConfigError(
            place=place, message=f"the variable {unset} is not set.", cure="Set it, or remove it here."
        ) from None


def sendable(text: str) -> bool:
    """Whether `text` can stand in an HTTP header: asked here, because errors further down would quote a secret."""
    return text.isascii() and text.isprintable()


def is_address(url: str) -> bool:
    """Whether `url` is one that can be called over HTTP."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:  # brackets that do not close, a port that is no number
        return False


def _filled(text: str | None, environment: Mapping[str, str]) -> str | None:
    return interpolate(text, environment).strip() if text else None


def _of_stage(
    own: StagePart, both: LlmPart, environment: Mapping[str, str], model: str, place: str
) -> LlmEndpoint | None:
    """Return the endpoint of a stage, None if it is the one for both.

    A key goes only to the address that it was written for: a stage with an address of its own has its own key.
    """
    if not own.model_fields_set & set(StagePart.model_fields):
        return None
    same = _is_same(own, both)
    merged = _merged(own, both, parameters={**both.parameters, **own.parameters})
    return _endpoint(merged, environment, _filled(own.model, environment) or model, place, own=same)


def _of_embeddings(both: LlmPart, environment: Mapping[str, str], place: str) -> LlmEndpoint | None:
    """Return the endpoint of embeddings; None where they are not asked for.

    Address and key are those of the stages unless it has its own; their deployment and parameters are of another model.
    """
    own = both.embeddings
    if own is None:
        return None
    model, same = _filled(own.model, environment), _is_same(own, both)
    if not model:
        raise ConfigError(place=place, message="no model is named.", cure='Write "model", or remove it here.')
    merged = _merged(own, both, parameters=own.parameters)
    if not own.base_url and not own.deployment:
        merged = merged.model_copy(update={"deployment": model})
    return _endpoint(merged, environment, model, place, own=same, ours=_OURS_OF_EMBEDDINGS)


def _is_same(own: StagePart, both: StagePart) -> bool:
    return own.base_url is None or own.base_url == both.base_url


def _merged(own: StagePart, both: StagePart, *, parameters: Mapping[str, JsonValue]) -> StagePart:
    same = _is_same(own, both)
    return StagePart(
        base_url=own.base_url or both.base_url,
        api_key=own.api_key or (both.api_key if same else None),
        api_version=own.api_version or (both.api_version if same else None),
        deployment=own.deployment or (both.deployment if same and not own.model else None),
        parameters=dict(parameters),
    )


def _endpoint(  # noqa: PLR0913 - what an endpoint is read from
    part: StagePart,
    environment: Mapping[str, str],
    model: str,
    place: str,
    *,
    own: bool,
    ours: Collection[str] = _OURS,
) -> LlmEndpoint:
    """Read an endpoint.

    Args:
        part: As it is written.
        environment: With the variables that it names.
        model: There.
        place: Of the part, for errors.
        own: Whether the environment's key is meant for whatever address it has.
        ours: Parameters that cannot be set.
    """
    written = _filled(part.base_url, environment) or environment.get("OPENAI_BASE_URL")
    of_azure = environment.get("AZURE_OPENAI_ENDPOINT") if not written else None
    address = address_of(written or of_azure or _OPENAI)
    version = _filled(part.api_version, environment) or address.api_version
    if of_azure or is_azure(address.base_url):
        version = version or environment.get("OPENAI_API_VERSION")
        _check_version(version, address, place)
    key, token = _filled(part.api_key, environment), None
    if version and not key and (own or is_azure(address.base_url)):
        key = _named("AZURE_OPENAI_API_KEY", environment)
        token = None if key else _named("AZURE_OPENAI_AD_TOKEN", environment)
    elif not version and not key and (own or _is_openai(address.base_url)):
        key = _named("OPENAI_API_KEY", environment)
    deployment = _filled(part.deployment, environment)
    endpoint = LlmEndpoint(
        base_url=address.of_deployment(deployment or address.deployment or model) if version else address.base_url,
        api_key=key,
        model=model,
        api_version=version,
        ad_token=token,
        parameters=part.parameters,
    )
    _check(endpoint, place)
    _check_parameters(endpoint, ours, place)
    return endpoint


def _named(variable: str, environment: Mapping[str, str]) -> str | None:
    return environment.get(variable, "").strip() or None


def _is_openai(base_url: str) -> bool:
    return base_url.rstrip("/") == _OPENAI


def _check_version(version: str | None, address: Address, place: str) -> None:
    if not version:
        raise ConfigError(
            place=place,
            message=f"{address.base_url} is Azure's, which asks for a version of its interface.",
            cure='Write "api_version", or set OPENAI_API_VERSION; or let base_url end in /openai/v1.',
        )


def _check(llm: LlmEndpoint, place: str) -> None:
    """Refuse what can never be called: no address, no key where one is needed, a key that cannot be sent."""
    if not is_address(llm.base_url):
        raise ConfigError(
            place=place,
            message=f"the base_url {llm.base_url!r} is no address.",
            cure="Write one such as http://127.0.0.1:11434/v1.",
        )
    if not llm.api_key and not llm.ad_token and (llm.api_version or _is_openai(llm.base_url)):
        variable = "AZURE_OPENAI_API_KEY" if llm.api_version else "OPENAI_API_KEY"
        raise ConfigError(
            place=place,
            message=f"the model {llm.model!r} is to be called at {llm.base_url}, but there is no API key.",
            cure=f"Set {variable}, or write base_url for another endpoint.",
        )
    if not sendable(f"{llm.api_key or ''}{llm.ad_token or ''}"):
        raise ConfigError(
            place=place, message="the API key holds characters that cannot be sent.", cure="Copy it again."
        )


def _check_parameters(llm: LlmEndpoint, ours: Collection[str], place: str) -> None:
    for name in sorted(llm.parameters.keys() & ours):
        raise ConfigError(place=f"{place}.parameters", message=f"{name!r} cannot be set.", cure="Remove it.")
