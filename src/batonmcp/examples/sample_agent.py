"""A sample agent: an MCP server with one read-only tool that answers for a part of the system, or for all of it."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import anyio
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp.types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)

from batonmcp import __version__
from batonmcp.examples.fleet_data import Component

__all__ = ["WHOLE_SYSTEM", "ArgumentUnusable", "SampleAgent", "Schema", "record", "rows"]

Schema = dict[str, Any]

WHOLE_SYSTEM = "all"
"""The name under which answers for the whole system are given; it may also be asked for."""


class ArgumentUnusable(ValueError):
    """A tool cannot work with the arguments it was given; the message says what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAgent:
    """What makes one sample agent different from the others.

    Attributes:
        name: The server's name for programs.
        title: The server's name for people.
        description: What the server is for.
        tool: The tool's name.
        tool_description: What the tool answers.
        argument: The tool's one, optional argument. It names a part of the system.
        examples: Names to show in the tool's input schema.
        parts: Every name that the argument may have, with the components that it stands for.
        output: JSON Schema of what `answer` returns.
        answer: Answers for some components under the name that was asked for.
    """

    name: str
    title: str
    description: str
    tool: str
    tool_description: str
    argument: str
    examples: tuple[str, ...]
    parts: Mapping[str, tuple[Component, ...]]
    output: Schema
    answer: Callable[[str, tuple[Component, ...]], dict[str, Any]]

    def definition(self) -> Tool:
        """Return the tool as hosts see it."""
        name = {
            "type": "string",
            "description": f'Name of the {self.argument}. Leave it out, or say "{WHOLE_SYSTEM}", for the whole system.',
            "examples": list(self.examples),
        }
        return Tool(
            name=self.tool,
            description=self.tool_description,
            input_schema={"type": "object", "properties": {self.argument: name}, "additionalProperties": False},
            output_schema=self.output,
            annotations=ToolAnnotations(
                read_only_hint=True,
                destructive_hint=False,
                idempotent_hint=True,
                open_world_hint=False,
            ),
        )

    def select(self, arguments: Mapping[str, object]) -> tuple[str, tuple[Component, ...]]:
        """Return the name that the arguments give and the components that it stands for.

        Raises:
            ArgumentUnusable: If there are other arguments, or there is no such name.
        """
        if unknown := sorted(arguments.keys() - {self.argument}):
            message = f"Unknown argument {unknown[0]!r}. The only argument of {self.tool} is {self.argument!r}."
            raise ArgumentUnusable(message)
        given = arguments.get(self.argument, WHOLE_SYSTEM)
        if not isinstance(given, str):
            message = f"{self.argument!r} must be a string, not {json.dumps(given)}. {self._known_names()}"
            raise ArgumentUnusable(message)
        name = given.strip().lower()
        if name == WHOLE_SYSTEM:
            return name, tuple(component for part in self.parts.values() for component in part)
        if name not in self.parts:
            nearest = get_close_matches(name, self.parts, n=1, cutoff=0.5)
            hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
            message = f"Unknown {self.argument} {given!r}.{hint} {self._known_names()}"
            raise ArgumentUnusable(message)
        return name, self.parts[name]

    def call(self, arguments: Mapping[str, object]) -> CallToolResult:
        """Return the tool's result for `arguments`; ones that cannot be used give an error result."""
        try:
            answer = self.answer(*self.select(arguments))
        except ArgumentUnusable as error:
            return CallToolResult(content=[TextContent(text=str(error))], is_error=True)
        text = json.dumps(answer, separators=(",", ":"))
        return CallToolResult(content=[TextContent(text=text)], structured_content=answer)

    def server(self) -> Server[Any]:
        """Return the agent as an MCP server. The low-level one: it shows hosts exactly the schemas written here."""

        async def list_tools(
            _context: ServerRequestContext[Any],
            _params: PaginatedRequestParams | None,
        ) -> ListToolsResult:
            return ListToolsResult(tools=[self.definition()])

        async def call_tool(_context: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
            if params.name != self.tool:
                raise MCPError(INVALID_PARAMS, f"Unknown tool {params.name!r}. The only tool is {self.tool!r}.")
            return self.call(params.arguments or {})

        return Server(
            self.name,
            version=__version__,
            title=self.title,
            description=self.description,
            on_list_tools=list_tools,
            on_call_tool=call_tool,
        )

    def serve(self) -> None:
        """Serve one host on standard input and output until it hangs up."""
        with suppress(KeyboardInterrupt):
            anyio.run(self._serve)

    async def _serve(self) -> None:
        server = self.server()
        async with stdio_server() as (incoming, outgoing):
            await server.run(incoming, outgoing, server.create_initialization_options())

    def _known_names(self) -> str:
        return f"Known names: {', '.join(self.parts)}. Leave {self.argument!r} out for the whole system."


def record(**properties: Schema) -> Schema:
    """Return the schema of an object that has exactly these properties."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def rows(description: str, **properties: Schema) -> Schema:
    """Return the schema of an array of objects that have exactly these properties."""
    return {"type": "array", "description": description, "items": record(**properties)}
