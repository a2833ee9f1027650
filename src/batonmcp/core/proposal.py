"""What a planner gives: a plan as it wrote it, or that no tool fits."""

from dataclasses import dataclass
from typing import TypeAlias

from pydantic import JsonValue

__all__ = ["NoTool", "Proposal", "Routed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A plan that is not yet validated.

    Attributes:
        document: The plan in the plan language, as JSON.
        notes: What the record should say about how it came about.
    """

    document: JsonValue
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTool:
    """No tool is needed, or none fits.

    Attributes:
        reason: Why, in the planner's words.
        notes: What the record should say about it.
    """

    reason: str
    notes: tuple[str, ...] = ()


Routed: TypeAlias = Proposal | NoTool
