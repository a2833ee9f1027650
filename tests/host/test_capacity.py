"""Places for runs: how many work, how many wait, and what becomes of a place while a person is asked."""

import anyio
import pytest

from batonmcp.host.capacity import Capacity, Place

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)]


class Crew:
    """Runs that hold places until they are let go.

    Attributes:
        at_work: Those that hold a place, in the order in which they got it.
    """

    def __init__(self, capacity: Capacity, tasks: anyio.abc.TaskGroup) -> None:
        self.capacity = capacity
        self.tasks = tasks
        self.at_work: list[str] = []
        self._ends: dict[str, anyio.CancelScope] = {}

    def start(self, name: str) -> Place:
        """Start one."""
        place = self.capacity.reserve()
        self._ends[name] = anyio.CancelScope()
        self.tasks.start_soon(self._work, name, place)
        return place

    async def end(self, *names: str) -> None:
        """End some, whether they work or wait."""
        for name in names:
            self._ends[name].cancel()
        await anyio.wait_all_tasks_blocked()

    async def _work(self, name: str, place: Place) -> None:
        with self._ends[name]:
            async with place.held():
                self.at_work.append(name)
                try:
                    await anyio.sleep_forever()
                finally:
                    self.at_work.remove(name)


async def lend(place: Place, until: anyio.Event) -> None:
    """Lend a place."""
    async with place.lent():
        await until.wait()


async def test_one_below_at_and_above_the_limit() -> None:
    """With two places and one to wait, the third waits and a fourth would be too many, counted from the start."""
    async with anyio.create_task_group() as tasks:
        crew = Crew(Capacity(places=2, queue=1), tasks)
        full: list[bool] = []
        for name in "abc":
            full.append(crew.capacity.is_full)
            crew.start(name)
        assert [*full, crew.capacity.is_full] == [False, False, False, True]
        await anyio.wait_all_tasks_blocked()
        assert sorted(crew.at_work) == sorted(set("abc") & set(crew.at_work))
        assert len(crew.at_work) == 2
        await crew.end(crew.at_work[0])
        assert len(crew.at_work) == 2
        assert not crew.capacity.is_full
        await crew.end(*"abc")
        assert crew.at_work == []


async def test_who_waits_is_cancelled() -> None:
    """One that is cancelled in the queue makes room there at once, and takes no place."""
    async with anyio.create_task_group() as tasks:
        crew = Crew(Capacity(places=1, queue=1), tasks)
        crew.start("a")
        await anyio.wait_all_tasks_blocked()
        crew.start("b")
        assert crew.capacity.is_full
        await crew.end("b")
        assert not crew.capacity.is_full
        await crew.end("a")
        crew.start("c")
        await anyio.wait_all_tasks_blocked()
        assert crew.at_work == ["c"]
        await crew.end("c")


async def test_a_lent_place_is_one() -> None:
    """A run that asks two people at a time gives one place away, and takes it back when both have answered."""
    async with anyio.create_task_group() as tasks:
        crew = Crew(Capacity(places=1, queue=5), tasks)
        place, answers = crew.start("a"), [anyio.Event(), anyio.Event()]
        await anyio.wait_all_tasks_blocked()
        for answer in answers:
            tasks.start_soon(lend, place, answer)
        await anyio.wait_all_tasks_blocked()
        crew.start("b")
        await anyio.wait_all_tasks_blocked()
        crew.start("c")
        await anyio.wait_all_tasks_blocked()
        assert crew.at_work == ["a", "b"]
        for answer in answers:
            answer.set()
            await anyio.wait_all_tasks_blocked()
        assert crew.at_work == ["a", "b"]  # c was there before it came back
        await crew.end("b")
        assert crew.at_work == ["a", "c"]
        await crew.end("a")  # while it waits to go on
        await crew.end("c")
        crew.start("d")
        await anyio.wait_all_tasks_blocked()
        crew.start("e")
        await anyio.wait_all_tasks_blocked()
        assert crew.at_work == ["d"]
        await crew.end("d", "e")
        assert not crew.capacity.is_full


async def test_who_asks_does_not_count() -> None:
    """Runs that wait for a person are not among those that make it full."""
    async with anyio.create_task_group() as tasks:
        crew, answer = Crew(Capacity(places=1, queue=0), tasks), anyio.Event()
        for name in "abc":
            assert not crew.capacity.is_full
            place = crew.start(name)
            await anyio.wait_all_tasks_blocked()
            assert crew.capacity.is_full
            tasks.start_soon(lend, place, answer)
            await anyio.wait_all_tasks_blocked()
        answer.set()
        await crew.end(*"abc")
        assert not crew.capacity.is_full


@pytest.mark.parametrize("answered_first", [True, False])
async def test_a_run_ends_while_another_task_asks(answered_first: bool) -> None:  # noqa: FBT001 - a column
    """The question of a connection's task outlives its run; neither takes a place along."""
    async with anyio.create_task_group() as tasks:
        crew, answer = Crew(Capacity(places=1, queue=9), tasks), anyio.Event()
        place = crew.start("a")
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(lend, place, answer)
        await anyio.wait_all_tasks_blocked()
        crew.start("b")
        await anyio.wait_all_tasks_blocked()
        if answered_first:
            answer.set()
            await anyio.wait_all_tasks_blocked()
        await crew.end("a")
        answer.set()
        await anyio.wait_all_tasks_blocked()
        assert crew.at_work == ["b"]
        crew.start("c")
        await anyio.wait_all_tasks_blocked()
        assert crew.at_work == ["b"]
        await crew.end("b")
        assert crew.at_work == ["c"]
        await crew.end("c")
