"""The task of a run: what is asked, as a host or a person asks it."""

from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

from pydantic import JsonValue

from batonmcp.core.errors import BatonError
from batonmcp.core.limits import Limits

__all__ = ["Output", "Task"]

Output: TypeAlias = Literal["answer", "data", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is asked of a run; the parameters of the `orchestrate` tool.

    Attributes:
        query: The task in words, self-contained; may be empty if there is a plan.
        inputs: Values that steps read as `inputs.name`.
        servers: The only servers to use; None for all.
        output: An answer in words, the results as data, or the plan without running it.
        plan: A plan to run; None to have one made.
        fresh: Whether the plan is made anew although the same was asked before.
    """

    query: str
    inputs: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    servers: tuple[str, ...] | None = None
    output: Output = "answer"
    plan: JsonValue = None
    fresh: bool = False

    def checked(self, limits: Limits) -> "Task":
        """Return the task with its query trimmed.

        Raises:
            BatonError: The query is empty and there is no plan, or it is too long.
        """
        size = len(self.query.encode("utf-8", "surrogatepass"))
        if size > limits.query_bytes:
            raise BatonError(
                kind="bad_arguments",
                message=f"The query has {size:,} bytes, at most {limits.query_bytes:,} are allowed.",
                cure="Pass long text as one of the inputs and refer to it by name.",
            )
        if not self.query.strip() and self.plan is None:
            raise BatonError(
                kind="bad_arguments",
                message="The query is empty.",
                cure="Say the complete task in it, in plain words.",
            )
        return replace(self, query=self.query.strip())
