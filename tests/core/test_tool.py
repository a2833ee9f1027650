"""A tool as the registry holds it."""

import pytest

from batonmcp.core.tool import Tool
from builders import tool


def test_a_tool_is_frozen() -> None:
    """No one can turn a reviewed tool into another."""
    with pytest.raises(AttributeError):
        tool().qualified = "b__y"  # type: ignore[misc]


def test_a_tool_is_built_by_keyword_from_all_its_parts() -> None:
    """No part has a default that could hide that it was forgotten."""
    whole = tool()
    parts = {name: getattr(whole, name) for name in Tool.__slots__}
    assert Tool(**parts) == whole
    for name in parts:
        with pytest.raises(TypeError, match=name):
            Tool(**{key: part for key, part in parts.items() if key != name})
