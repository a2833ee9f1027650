"""Fixtures of whole programs that play together."""

import pytest

__all__: list[str] = []


@pytest.fixture(params=["legacy", "auto"], ids=["legacy host", "modern host"])
def mode(request: pytest.FixtureRequest) -> str:
    """Both eras of hosts."""
    return request.param
