"""A tool as the registry holds it."""

from dataclasses import fields, replace

import pytest

from batonmcp.core.tool import Tool
from builders import tool


def test_a_tool_is_frozen() -> None:
    """No one can turn a reviewed tool into another."""
    with pytest.raises(AttributeError):
        tool().qualified = "b__y"  # type: ignore[misc]


def test_a_tool_is_built_by_keyword_from_all_its_parts() -> None:
    """No part of the definition has a default that could hide that it was forgotten."""
    whole = tool()
    field_names = [field.name for field in fields(Tool)]
    parts = {name: getattr(whole, name) for name in field_names}
    assert Tool(**parts) == whole
    for name in parts.keys() - {"learned"}:
        with pytest.raises(TypeError, match=name):
            Tool(**{key: part for key, part in parts.items() if key != name})


def test_a_digest_is_of_the_definition_alone() -> None:
    """Two tools with the same definition share it, whoever asked for it before; it is a whole SHA-256."""
    whole = tool()
    assert whole.digest == whole.digest == tool().digest
    assert len(bytes.fromhex(whole.digest)) == 32
    assert replace(whole, description="Does something else.").digest != whole.digest


def test_a_digest_is_no_part_of_the_value() -> None:
    """A tool whose digest was asked for equals the one it was, and is shown as it was."""
    asked, fresh = tool(), tool()
    shared = replace(fresh, input_schema=asked.input_schema)
    assert asked.digest
    assert asked == shared
    assert hash(asked) == hash(shared)
    assert asked.digest not in repr(asked)
