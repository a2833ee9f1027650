"""The fault matrix as data: the rows of faults.toml, and the tests that belong to them.

The test of row D01 is the function `test_d01_...` in test_d_rows.py, so neither names the other twice. A row is

- `tested`: it has a test;
- `later`: it has none, for the `reason` that the row gives.

`corrected` tells why a row expects something else than one might.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

__all__ = ["FAULTS", "FOLDER", "SIZES", "Fault", "Priority", "fault_of"]

Priority: TypeAlias = Literal["P0", "P1", "P2"]
State: TypeAlias = Literal["tested", "later"]

FOLDER = Path(__file__).parent
SIZES: Mapping[str, int] = {"L": 34, "D": 48, "H": 16, "U": 22, "C": 15, "S": 15, "O": 16, "X": 24}
"""How many rows there are of each letter."""

_TEST = re.compile(r"test_([a-z])(\d\d)_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A row.

    Attributes:
        id: Its letter and number.
        fault: What goes wrong.
        expected: What must happen then.
        priority: P0 before a release, P1 next, P2 when there is time.
        state: Whether it is tested.
        reason: Why it is not.
        corrected: Why `expected` is not the first thing that comes to mind.
    """

    id: str
    fault: str
    expected: str
    priority: Priority
    state: State
    reason: str = ""
    corrected: str = ""


def fault_of(test: str) -> Fault | None:
    """Return the row that a test function belongs to, by its name."""
    match = _TEST.match(test)
    return FAULTS[f"{match[1].upper()}{match[2]}"] if match else None


def _read() -> dict[str, Fault]:
    rows = tomllib.loads((FOLDER / "faults.toml").read_text(encoding="utf-8"))
    return {name: Fault(id=name, **row) for name, row in rows.items()}


FAULTS: Mapping[str, Fault] = _read()
