"""The arguments of an `orchestrate` call, read with every mistake named."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, ValidationError

from batonmcp.core.errors import BatonError
from batonmcp.core.limits import Limits
from batonmcp.core.strict_json import read_json_text
from batonmcp.stages.task import Output, Task

__all__ = ["read_task"]


def _from_text(value: object) -> object:
    """Take an object that a model has written as JSON text."""
    if isinstance(value, str):
        try:
            return read_json_text(value)
        except ValueError:
            return value
    return value


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    query: str = ""
    inputs: Annotated[dict[str, JsonValue], BeforeValidator(_from_text)] = {}
    servers: tuple[str, ...] | None = None
    output: Output = "answer"
    plan: Annotated[dict[str, JsonValue] | None, BeforeValidator(_from_text)] = None


def read_task(arguments: Mapping[str, Any] | None, limits: Limits) -> Task:
    """Read what a host sends.

    Raises:
        BatonError: It cannot be used; the sentence names every argument that is wrong.
    """
    given = {name: value for name, value in (arguments or {}).items() if value is not None}
    try:
        read = _Arguments.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(_sentence(detail["loc"], detail["type"], detail["msg"]) for detail in error.errors())
        raise BatonError(
            kind="bad_arguments", message=f"{wrong}.", cure="Correct the call and make it again."
        ) from None
    return Task(
        query=read.query, inputs=read.inputs, servers=read.servers or None, output=read.output, plan=read.plan
    ).checked(limits)


def _sentence(location: tuple[int | str, ...], kind: str, message: str) -> str:
    name = ".".join(str(part) for part in location[:2])
    if kind == "extra_forbidden":
        known = ", ".join(_Arguments.model_fields)
        return f"`{name}` is no argument of orchestrate (it has: {known})"
    if kind == "dict_type":
        return f"`{name}` is not an object"
    return f"`{name}`: {message[0].lower()}{message[1:]}"
