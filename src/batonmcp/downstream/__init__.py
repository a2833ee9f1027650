"""Connections to other people's MCP servers."""

__all__: list[str] = []
