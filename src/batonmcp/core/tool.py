"""A tool as the registry holds it."""

from dataclasses import dataclass

from batonmcp.core.effect import Effect
from batonmcp.core.schema import Schema

__all__ = ["Tool"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One tool of one downstream server.

    Attributes:
        qualified: The name plans use. Looked up, never split.
        server: The server's key in servers.json.
        name: The tool's name on that server.
        agent: The server's display name.
        description: What the server says the tool does.
        input_schema: Judge of its arguments.
        output_schema: Shape of its structured content, where declared.
        effect: What calling it may do.
    """

    qualified: str
    server: str
    name: str
    agent: str
    description: str
    input_schema: Schema
    output_schema: Schema | None
    effect: Effect
