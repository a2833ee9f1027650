"""The LLM endpoint of servers.json and the environment, checked as far as that goes without calling it."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from batonmcp.config.document import LlmPart
from batonmcp.config.interpolate import UnsetVariable, interpolate
from batonmcp.config.settings import LlmSettings
from batonmcp.core.errors import ConfigError

__all__ = ["is_address", "llm_settings", "sendable"]

_OPENAI = "https://api.openai.com/v1"


def llm_settings(part: LlmPart, environment: Mapping[str, str], *, place: str) -> LlmSettings | None:
    """Return the LLM's settings. A model must be named: a key alone in the environment changes nothing.

    Raises:
        ConfigError: The endpoint cannot be called as it is written; the sentence begins with `place`.
    """
    try:
        model = _filled(part.model, environment) or environment.get("BATONMCP_MODEL")
        if not model:
            return None
        settings = LlmSettings(
            base_url=_filled(part.base_url, environment) or environment.get("OPENAI_BASE_URL") or _OPENAI,
            api_key=_filled(part.api_key, environment) or environment.get("OPENAI_API_KEY", "").strip() or None,
            model=model,
            route_model=_filled(part.route.model, environment),
            synthesize_model=_filled(part.synthesize.model, environment),
            timeout=part.timeout,
            retries=part.retries,
        )
    except UnsetVariable as unset:
        raise ConfigError(
            place=place, message=f"the variable {unset} is not set.", cure="Set it, or remove it here."
        ) from None
    _check(settings, place)
    return settings


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


def _check(llm: LlmSettings, place: str) -> None:
    """Refuse what can never be called: no address, no key where one is needed, a key that cannot be sent."""
    if not is_address(llm.base_url):
        raise ConfigError(
            place=place,
            message=f"the base_url {llm.base_url!r} is no address.",
            cure="Write one such as http://127.0.0.1:11434/v1.",
        )
    if not llm.api_key and llm.base_url.rstrip("/") == _OPENAI:
        raise ConfigError(
            place=place,
            message=f"the model {llm.model!r} is to be called at {_OPENAI}, but there is no API key.",
            cure="Set OPENAI_API_KEY, or write base_url for another endpoint.",
        )
    if not sendable(llm.api_key or ""):
        raise ConfigError(
            place=place, message="the API key holds characters that cannot be sent.", cure="Copy it again."
        )
