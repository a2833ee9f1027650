"""Schemas of tools' arguments, as endpoints take them."""

from batonmcp.llm.schema.safe import safe_schema
from batonmcp.llm.schema.words import clipped

__all__ = ["clipped", "safe_schema"]
