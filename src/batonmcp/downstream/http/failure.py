"""A failed request over HTTP: what came of it, and whether it may have been carried out."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import httpx2
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND

__all__ = ["FailureKind", "HttpFailed", "HttpFailure", "unreached"]

FailureKind: TypeAlias = Literal["unreachable", "broken", "refused", "redirected", "oversize", "unreadable"]

_NOT_FOUND = 404
_SERVER_ERROR = 500
_NEVER_LEFT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.LocalProtocolError,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpFailure:
    """What came of a request instead of an answer.

    Attributes:
        kind: `unreachable`: it never left; `broken`: the connection ended under it; `refused`: answered with a status
            that says no; `redirected`: sent somewhere else; `oversize`: answered with too much; `unreadable`: answered
            with something that is no answer.
        said: What exactly, without a full stop: an error, a place, a bound, or what is wrong with the answer.
        status: Of the answer; None without one.
        excerpt: The beginning of the answer as plain text, without anything secret.
        retry_after: In how many seconds the server wants to be asked again; None if it did not say.
        oauth: Whether it wants to be asked with a token of an OAuth server.
        session: Whether the request belonged to a session.
        speaks_sse: Whether the server turned out to speak the older SSE transport.
    """

    kind: FailureKind
    said: str = ""
    status: int | None = None
    excerpt: str = ""
    retry_after: float | None = None
    oauth: bool = False
    session: bool = False
    speaks_sse: bool = False

    @property
    def arrived(self) -> bool:
        """Whether the request may have been carried out all the same."""
        match self.kind:
            case "unreachable" | "redirected":
                return False
            case "refused":
                return self.status is None or self.status >= _SERVER_ERROR
            case "broken" | "oversize" | "unreadable":
                return True

    @property
    def code(self) -> int:
        """The code under which the SDK is told of it: its own where it has one."""
        if self.kind == "refused" and self.status == _NOT_FOUND:
            return INVALID_REQUEST if self.session else METHOD_NOT_FOUND
        if self.kind == "refused":
            return INTERNAL_ERROR
        return CONNECTION_CLOSED if self.arrived else INVALID_REQUEST


class HttpFailed(httpx2.SSEError):
    """A request has failed. It is an error of a stream because only those end the SDK's SSE transport at once."""

    def __init__(self, failure: HttpFailure) -> None:
        super().__init__(failure.said or failure.kind)
        self.failure = failure


def unreached(error: httpx2.TransportError) -> HttpFailure:
    """Return the failure that an error below HTTP stands for."""
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return HttpFailure(kind="unreachable" if isinstance(error, _NEVER_LEFT) else "broken", said=text[:300])
