"""The time of a run, in virtual time."""

import anyio
import pytest

from batonmcp.stages.budget import Budget

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)]


async def spend(budget: Budget, seconds: float, *, keep: float = 0.0) -> float:
    """Spend a stage's time, as much as there is of it, and return how much that was."""
    began = anyio.current_time()
    with budget.stage(keep=keep) as deadline, deadline.scope:
        await anyio.sleep(seconds)
    return anyio.current_time() - began


async def test_what_a_stage_leaves_the_next_may_use() -> None:
    """All stages share one time; the last gets what is left of it."""
    budget = Budget(100)
    assert await spend(budget, 30) == pytest.approx(30)
    assert await spend(budget, 50) == pytest.approx(50)
    assert await spend(budget, 1_000) == pytest.approx(20)
    assert await spend(budget, 1_000) == 0
    assert budget.seconds == 100


async def test_what_is_kept_is_left() -> None:
    """A stage that never ends leaves what is kept for later ones, and no more."""
    budget = Budget(100)
    assert await spend(budget, 1_000, keep=15) == pytest.approx(85)
    assert await spend(budget, 1_000, keep=15) == 0
    assert await spend(budget, 1_000) == pytest.approx(15)


async def test_what_is_kept_and_not_used_is_not_lost() -> None:
    """What a quick stage leaves and what was kept come together."""
    budget = Budget(100)
    assert await spend(budget, 10, keep=15) == pytest.approx(10)
    assert await spend(budget, 1_000) == pytest.approx(90)


async def test_no_more_is_kept_than_there_is() -> None:
    """A wish for more than all of it makes no time."""
    budget = Budget(10)
    assert await spend(budget, 1_000, keep=50) == 0
    assert await spend(budget, 1_000) == pytest.approx(10)


async def test_time_between_stages_and_while_it_is_held_does_not_pass() -> None:
    """While a person decides before the plan runs, or while it does, the time of the run stands still."""
    budget = Budget(100)
    assert await spend(budget, 40) == pytest.approx(40)
    await anyio.sleep(3_600)
    with budget.stage(keep=15) as deadline, deadline.scope:
        await anyio.sleep(20)
        with deadline.held():
            await anyio.sleep(3_600)
        await anyio.sleep(5)
    assert await spend(budget, 1_000) == pytest.approx(35)


async def test_a_stage_that_breaks_has_spent_its_time() -> None:
    """However a stage ends, what it took is gone."""
    budget = Budget(100)

    async def broken() -> None:
        with budget.stage() as deadline:
            with deadline.held():
                await anyio.sleep(7)
            await anyio.sleep(60)
            raise LookupError

    with pytest.raises(LookupError):
        await broken()
    assert await spend(budget, 1_000) == pytest.approx(40)


async def test_what_is_left_now() -> None:
    """Of the stage at work; between two of them, of the whole."""
    budget = Budget(100)
    assert budget.left() == 100
    with budget.stage(keep=15) as deadline:
        await anyio.sleep(25)
        assert budget.left() == pytest.approx(60)
        with deadline.held():
            await anyio.sleep(3_600)
            assert budget.left() == pytest.approx(60)
    assert budget.left() == pytest.approx(75)
    await spend(budget, 1_000)
    assert budget.left() == 0
