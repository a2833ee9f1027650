"""Real stand-ins for what batonmcp talks to: an LLM endpoint, a hostile MCP server, the process table."""

__all__: list[str] = []
