"""The matrix itself: that it is complete, and that its rows and the tests belong together."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Mapping

import pytest

from faults.matrix import FAULTS, FOLDER, SIZES, Fault, fault_of

IN_THIS_MATRIX = "CDHLO"
"""The letters whose rows are tested, but for those that say why not."""

LATER = frozenset(["C11", "C14", "D19", "D33", "D38", "D43", "H14", "H16", "O08", "O14", "O15"])

_OF_A_LETTER = re.compile(r"^(test_[a-z])_[a-z]+_rows$")
"""The rows of a letter may be spread over several files."""


def _tests() -> Mapping[str, list[str]]:
    """Return the tests of each row."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(FOLDER.glob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            fault = fault_of(node.name) if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef) else None
            if fault:
                found[fault.id].append(_OF_A_LETTER.sub(r"\1_rows", path.stem))
    return found


TESTS = _tests()


def test_every_row_is_there() -> None:
    """Each letter has all its numbers."""
    wanted = [f"{letter}{number:02}" for letter, size in SIZES.items() for number in range(1, size + 1)]
    assert list(FAULTS) == wanted
    assert len(wanted) == 190
    assert Counter(fault.priority for fault in FAULTS.values())["P0"] == 133


@pytest.mark.parametrize("fault", FAULTS.values(), ids=lambda fault: fault.id)
def test_row(fault: Fault) -> None:
    """A row has a test where it stands for one, in the file of its letter, and else a reason."""
    assert fault.fault
    assert fault.expected
    assert fault.priority in {"P0", "P1", "P2"}
    assert fault.state in {"tested", "later"}
    assert bool(fault.reason) is (fault.state == "later")
    assert bool(TESTS.get(fault.id)) is (fault.state == "tested")
    assert set(TESTS.get(fault.id, ())) <= {f"test_{fault.id[0].lower()}_rows", "test_over_http", "test_virtual_time"}


def test_no_row_of_these_letters_is_forgotten() -> None:
    """Of the rows that are left for later each one of these letters has a reason of its own."""
    later = {fault.id for fault in FAULTS.values() if fault.id[0] in IN_THIS_MATRIX and fault.state == "later"}
    assert later == LATER
