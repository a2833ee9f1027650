"""The exchange with a server over HTTP: what the SDK's transports would otherwise swallow."""

import secrets
from typing import cast

import anyio
import httpx2
from mcp import MCPError
from mcp.client.streamable_http import MCP_SESSION_ID

from batonmcp.core.limits import Limits
from batonmcp.downstream.http.failure import HttpFailed, HttpFailure

__all__ = ["HttpExchange"]

_REFUSED = 400
_NOT_FOUND = 404
_MOST_FAILURES = 256
_MARK = "batonmcp"


class HttpExchange:
    """What is known of the requests to a server and of its responses.

    Attributes:
        max_bytes: Largest answer, decoded.
        refusal: The status of the last answer to a message of ours, if it was a refusal.
        retry_after: In how many seconds the server then wanted to be asked again; None if it did not say.
        answered: Whether there has been any response to a message of ours.
        speaks_sse: Set when a server that was taken to speak streamable HTTP turned out to speak SSE.
        failure: The last request that failed.
        forgotten: Set when the server no longer knows our session: it has been started again, or is not there.
    """

    def __init__(self, *, max_bytes: int = Limits().result_bytes) -> None:
        self.max_bytes = max_bytes
        self.refusal: int | None = None
        self.retry_after: float | None = None
        self.answered = False
        self.speaks_sse = False
        self.failure: HttpFailure | None = None
        self.forgotten = anyio.Event()
        self._failures: dict[str, HttpFailure] = {}

    async def hear(self, response: httpx2.Response) -> None:
        """Take note of a response."""
        if response.request.method != "POST":
            return  # a server may well refuse the stream that only GET opens
        self.answered = True
        self.refusal = response.status_code if response.status_code >= _REFUSED else None
        if self.refusal is None:
            self.retry_after = None
        if self.refusal == _NOT_FOUND and MCP_SESSION_ID in response.request.headers:
            self.forgotten.set()

    def mark(self, failure: HttpFailure) -> dict[str, str]:
        """Take note of a failure, and return what an error must carry to be known as this one.

        The mark is random: no server can pass an error of its own off as one of ours.
        """
        mark = secrets.token_hex(16)
        self.failure = self._failures[mark] = failure
        self.retry_after = failure.retry_after
        while len(self._failures) > _MOST_FAILURES:
            del self._failures[next(iter(self._failures))]
        return {_MARK: mark}

    def failure_of(self, error: BaseException | None) -> HttpFailure | None:
        """Return the failure that an error stands for; None if the server itself said it, or it is something else."""
        match error:
            case HttpFailed(failure=failure):
                return failure
            case MCPError() if isinstance(data := cast("object", error.error.data), dict):
                mark = cast("dict[str, object]", data).get(_MARK)
                return self._failures.get(mark) if isinstance(mark, str) else None
            case _:
                return None
