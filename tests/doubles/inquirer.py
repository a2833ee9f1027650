"""A server whose tools ask while they work, in the way of whichever era is spoken with it.

    entry = inquirer.entry(ledger, protocol="modern")  # for servers.json

    python -m doubles.inquirer LEDGER  # with the folder of the tests on PYTHONPATH

The ledger is a file or a FIFO that gets a line for each thing that happens: "asks TOOL", "did NAME" for a side effect
after an answer, "cancelled TOOL", "read URI".
"""

import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp.shared.message import ServerMessageMetadata
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ContentBlock,
    CreateMessageRequest,
    CreateMessageRequestParams,
    CreateMessageResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    EmbeddedResource,
    InputRequiredResult,
    ListRootsRequest,
    ListRootsResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
    ResourceLink,
    SamplingMessage,
    TextContent,
    TextResourceContents,
    Tool,
    ToolAnnotations,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

__all__ = ["LINKED", "entry", "inquirer"]

LINKED = "notes://today?page=1#top"
"""What the tool `link` points to."""

_EMBEDDED = "notes://kept"
_FORM: dict[str, Any] = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
_ARGUMENTS: dict[str, Any] = {"type": "object", "properties": {"topic": {"type": "string"}}}

_Answer = TypeVar("_Answer", ElicitResult, CreateMessageResult, ListRootsResult)
_Request: TypeAlias = ElicitRequest | CreateMessageRequest | ListRootsRequest


def entry(ledger: Path, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Return its entry for servers.json."""
    command = {"command": sys.executable, "args": ["-m", "doubles.inquirer", str(ledger)]}
    return {**command, "env": {"PYTHONPATH": str(Path(__file__).parent.parent)}, **more}


class _Unanswered(Exception):
    """A question has to be put in the result of the call, which will be made again with the answer."""

    def __init__(self, result: InputRequiredResult) -> None:
        super().__init__()
        self.result = result


@dataclass
class _Talk:
    """One call of a tool, and who makes it."""

    context: ServerRequestContext[Any]
    params: CallToolRequestParams
    write: Callable[[str], None]
    asked: int = 0
    answers: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def topic(self) -> str:
        """What it is about."""
        return str((self.params.arguments or {}).get("topic", ""))

    async def ask(self, request: _Request, answer: type[_Answer]) -> _Answer:
        """Ask, in the way of the era: by a request of our own, or by the result of this one."""
        self.asked += 1
        if self.context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
            self.write(f"asks {self.params.name}")
            metadata = ServerMessageMetadata(related_request_id=self.context.request_id)
            return await self.context.session.send_request(request, answer, metadata=metadata)
        key = str(self.asked)
        known = json.loads(self.params.request_state or "{}")
        for name, response in (self.params.input_responses or {}).items():
            known[name] = response.model_dump(mode="json", by_alias=True)
        if key not in known:
            self.write(f"asks {self.params.name}")
            raise _Unanswered(InputRequiredResult(input_requests={key: request}, request_state=json.dumps(known)))
        return answer.model_validate(known[key], by_name=False)

    async def name(self, question: str) -> str:
        """Ask a person for a name, and note in the ledger that there was one."""
        params = ElicitRequestFormParams(message=question, requested_schema=_FORM)
        answer = await self.ask(ElicitRequest(params=params), ElicitResult)
        if answer.action != "accept":
            return answer.action
        name = (answer.content or {}).get("name")
        self.write(f"did {name}")
        return str(name)


_Tool: TypeAlias = Callable[[_Talk], Awaitable[str | list[ContentBlock]]]


async def _elicit(talk: _Talk) -> str:
    return f"{talk.topic}: {await talk.name(f'{talk.topic}?')}"


async def _twice(talk: _Talk) -> str:
    return f"{await talk.name('First?')} and {await talk.name('Second?')}"


async def _sample(talk: _Talk) -> str:
    message = SamplingMessage(role="user", content=TextContent(text=talk.topic))
    request = CreateMessageRequest(params=CreateMessageRequestParams(messages=[message], max_tokens=5))
    try:
        answer = await talk.ask(request, CreateMessageResult)
    except MCPError as error:
        return f"did without: {error.message}"
    return answer.content.text if isinstance(answer.content, TextContent) else answer.content.type


async def _roots(talk: _Talk) -> str:
    try:
        answer = await talk.ask(ListRootsRequest(), ListRootsResult)
    except MCPError as error:
        return f"did without: {error.message}"
    return " ".join(str(root.uri) for root in answer.roots)


async def _work(talk: _Talk) -> str:
    for part in range(1, 4):
        await talk.context.session.report_progress(part, 3, f"{talk.topic} {part}")
        await anyio.sleep(0.15)  # a host is told of progress at most ten times a second
    return "worked"


async def _hang(talk: _Talk) -> str:
    talk.write("hangs")
    await anyio.sleep_forever()
    raise AssertionError


async def _link(_talk: _Talk) -> list[ContentBlock]:
    return [ResourceLink(uri=LINKED, name="today", mime_type="text/plain")]


async def _embed(_talk: _Talk) -> list[ContentBlock]:
    resource = TextResourceContents(uri=_EMBEDDED, mime_type="text/plain", text="kept notes")
    return [EmbeddedResource(resource=resource)]


_TOOLS: Mapping[str, _Tool] = {
    "elicit": _elicit,
    "embed": _embed,
    "hang": _hang,
    "link": _link,
    "roots": _roots,
    "sample": _sample,
    "twice": _twice,
    "work": _work,
}


def inquirer(ledger: Path) -> Server[Any]:
    """Return the server. Its tool `meet` asks like `elicit`, but only when three calls of it have come."""
    missing, complete = 3, anyio.Event()

    def write(line: str) -> None:
        with ledger.open("a") as file:
            file.write(f"{line}\n")

    async def meet(talk: _Talk) -> str:
        nonlocal missing
        missing -= 1
        if missing <= 0:
            complete.set()
        await complete.wait()
        return await _elicit(talk)

    tools = {**_TOOLS, "meet": meet}

    async def list_tools(_context: ServerRequestContext[Any], _: PaginatedRequestParams | None) -> ListToolsResult:
        reads = ToolAnnotations(read_only_hint=True)
        return ListToolsResult(tools=[Tool(name=name, input_schema=_ARGUMENTS, annotations=reads) for name in tools])

    async def call_tool(
        context: ServerRequestContext[Any], params: CallToolRequestParams
    ) -> CallToolResult | InputRequiredResult:
        try:
            said = await tools[params.name](_Talk(context, params, write))
        except _Unanswered as unanswered:
            return unanswered.result
        except anyio.get_cancelled_exc_class():
            write(f"cancelled {params.name}")
            raise
        return CallToolResult(content=[TextContent(text=said)] if isinstance(said, str) else said)

    async def read(_context: ServerRequestContext[Any], params: ReadResourceRequestParams) -> ReadResourceResult:
        write(f"read {params.uri}")
        if params.uri != LINKED:
            raise MCPError(code=INVALID_PARAMS, message="no such note")
        contents = TextResourceContents(uri=params.uri, mime_type="text/plain", text="the notes of today")
        return ReadResourceResult(contents=[contents])

    return Server(
        "inquirer",
        version="1.0.0",
        title="Inquirer",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_read_resource=read,
    )


async def _serve(ledger: Path) -> None:
    server = inquirer(ledger)
    async with stdio_server() as (read_stream, write_stream):
        options = server.create_initialization_options(NotificationOptions())
        await server.run(read_stream, write_stream, options)


if __name__ == "__main__":
    anyio.run(_serve, Path(sys.argv[1]))
