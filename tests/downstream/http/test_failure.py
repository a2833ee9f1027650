"""A failed request over HTTP."""

import httpx2
import pytest
from mcp_types import CONNECTION_CLOSED, INTERNAL_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND

from batonmcp.downstream.http.failure import FailureKind, HttpFailed, HttpFailure, unreached


@pytest.mark.parametrize(
    ("kind", "status", "arrived", "code"),
    [
        ("unreachable", None, False, INVALID_REQUEST),
        ("redirected", 307, False, INVALID_REQUEST),
        ("broken", None, True, CONNECTION_CLOSED),
        ("oversize", 200, True, CONNECTION_CLOSED),
        ("unreadable", 200, True, CONNECTION_CLOSED),
        ("refused", 401, False, INTERNAL_ERROR),
        ("refused", 429, False, INTERNAL_ERROR),
        ("refused", 500, True, INTERNAL_ERROR),
        ("refused", 404, False, METHOD_NOT_FOUND),
    ],
)
def test_whether_it_may_have_been_carried_out(
    kind: FailureKind,
    status: int | None,
    arrived: bool,  # noqa: FBT001
    code: int,
) -> None:
    """Only what never left, or was refused before anything was done, certainly did not happen."""
    failure = HttpFailure(kind=kind, status=status)
    assert (failure.arrived, failure.code) == (arrived, code)


def test_session_that_is_not_found() -> None:
    """The same status means something else to a request of a session."""
    assert HttpFailure(kind="refused", status=404, session=True).code == INVALID_REQUEST


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx2.ConnectError("refused."), "unreachable"),
        (httpx2.ConnectTimeout(""), "unreachable"),
        (httpx2.PoolTimeout(""), "unreachable"),
        (httpx2.ProxyError(""), "unreachable"),
        (httpx2.UnsupportedProtocol(""), "unreachable"),
        (httpx2.ReadError(""), "broken"),
        (httpx2.RemoteProtocolError(""), "broken"),
        (httpx2.WriteTimeout(""), "broken"),
    ],
)
def test_error_below_http(error: httpx2.TransportError, kind: FailureKind) -> None:
    """What happened before anything was sent is told from what happened after; a nameless error has its name."""
    failure = unreached(error)
    assert failure.kind == kind
    assert failure.said == ("refused" if str(error) else type(error).__name__)
    assert len(unreached(httpx2.ReadError("x" * 999)).said) == 300


def test_failure_is_an_error_with_a_text() -> None:
    """What went wrong is its text, else the kind of thing."""
    assert str(HttpFailed(HttpFailure(kind="broken", said="it ended"))) == "it ended"
    assert str(HttpFailed(HttpFailure(kind="broken"))) == "broken"
