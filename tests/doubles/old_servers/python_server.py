"""A small server for every Python SDK from 1.2 on; run by the Python of an environment that has that SDK."""

from importlib import import_module
from typing import Any

try:
    server: Any = import_module("mcp.server.fastmcp").FastMCP("old")
except ModuleNotFoundError:  # since 2.0
    server = import_module("mcp.server.mcpserver").MCPServer("old")


@server.tool()
def add(a: int, b: int) -> str:
    """Add two numbers."""
    return f"{a} + {b} = {a + b}"


@server.tool()
def fail(message: str) -> str:
    """Fail with the message."""
    raise ValueError(message)


if __name__ == "__main__":
    server.run()
