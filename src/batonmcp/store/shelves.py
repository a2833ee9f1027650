"""The shelves and how long what stands on them is kept."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

__all__ = ["OTHER", "SHELVES", "Shelf", "shelves"]

_DAY: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """What a shelf holds at most; the oldest goes first.

    Attributes:
        days: How long a document stays.
        count: Most documents.
        size: Most bytes of all documents together, as JSON.
        durable: Whether a change has reached the disk when it is acknowledged. Without it a failure of the power may
            undo the last changes, but no end of the process does.
    """

    days: float
    count: int
    size: int
    durable: bool = False

    def horizon(self, now: float) -> float:
        """Return the time from which on documents have not expired."""
        return now - self.days * _DAY


SHELVES: Final[Mapping[str, Shelf]] = MappingProxyType(
    {
        "approval": Shelf(days=1, count=1_000, size=16_000_000, durable=True),
        "catalogue": Shelf(days=90, count=500, size=64_000_000),
        "decision": Shelf(days=1, count=1_000, size=4_000_000, durable=True),
        "dialect": Shelf(days=7, count=1_000, size=1_000_000),
        "era": Shelf(days=30, count=5_000, size=4_000_000),
        "route": Shelf(days=30, count=5_000, size=16_000_000),
        "run": Shelf(days=7, count=1_000, size=64_000_000),
        "shape": Shelf(days=90, count=20_000, size=32_000_000),
        "trust": Shelf(days=365, count=5_000, size=4_000_000, durable=True),
        "vector": Shelf(days=90, count=5_000, size=64_000_000),
    }
)

OTHER: Final = Shelf(days=30, count=1_000, size=16_000_000)
"""For a shelf that the table does not name."""


def shelves(*, run_days: float) -> Mapping[str, Shelf]:
    """Return the shelves with runs kept for so many days."""
    return {**SHELVES, "run": replace(SHELVES["run"], days=run_days)}
