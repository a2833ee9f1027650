"""The last line of a test run: how many faults were survived in it.

It is counted from the reports, which carry the row of each test, so it works in a run of several processes too.
"""

from collections import Counter, defaultdict

import pytest

from faults.matrix import FAULTS

__all__ = ["pytest_terminal_summary"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the line, unless no row was played."""
    ends: defaultdict[str, set[str]] = defaultdict(set)
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.getreports(outcome):
            for name, value in getattr(report, "user_properties", ()):  # a file that cannot be collected has none
                if name == "fault":
                    ends[str(value)].add(outcome)
    played = {name for name, outcomes in ends.items() if outcomes - {"skipped"}}
    if not played:
        return
    survived = {name for name in played if not ends[name] & {"failed", "error"}}
    terminalreporter.write_line(_line(played, survived), bold=True)


def _line(played: set[str], survived: set[str]) -> str:
    of = Counter(FAULTS[name].priority for name in survived)
    priorities = ", ".join(f"{priority}: {of[priority]}" for priority in sorted(of))
    later = sum(fault.state == "later" for fault in FAULTS.values())
    line = f"{len(survived)} of {len(played)} faults survived ({priorities or 'none'}; later: {later})"
    lost = played - survived
    return f"{line}, not: {', '.join(sorted(lost))}" if lost else line
