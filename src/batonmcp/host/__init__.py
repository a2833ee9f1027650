"""The MCP server that hosts see."""

__all__: list[str] = []
