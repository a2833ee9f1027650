"""The sentence that says why a request over HTTP failed, and what to do."""

from typing import assert_never

from batonmcp.config.settings import HttpServer, ServerSettings
from batonmcp.downstream.http.failure import HttpFailure
from batonmcp.downstream.http.origin import public_address

__all__ = ["http_trouble"]

_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"


def http_trouble(failure: HttpFailure, settings: ServerSettings) -> str:
    """Return what a failure means for a server, as the end of a sentence that begins with its name."""
    place = f"mcpServers.{settings.name}"
    match failure.kind:
        case "unreachable":
            return _unreachable(failure, settings)
        case "broken":
            return f"ended the connection before it had answered ({failure.said})."
        case "refused":
            return _refused(failure, settings)
        case "redirected":
            return (
                f"did not take the request: {failure.said}, where nothing is sent by itself. "
                f"If that is the server you mean, write its address in {place}.url."
            )
        case "oversize":
            return (
                f"sent {failure.said} at once, which is not taken. "
                "Ask it for less, or raise limits.result_bytes under batonmcp."
            )
        case "unreadable":
            return (
                f"does not answer as an MCP server at {_address(settings)} ({failure.said})."
                f"{_quoted(failure)} Check {place}.url."
            )
        case _:
            assert_never(failure.kind)


def _unreachable(failure: HttpFailure, settings: ServerSettings) -> str:
    address = _address(settings)
    if _UNTRUSTED in failure.said:
        reason = failure.said.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or failure.said
        return (
            f"does not prove who it is at {address} ({reason}). "
            "If its certificate is in order, name the file of who signed it in the variable SSL_CERT_FILE."
        )
    return f"cannot be reached at {address} ({failure.said}). Check the address and the network."


def _refused(failure: HttpFailure, settings: ServerSettings) -> str:
    place = f"mcpServers.{settings.name}"
    answered = f"answered {failure.status}"
    if failure.speaks_sse:
        return f'{answered}: it speaks SSE, the older transport. Write "type": "sse" in {place}.'
    match failure.status:
        case 401 | 403:
            return f"{answered}: {_credentials(failure, settings)}{_quoted(failure)}"
        case 404 | 405:
            return f"{answered}: at its address there is no MCP server. Check {place}.url."
        case 429:
            return f"{answered}: it has been asked too often; try again {_when(failure)}."
        case _:
            return f"{answered}; try again {_when(failure)}.{_quoted(failure)}"


def _when(failure: HttpFailure) -> str:
    return f"in {failure.retry_after:.0f} s" if failure.retry_after else "later"


def _credentials(failure: HttpFailure, settings: ServerSettings) -> str:
    """Say which header is wrong or missing; never what is in it."""
    place = f"mcpServers.{settings.name}.headers"
    names = sorted(settings.transport.headers) if isinstance(settings.transport, HttpServer) else []
    proof = next((name for name in names if name.lower() == "authorization"), None)
    oauth = " It wants an OAuth token: get one from whoever runs it, and write it there." if failure.oauth else ""
    if not names:
        return f"it wants to know who you are. Write a header under {place}, usually Authorization.{oauth}"
    cure = (
        f"the value of {proof} is wrong, has expired or allows too little"
        if proof
        else f"there is {', '.join(names)}, but no Authorization header, which is usual"
    )
    return f"it does not accept what it was sent to prove who you are. Check {place}: {cure}.{oauth}"


def _quoted(failure: HttpFailure) -> str:
    return f" It said: {failure.excerpt!r}." if failure.excerpt else ""


def _address(settings: ServerSettings) -> str:
    return public_address(settings.transport.url) if isinstance(settings.transport, HttpServer) else settings.name
