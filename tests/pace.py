"""How a run of the tests takes less time: what starts first, what is not measured, and which tests are slow.

A test is `slow` if it takes more than `SLOW_S` of processor time, that of the programs it starts included and without
coverage. Those that need a fixture of `PROGRAMS` do or nearly do, and are marked here; the others say so themselves. A
run of `-m "not slow"` names those that should.
"""

import os
import resource
from collections.abc import Generator
from pathlib import Path
from typing import Final

import pytest

__all__ = [
    "FIRST",
    "PROGRAMS",
    "SLOW_S",
    "pytest_collection_modifyitems",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_terminal_summary",
    "pytest_xdist_auto_num_workers",
    "unmeasured",
]

FIRST = Path(__file__).parent
"""The folder whose own tests start first: those of the whole repository."""

SLOW_S = 2.0

PROGRAMS: Final = frozenset({"ask_on_terminal", "ground", "node_modules", "review_on_terminal", "sample_servers"})
"""Fixtures that start programs which import the SDK, or wait until no trace of a server is left."""

_BEGAN = pytest.StashKey[float]()
_PROPERTY = "processor_s"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests, and put those of the whole repository first: a type check must not be what a run waits for last."""
    for item in items:
        if PROGRAMS & {*getattr(item, "fixturenames", ())}:
            item.add_marker("slow")
        if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
            item.add_marker("no_cover")  # what many examples reach, one example has reached
    items.sort(key=lambda item: item.path.parent != FIRST)


def pytest_xdist_auto_num_workers() -> int:
    """Have one worker more than there are processors: a third of the time they wait for programs to end."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(autouse=True)
def unmeasured(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not measure the programs of an unmeasured test either: coverage makes a start half as long again."""
    if request.node.get_closest_marker("no_cover"):
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Note when a test begins."""
    item.stash[_BEGAN] = _processor_s()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write on the last report of a test what the whole of it took."""
    report = yield
    if report.when == "teardown":
        report.user_properties.append((_PROPERTY, _processor_s() - item.stash[_BEGAN]))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Name the slow tests of a run that was to have none."""
    if config.getoption("markexpr") != "not slow":
        return
    took = {
        report.nodeid: float(str(value))
        for report in terminalreporter.getreports("")
        for name, value in getattr(report, "user_properties", ())
        if name == _PROPERTY
    }
    slow = sorted((-seconds, test) for test, seconds in took.items() if seconds > SLOW_S)
    if slow:
        terminalreporter.write_line(f"More than {SLOW_S:g} s of processor time, and not marked slow:")
        for seconds, test in slow:
            terminalreporter.write_line(f"  {-seconds:.1f} s  {test}")


def _processor_s() -> float:
    """Return the processor time of this process and of those that it has waited for."""
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)
