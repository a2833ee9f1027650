"""The guard before the MCP endpoint: it looks at where a request is for and from before any of its body is read."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from batonmcp.core.printable import printable

__all__ = ["BODY_PATIENCE", "LARGEST_BODY", "HttpGuard", "refusal_of"]

LARGEST_BODY = 4 * 1024 * 1024
BODY_PATIENCE = 20.0
"""Seconds in which a whole body must have arrived."""

_LARGEST_TOGETHER = 64 * 1024 * 1024
"""Bytes of all bodies that are on their way: what many requests together can make us hold."""

_LONGEST_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not passed on: a status, and a sentence."""

    status: int
    sentence: str


class HttpGuard:
    """Passes requests on that are for this machine and come from it, with their bodies read whole.

    A page in a browser can send requests to a server on the same machine, also under a name of its own that it has
    pointed here. Such requests name that page or that name.

    Args:
        app: Gets what passes.
        hosts: Under which names, without a port, requests may be for us.
        patience: Seconds in which a body must have arrived.
    """

    def __init__(self, app: ASGIApp, *, hosts: Collection[str], patience: float = BODY_PATIENCE) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._patience = patience
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        if scope["type"] != "http":
            return
        if refusal := refusal_of(scope["headers"], self._hosts):
            await _refused(refusal)(scope, receive, send)
            return
        body = bytearray()
        try:
            refusal = await self._read(receive, body) if scope["method"] == "POST" else None
            if refusal:
                await _refused(refusal)(scope, receive, send)
                return
            whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]
        finally:
            self._held -= len(body)

        async def read_already() -> Message:
            return whole.pop() if whole else await receive()

        await self._app(scope, read_already, send)

    async def _read(self, receive: Receive, body: bytearray) -> Refusal | None:
        """Read a body as it arrives; say why if it is not to be had."""
        with anyio.move_on_after(self._patience) as waiting:
            more = True
            while more:
                message = await receive()
                if message["type"] != "http.request":
                    return Refusal(400, "The request ended within its body.")  # nobody is there to read it
                part = message.get("body", b"")
                body += part
                self._held += len(part)
                if len(body) > LARGEST_BODY:
                    return Refusal(413, f"The body is larger than {LARGEST_BODY:,} bytes, the most that is taken.")
                if self._held > _LARGEST_TOGETHER:
                    return Refusal(503, "Too many large requests are arriving at the same time; send this one again.")
                more = message.get("more_body", False)
        if waiting.cancelled_caught:
            return Refusal(408, f"The body did not arrive within {self._patience:g} s; send the request again.")
        return None


def refusal_of(headers: Iterable[tuple[bytes, bytes]], hosts: Collection[str]) -> Refusal | None:
    """Say why a request is not for us, or does not come from this machine; also if it is far too large."""
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))
    names, origins = found.get("host", []), found.get("origin", [])
    if len(names) != 1 or _hostname(f"//{names[0]}") not in hosts:
        what = _shown(names)
        return Refusal(421, f"batonmcp serves this machine alone, by the names {_list(hosts)}, and not {what}.")
    if any(not origin.startswith(("http://", "https://")) or _hostname(origin) not in hosts for origin in origins):
        return Refusal(403, f"batonmcp takes no requests from pages of {_shown(origins)}, only from this machine's.")
    length = found.get("content-length", ["0"])[0]
    if not length.isdecimal() or int(length[:20]) > LARGEST_BODY:
        return Refusal(413, f"The body is larger than {LARGEST_BODY:,} bytes, the most that is taken.")
    return None


def _hostname(url: str) -> str | None:
    """Return the host that an address names, if it is nothing but a host and a port."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for what is none
    except ValueError:
        return None
    more = parts.path or parts.query or parts.fragment or "@" in parts.netloc
    return None if more else parts.hostname


def _shown(values: Iterable[str]) -> str:
    return repr(printable(", ".join(values), _LONGEST_SHOWN))


def _list(hosts: Iterable[str]) -> str:
    return ", ".join(f"[{host}]" if ":" in host else host for host in sorted(hosts))


def _refused(refusal: Refusal) -> Response:
    # 413 leaves the connection open, so that the body can be read to its end: else the answer might not be.
    close = {} if refusal.status == 413 else {"connection": "close"}  # noqa: PLR2004 - a status
    return PlainTextResponse(f"{refusal.sentence}\n", status_code=refusal.status, headers=close)
