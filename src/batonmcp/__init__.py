"""One MCP tool that plays a whole set of MCP servers."""

__all__ = ["__version__"]

__version__ = "0.1.0"
