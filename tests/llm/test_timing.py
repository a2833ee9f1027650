"""How time passes."""

import anyio
import pytest

from batonmcp.llm.timing import REAL

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)]


async def test_pauses_and_the_clock_agree() -> None:
    """A pause takes as long by the clock as was asked for."""
    before = REAL.clock()
    await REAL.pause(3_600)
    assert REAL.clock() - before == pytest.approx(3_600)
    assert anyio.current_time() == REAL.clock()
    assert all(0 <= REAL.jitter() <= 1 for _ in range(100))
