"""The memory of servers."""

import pytest

from batonmcp.downstream.memory import Forgetful

pytestmark = pytest.mark.anyio


async def test_forgetful_remembers_nothing() -> None:
    """What is put there is gone."""
    memory = Forgetful()
    await memory.put("era", "a", "legacy")
    assert await memory.get("era", "a") is None
