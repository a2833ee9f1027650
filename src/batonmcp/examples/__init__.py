"""Three sample MCP servers over one small, made-up system, to try batonmcp with."""

__all__: list[str] = []
