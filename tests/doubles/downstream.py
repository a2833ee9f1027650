"""MCP servers for the tests of `batonmcp.downstream`: hostile ones as processes, and one over HTTP.

settings = settings_of(evil("garbage", token), scripted("s.tools['echo'] = ...", token))

gate = Gate(echo_server().streamable_http_app())
async with serving(gate) as url:
    ...  # connect to url, then look at gate.requests, or set gate.status
"""

import socket
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, Unpack

import anyio
import uvicorn
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from batonmcp.config.settings import HttpServer, Protocol, ServerSettings, Settings, StdioServer
from batonmcp.core.effect import EffectKind
from batonmcp.core.limits import Limits
from doubles import evil_stdio
from doubles.processes import TOKEN_VARIABLE

__all__ = ["Gate", "Seen", "echo_server", "evil", "free_port", "http", "scripted", "serving", "settings_of"]

_TESTS = Path(__file__).parent.parent
_PREFACE = "from doubles import evil_stdio as e\ns = e.Server(state=None, calls=0)\n"


class _More(TypedDict, total=False):
    """What an entry may say beside its transport."""

    timeout: float
    untrusted: bool
    protocol: Protocol
    idle_timeout: float


def evil(mode: str, token: str, *, name: str = "", state: Path | None = None, **more: Unpack[_More]) -> ServerSettings:
    """Return the entry of a hostile server, which is called by its mode unless it has a name."""
    command, *arguments = evil_stdio.argv(mode, state=state)
    transport = StdioServer(command=command, args=tuple(arguments), env={TOKEN_VARIABLE: token})
    return ServerSettings(name=name or mode, transport=transport, **more)


def scripted(code: str, token: str, *, name: str = "s", **more: Unpack[_More]) -> ServerSettings:
    """Return the entry of a server that some lines of Python spoil: `s` is the server, `e` the module it is from."""
    program = f"{_PREFACE}{code}\ns.serve()\n"
    environment = {TOKEN_VARIABLE: token, "PYTHONPATH": str(_TESTS)}
    transport = StdioServer(command=sys.executable, args=("-c", program), env=environment)
    return ServerSettings(name=name, transport=transport, **more)


def http(
    url: str, *, name: str = "h", headers: Mapping[str, str] | None = None, **more: Unpack[_More]
) -> ServerSettings:
    """Return the entry of a server over HTTP."""
    return ServerSettings(name=name, transport=HttpServer(url=url, headers=headers or {}), **more)


def settings_of(
    *servers: ServerSettings, effects: Mapping[str, EffectKind] | None = None, limits: Limits | None = None
) -> Settings:
    """Return settings with these servers."""
    return Settings(source=Path("servers.json"), servers=servers, effects=effects or {}, limits=limits or Limits())


def echo_server(title: str = "Echo Server") -> Server[Any]:
    """Return a well-behaved server with the tools `echo`, which says its text again, and `hang`, which says nothing."""

    async def list_tools(
        _context: ServerRequestContext[Any], _params: PaginatedRequestParams | None
    ) -> ListToolsResult:
        schema = {"type": "object", "properties": {"text": {"type": "string"}}}
        annotations = ToolAnnotations(read_only_hint=True)
        return ListToolsResult(
            tools=[Tool(name=name, input_schema=schema, annotations=annotations) for name in ("echo", "hang")]
        )

    async def call_tool(_context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        if params.name == "hang":
            await anyio.sleep_forever()
        return CallToolResult(content=[TextContent(text=str((params.arguments or {}).get("text")))])

    return Server("echo", version="1.0.0", title=title, on_list_tools=list_tools, on_call_tool=call_tool)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A request as it arrived; header names are in lower case."""

    method: str
    headers: Mapping[str, str]


class Gate:
    """Stands before an application, records its requests, and answers them itself when it is told to.

    Attributes:
        app: The application, which can be exchanged for another one that is being served.
        requests: All that have arrived.
        status: Answer with it from now on; None to let requests through.
        content_type: Of those answers.
        body: Of those answers.
        closed_to: Methods that are always answered with 405.
    """

    def __init__(self, app: ASGIApp, *, status: int | None = None, closed_to: frozenset[str] = frozenset()) -> None:
        self.app = app
        self.requests: list[Seen] = []
        self.status = status
        self.content_type = "application/json"
        self.body = b"{}"
        self.closed_to = closed_to

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.requests.append(Seen(method=scope["method"], headers=headers))
        status = 405 if scope["method"] in self.closed_to else self.status
        if status is None:
            await self.app(scope, receive, send)
            return
        content_type = [(b"content-type", self.content_type.encode())]
        await send({"type": "http.response.start", "status": status, "headers": content_type})
        await send({"type": "http.response.body", "body": self.body})


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@asynccontextmanager
async def serving(app: ASGIApp, *, port: int = 0) -> AsyncGenerator[str]:
    """Serve an application on 127.0.0.1 and yield the address of its MCP endpoint; on leaving, every request is cut."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, ws="none", timeout_graceful_shutdown=0))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partial(server.serve, sockets=[listener]))
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
            finally:
                server.should_exit = True
