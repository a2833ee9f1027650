"""The shared fixture of all rows, and the mark that tells which row a test is of."""

import gc
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import anyio
import pytest

from faults.invariants import Ground, snapshot
from faults.matrix import fault_of

__all__: list[str] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Write each test's row on it, for the summary."""
    for item in items:
        fault = fault_of(item.name) if "faults" in item.path.parts else None
        if fault:
            item.user_properties.append(("fault", fault.id))


@pytest.fixture(scope="session", autouse=True)
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Do everything once before anything is counted: modules are imported, pools are filled."""

    async def play() -> None:
        ground = Ground("warm", tmp_path_factory.mktemp("warm"), snapshot(), stall=float("inf"))
        async with ground.session(ground.evil("ok")) as session:
            await session.run("bad__echo", text="x")

    anyio.run(play)
    gc.collect()
    gc.freeze()  # a collection must not take long because of what the test runner holds
    yield
    gc.unfreeze()


@pytest.fixture
async def ground(token: str, tmp_path: Path) -> AsyncGenerator[Ground]:
    """Where a row is played. After every row, nothing is left behind."""
    found = Ground(token, tmp_path, snapshot())
    yield found
    await found.cleared()
