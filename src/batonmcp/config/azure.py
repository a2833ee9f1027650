"""Azure's addresses of a model: a resource, a deployment of the model there, and a version of the interface."""

from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

__all__ = ["Address", "address_of", "is_azure"]

_HOSTS = (".openai.azure.com", ".cognitiveservices.azure.com", ".services.ai.azure.com", ".openai.azure.us")
_CALLS = ("/chat/completions", "/embeddings")
_DEPLOYMENTS = "/openai/deployments/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """An address as it was written, taken apart.

    Attributes:
        base_url: Up to and without what a deployment or a call adds to it.
        deployment: The deployment in it, if any.
        api_version: The version in it, if any.
    """

    base_url: str
    deployment: str | None = None
    api_version: str | None = None

    def of_deployment(self, deployment: str) -> str:
        """Return the base_url of a deployment at this resource."""
        root = self.base_url.removesuffix("/").removesuffix("/openai")
        return f"{root}{_DEPLOYMENTS}{quote(deployment, safe='')}"


def address_of(url: str) -> Address:
    """Take an address apart. People also paste the one of a call, which has all of it."""
    try:
        parts = urlsplit(url)
    except ValueError:  # brackets that do not close: whoever checks addresses says so
        return Address(base_url=url)
    path = parts.path.rstrip("/")
    for call in _CALLS:
        path = path.removesuffix(call)
    root, found, deployment = path.partition(_DEPLOYMENTS)
    version = parse_qs(parts.query).get("api-version")
    if path == parts.path.rstrip("/") and not found and not version:
        return Address(base_url=url)
    query = "" if version else parts.query
    return Address(
        base_url=urlunsplit((parts.scheme, parts.netloc, root if found else path, query, "")),
        deployment=deployment or None,
        api_version=version[0] if version else None,
    )


def is_azure(url: str) -> bool:
    """Whether an address is one of Azure's own, which needs a version; those that end in /v1 are like everybody's."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return (parts.hostname or "").endswith(_HOSTS) and not parts.path.rstrip("/").endswith("/v1")
