"""A part of what a run gave, by an expression over its steps, without any LLM call."""

from collections.abc import Collection, Mapping

from pydantic import JsonValue

from batonmcp.core.errors import BatonError
from batonmcp.core.expression import evaluate, parse
from batonmcp.core.ids import INPUTS

__all__ = ["select"]


def select(
    source: str,
    values: Mapping[str, JsonValue],
    *,
    inputs: Mapping[str, JsonValue],
    going: Collection[str] = (),
    left_out: Collection[str] = (),
) -> JsonValue:
    """Return the value of an expression over a run's steps.

    Args:
        source: The expression, in which steps go by their ids.
        values: What each step gave; null for one that gave nothing.
        inputs: What was passed in with the query.
        going: Ids of steps that are not over.
        left_out: Ids of steps whose whole value is not kept any more.

    Raises:
        BatonError: It is no expression, names what is no step that is over, or does not work over the values.
    """
    expression = parse(source)
    if unknown := sorted(expression.names - values.keys() - {INPUTS}):
        cure = f"Its steps are: {', '.join(values) or 'none yet'}."
        raise BatonError(kind="unknown_step", message=f"`{unknown[0]}` is no step of this run.", cure=cure)
    if unfinished := sorted(expression.names & set(going)):
        cure = "Call again with the run_id alone, which waits for it."
        raise BatonError(kind="still_running", message=f"Step `{unfinished[0]}` is not over yet.", cure=cure)
    if lost := sorted(expression.names & set(left_out)):
        message = f"Of what step `{lost[0]}` gave only the beginning is kept now."
        cure = 'Run it again; "store": {"results": "full"} in servers.json keeps all of it.'
        raise BatonError(kind="not_kept", message=message, cure=cure)
    scope = {name: values[name] for name in expression.names & values.keys()}
    return evaluate(expression, {**scope, INPUTS: dict(inputs)})
