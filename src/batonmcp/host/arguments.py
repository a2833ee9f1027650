"""The arguments of an `orchestrate` call, read with every mistake named."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, JsonValue, ValidationError

from batonmcp.core.errors import BatonError
from batonmcp.core.limits import Limits
from batonmcp.core.strict_json import read_json_text
from batonmcp.stages.task import Output, Task

__all__ = ["Visit", "read_call"]

_CORRECT: Final = "Correct the call and make it again."
_WANTED: Final = {"dict_type": "an object", "tuple_type": "a list"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A call about a run that there is already.

    Attributes:
        run_id: Which one.
        select: An expression over its steps; None for its reply, once there is one.
        approval: The token that approves what waits.
        output: As what to return it; None: as it was asked for first.
    """

    run_id: str
    select: str | None = None
    approval: str | None = None
    output: Output | None = None


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
    output: Output | None = None
    plan: Annotated[dict[str, JsonValue] | None, BeforeValidator(_from_text)] = None
    run_id: str | None = None
    select: str | None = None
    approval: str | None = None
    fresh: bool = False


def read_call(arguments: Mapping[str, Any] | None, limits: Limits) -> Task | Visit:
    """Read what a host sends: a task, or a visit to a run.

    Raises:
        BatonError: It cannot be used; the sentence names every argument that is wrong.
    """
    given = {name: value for name, value in (arguments or {}).items() if value is not None}
    try:
        read = _Arguments.model_validate(given)
    except ValidationError as error:
        wrong = "; ".join(_sentence(detail["loc"], detail["type"], detail["msg"]) for detail in error.errors())
        raise BatonError(kind="bad_arguments", message=f"{wrong}.", cure=_CORRECT) from None
    return _visit(read) if read.run_id else _task(read, limits)


def _visit(read: _Arguments) -> Visit:
    """Read a call with a run's id. A query may stand beside it: models repeat it."""
    if read.plan is not None or read.inputs:
        beside = "plan" if read.plan is not None else "inputs"
        raise BatonError(
            kind="bad_arguments",
            message=f"`{beside}` cannot stand beside `run_id`: that run has its own.",
            cure=f"Leave out `run_id` to start another run, or `{beside}` to go on with that one.",
        )
    if read.select and read.approval:
        message = "`select` and `approval` cannot stand together."
        raise BatonError(kind="bad_arguments", message=message, cure="Approve first, then read.")
    return Visit(run_id=read.run_id or "", select=read.select or None, approval=read.approval, output=read.output)


def _task(read: _Arguments, limits: Limits) -> Task:
    alone = [name for name in ("select", "approval") if getattr(read, name)]
    if alone:
        raise BatonError(
            kind="bad_arguments",
            message=f"`{alone[0]}` needs a `run_id`: it is about a run that there is already.",
            cure=_CORRECT,
        )
    return Task(
        query=read.query,
        inputs=read.inputs,
        servers=read.servers or None,
        output=read.output or "answer",
        plan=read.plan,
        fresh=read.fresh,
    ).checked(limits)


def _sentence(location: tuple[int | str, ...], kind: str, message: str) -> str:
    name = ".".join(str(part) for part in location[:2])
    if kind == "extra_forbidden":
        known = ", ".join(_Arguments.model_fields)
        return f"`{name}` is no argument of orchestrate (it has: {known})"
    if named := _WANTED.get(kind):
        return f"`{name}` is not {named}"
    return f"`{name}`: {message[0].lower()}{message[1:]}"
