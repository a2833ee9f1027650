"""A front served over HTTP in the process of the test, and HTTP by hand to talk to it.

async with over_http(Front(backend.open, agents=[], limits=Limits(), shared=True)) as url:
    answer = await asked(url, posted(b"{}"))
"""

import json
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
from anyio.abc import Process, SocketStream

from batonmcp.host.http import listen_on, serve_on, url_of
from batonmcp.host.server import Front

__all__ = [
    "MODERN",
    "Raw",
    "asked",
    "call",
    "connected",
    "over_http",
    "posted",
    "process_over_http",
    "response_of",
    "until_end",
]

MODERN = "2026-07-28"
_LARGEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Raw:
    """A response as it arrived; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


@asynccontextmanager
async def over_http(front: Front, *, most: int | None = None) -> AsyncGenerator[str]:
    """Serve and yield the address; on leaving, everything is cut."""
    with listen_on("127.0.0.1", 0) as listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(serve_on, front, listener, most=most))
            yield url_of(listener)
            tasks.cancel_scope.cancel()


@asynccontextmanager
async def process_over_http(
    config: Path, *options: str, port: int = 0, environment: Mapping[str, str] | None = None
) -> AsyncGenerator[tuple[str, Process]]:
    """Start `batonmcp serve --transport http`, and yield the address that it tells and the process."""
    command = [sys.executable, "-m", "batonmcp", "serve", "--config", str(config), "--transport", "http"]
    command += ["--port", str(port), *options]
    process = await anyio.open_process(command, stderr=subprocess.PIPE, env=environment)
    async with process:
        assert process.stderr is not None
        said = b""
        while b"batonmcp serves " not in said or not said.endswith(b"\n"):
            said += await process.stderr.receive()
        try:
            yield said.decode().partition("batonmcp serves ")[2].split()[0], process
        finally:
            if process.returncode is None:
                process.terminate()


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[SocketStream]:
    """Connect, and say nothing."""
    parts = urlsplit(url)
    async with await anyio.connect_tcp(parts.hostname or "", parts.port or 0) as stream:
        yield stream


def posted(body: bytes, *headers: str, host: str = "localhost:80") -> bytes:
    """Return a POST with a body and these headers."""
    lines = [
        "POST /mcp HTTP/1.1",
        *([f"host: {host}"] if host else []),
        "content-type: application/json",
        "accept: application/json, text/event-stream",
        f"content-length: {len(body)}",
        *headers,
        "",
        "",
    ]
    return "\r\n".join(lines).encode("latin-1") + body


def call(arguments: dict[str, Any], *, progress: bool = False) -> bytes:
    """Return a call of `orchestrate` in the newer era."""
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    if progress:
        meta["progressToken"] = "p"
    params = {"name": "orchestrate", "arguments": arguments, "_meta": meta}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()
    headers = (f"mcp-protocol-version: {MODERN}", "mcp-method: tools/call", "mcp-name: orchestrate")
    return posted(body, *headers)


async def asked(url: str, request: bytes) -> Raw:
    """Send bytes on a connection of their own and return the response."""
    async with connected(url) as stream:
        await stream.send(request)
        return await response_of(stream)


async def response_of(stream: SocketStream) -> Raw:
    """Read one response; its length must be told, or its end be that of the connection."""
    text = b""
    while b"\r\n\r\n" not in text:
        text += await stream.receive()
    head, _, body = text.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    if "content-length" in headers:
        while len(body) < int(headers["content-length"]):
            body += await stream.receive()
    return Raw(int(first.split()[1]), headers, body)


async def until_end(stream: SocketStream) -> bytes:
    """Read until the other side ends the connection, and return what came."""
    found = b""
    try:
        while len(found) < _LARGEST:
            found += await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        pass
    return found
