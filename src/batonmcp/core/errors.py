"""What can go wrong, as one tree.

    BatonError
    ├── ConfigError        servers.json or the environment cannot be used
    ├── ExpressionError    an expression of a plan
    │   ├── ExpressionInvalid   cannot be used at all: found before anything runs
    │   └── ExpressionFailed    went wrong over the values of one run
    ├── PlanInvalid        a plan that must not run, with every problem at once
    └── LlmError           an LLM endpoint gave no usable reply

A failing *tool* is no exception but an outcome (`batonmcp.core.outcome`). Every error has a `kind` for programs, a
sentence that says what is wrong and a `cure` that says what to change; `str()` joins the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = [
    "BatonError",
    "ConfigError",
    "ErrorInfo",
    "ExpressionError",
    "ExpressionFailed",
    "ExpressionInvalid",
    "LlmError",
    "PlanInvalid",
    "Problem",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorInfo:
    """An error as data, the form in which outcomes and run records hold it.

    Attributes:
        kind: A stable word for programs, such as `timeout` or `tool_error`.
        message: One sentence: what failed.
        cure: One sentence: what to do about it; empty where nothing can be done.
    """

    kind: str
    message: str
    cure: str = ""

    def __str__(self) -> str:
        """Return the message and its cure as text for a person."""
        return f"{self.message} {self.cure}".strip()


class BatonError(Exception):
    """Anything batonmcp raises on purpose."""

    def __init__(self, *, kind: str, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.info = ErrorInfo(kind=kind, message=message, cure=cure)

    def __str__(self) -> str:
        """Return the sentence and its cure."""
        return str(self.info)


class ConfigError(BatonError):
    """The configuration cannot be used. `place` names the file, and the JSON path in it where there is one."""

    def __init__(self, *, place: str, message: str, cure: str = "") -> None:
        super().__init__(kind="config", message=f"{place}: {message}", cure=cure)
        self.place = place


class ExpressionError(BatonError):
    """Something is wrong with an expression of a plan. `source` is the expression as written."""

    def __init__(self, *, kind: str, source: str, message: str, cure: str = "") -> None:
        super().__init__(kind=kind, message=f"in `{_excerpt(source)}`: {message}", cure=cure)
        self.source = source


class ExpressionInvalid(ExpressionError):
    """The expression is outside the language or past its limits."""

    def __init__(self, *, source: str, message: str, cure: str = "") -> None:
        super().__init__(kind="expression_invalid", source=source, message=message, cure=cure)


class ExpressionFailed(ExpressionError):
    """The expression is fine, but not over the values it met."""

    def __init__(self, *, source: str, message: str, cure: str = "") -> None:
        super().__init__(kind="expression_failed", source=source, message=message, cure=cure)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong with a plan.

    Attributes:
        path: JSON path of the place, such as `steps[1].arguments.city`.
        message: What is wrong there.
        cure: What to write instead.
    """

    path: str
    message: str
    cure: str = ""

    def __str__(self) -> str:
        """Return place, problem and cure as one line."""
        return f"{self.path}: {self.message} {self.cure}".strip()


class PlanInvalid(BatonError):
    """A plan that must not run; `problems` holds every problem that was found.

    `ran` says what was run all the same.
    """

    def __init__(self, problems: Sequence[Problem], *, ran: str = "nothing was run") -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(f"- {problem}" for problem in problems)
        super().__init__(
            kind="plan_invalid",
            message=f"The plan has {count}; {ran}.\n{lines}",
        )
        self.problems = tuple(problems)


class LlmError(BatonError):
    """An LLM endpoint gave no usable reply.

    `kind` is one of the `llm_*` words. `retry_after`: in how many seconds it wants to be asked again, where it says so.
    """

    def __init__(self, *, kind: str, message: str, cure: str = "", retry_after: float | None = None) -> None:
        super().__init__(kind=kind, message=message, cure=cure)
        self.retry_after = retry_after


def _excerpt(source: str, limit: int = 120) -> str:
    return source if len(source) <= limit else source[: limit - 1] + "…"
