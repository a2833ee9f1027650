"""Signatures tell which arguments a function takes."""

import pytest
from pydantic import JsonValue

from batonmcp.core.expression.budget import Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.signatures import FUNCTION_LEAD, METHOD_LEAD, bind_arguments


def _pick(_: Budget, values: JsonValue, *others: JsonValue, key: JsonValue = None) -> JsonValue:
    return [values, *others, key]


def test_arguments_meet_their_parameters() -> None:
    """What a caller does not see is left out."""
    assert bind_arguments("pick", _pick, ["a"], {"key": "k"}, lead=FUNCTION_LEAD) == {"values": "a", "key": "k"}
    assert bind_arguments("pick", _pick, ["a"], {}, lead=METHOD_LEAD) == {"others": ("a",)}


@pytest.mark.parametrize("named", [{}, {"values": 1, "other": 2}])
def test_wrong_arguments_are_explained(named: dict[str, object]) -> None:
    """A missing or unknown argument is a fault that shows how to call."""
    with pytest.raises(Fault, match="`pick` cannot be called like this") as caught:
        bind_arguments("pick", _pick, [], named, lead=FUNCTION_LEAD)
    assert caught.value.cure == "Write pick(values, *others, key=…)."
