"""Fixtures that run an expression, for its value or for the sentence with which it fails."""

from collections.abc import Callable

import pytest
from pydantic import JsonValue

from batonmcp.core.errors import ExpressionFailed, ExpressionInvalid
from batonmcp.core.expression import evaluate, parse

__all__: list[str] = []


@pytest.fixture
def value() -> Callable[..., JsonValue]:
    """Return what gives the value of an expression over a scope."""

    def run(source: str, **scope: JsonValue) -> JsonValue:
        return evaluate(parse(source), scope)

    return run


@pytest.fixture
def failure() -> Callable[..., str]:
    """Return what gives the sentence with which an evaluation fails."""

    def run(source: str, **scope: JsonValue) -> str:
        with pytest.raises(ExpressionFailed) as caught:
            evaluate(parse(source), scope)
        return str(caught.value).removeprefix(f"in `{source}`: ")

    return run


@pytest.fixture
def refusal() -> Callable[[str], str]:
    """Return what gives the sentence with which an expression is refused."""

    def run(source: str) -> str:
        with pytest.raises(ExpressionInvalid) as caught:
            parse(source)
        return str(caught.value).removeprefix(f"in `{source}`: ")

    return run
