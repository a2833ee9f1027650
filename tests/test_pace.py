"""The pace of a test run, in runs of a few tests."""

import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LAST = """
import subprocess, sys
from hypothesis import given, strategies as st

def test_of_servers(sample_servers):
    pass

def test_busy():
    subprocess.run([sys.executable, "-c", "while __import__('time').process_time() < 0.4: pass"], check=True)

@given(st.booleans())
def test_property(value):
    pass
"""
FIRST = """
def test_of_the_whole(request):
    seen = {item.name: {mark.name for mark in item.iter_markers()} for item in request.session.items}
    assert next(iter(seen)) == "test_of_the_whole"
    assert seen["test_of_the_whole"] == seen["test_busy"] == set()
    assert "slow" in seen.get("test_of_servers", {"slow"})
    assert "no_cover" in seen["test_property"]
"""
CONFTEST = """
from pathlib import Path
import pytest
import pace

pace.SLOW_S, pace.FIRST = 0.2, Path(__file__).parent
pytest_plugins = ["pace"]

@pytest.fixture
def sample_servers():
    pass
"""
INI = f"""
[pytest]
pythonpath = {Path(__file__).parent}
addopts = --import-mode=importlib -p no:cacheprovider
markers = slow: as ours
"""
NAMED = "More than 0.2 s of processor time, and not marked slow:"


def run(folder: Path, *arguments: str) -> str:
    """Run a few tests in a folder, and return what is printed."""
    (folder / "last").mkdir()
    files = {"pytest.ini": INI, "conftest.py": CONFTEST, "test_z.py": FIRST, "last/test_a.py": LAST}
    for name, text in files.items():
        (folder / name).write_text(text)
    command = [sys.executable, "-m", "pytest", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_quick_run_names_its_slow_tests(tmp_path: Path) -> None:
    """What takes too long and is not marked stands at the end; tests that start the sample agents are marked."""
    shown = run(tmp_path, "-m", "not slow", "-n", "1")
    assert "3 passed" in shown
    _, _, named = shown.partition(NAMED)
    assert "s  last/test_a.py::test_busy" in named
    assert named.count("::") == 1
