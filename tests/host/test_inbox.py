"""The questions of one run: in rounds, live, to whoever attends, and for how long."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import anyio
import pytest
from mcp_types import ClientCapabilities, ElicitationCapability, ElicitResult, InputResponse

from batonmcp.core.caller import Answer, Declined, Question
from batonmcp.host.inbox import MOST_ROUNDS, Inbox
from batonmcp.host.question import Request, request_of
from doubles.asking import form, said

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)]

YES = ElicitResult(action="accept", content={"ok": True})
NO = ElicitResult(action="decline")
CAN = ClientCapabilities(elicitation=ElicitationCapability())
SAID_YES = "accept {'ok': True}"
OVER = "declined because the run that called its tool is over"
NOBODY = "declined because the host did not come back to be asked"


@dataclass(eq=False)
class Guest:
    """A request of a host."""

    way: Literal["live", "rounds"] | None = "rounds"
    capabilities: ClientCapabilities | None = field(default_factory=lambda: CAN)
    asked: list[str] = field(default_factory=list[str])
    answer: anyio.Event = field(default_factory=anyio.Event)

    async def report(self, progress: float, total: float | None, message: str) -> None:
        """Hear nothing."""

    async def ask(self, question: Question, request: Request) -> Answer | Declined:
        """Say yes, when it is time."""
        del request
        self.asked.append(str(question.params["message"]))
        await self.answer.wait()
        return Answer({"action": "accept", "content": {"ok": True}})


class Asked:
    """An inbox with questions, and what became of them."""

    def __init__(self, inbox: Inbox, tasks: anyio.abc.TaskGroup) -> None:
        self.inbox = inbox
        self.said: dict[str, str] = {}
        self.at: dict[str, float] = {}
        self._tasks = tasks

    async def ask(self, *names: str, guest: Guest | None = None) -> None:
        """Ask some questions, and wait until they are open."""
        for name in names:
            self._tasks.start_soon(self._ask, name, guest or Guest())
            await anyio.wait_all_tasks_blocked()

    async def take(self, answers: Mapping[str, InputResponse | None]) -> dict[str, str]:
        """Take answers, and return all that is answered by then."""
        self.inbox.take(answers)
        await anyio.wait_all_tasks_blocked()
        return self.said

    async def come(self, guest: Guest) -> None:
        """Have a request attend that is a call of its own."""
        self.inbox.guest = guest
        self.inbox.begin_call()
        self.inbox.tell()
        await anyio.wait_all_tasks_blocked()

    async def _ask(self, name: str, guest: Guest) -> None:
        wanted = form(name)
        request = request_of(wanted, CAN)
        assert not isinstance(request, Declined)
        self.said[name] = said(await self.inbox.ask(guest, wanted, request))
        self.at[name] = anyio.current_time()


@asynccontextmanager
async def asking(patience: float = 100.0) -> AsyncGenerator[Asked]:
    """Open an inbox; at the end nobody waits for it any more."""
    async with anyio.create_task_group() as tasks:
        asked = Asked(Inbox(patience=patience), tasks)
        yield asked
        asked.inbox.close(posed=True)


async def test_a_round() -> None:
    """All that waits is posed at once; what comes later is in the next."""
    async with asking() as asked:
        await asked.ask("a", "b")
        assert asked.inbox.has_unposed
        assert [*asked.inbox.pose()] == ["q1", "q2"]
        assert not asked.inbox.has_unposed
        await asked.ask("c")
        assert [*asked.inbox.pose()] == ["q3"]
        assert asked.inbox.pose() == {}
        assert await asked.take({"q1": YES, "q2": NO}) == {"a": SAID_YES, "b": "decline"}
        assert await asked.take({"q3": YES}) == {"a": SAID_YES, "b": "decline", "c": SAID_YES}


async def test_what_was_not_shown_is_not_answered() -> None:
    """An answer that a host sends for a question that it has not been given settles nothing."""
    async with asking() as asked:
        await asked.ask("a")
        asked.inbox.pose()
        await asked.ask("b")
        assert await asked.take({"q1": YES, "q2": YES, "q3": YES}) == {"a": SAID_YES}
        assert [*asked.inbox.pose()] == ["q2"]
        assert await asked.take({"q2": NO}) == {"a": SAID_YES, "b": "decline"}


async def test_each_round_is_answered_by_itself() -> None:
    """An answer that is left out counts for its own round alone, and the first one stays."""
    async with asking() as asked:
        await asked.ask("a", "b")
        asked.inbox.pose()
        await asked.ask("c")
        asked.inbox.pose()
        asked.inbox.take({"q1": YES, "q2": None})
        assert await asked.take({"q1": NO, "q2": YES}) == {
            "a": SAID_YES,
            "b": "declined because the host sent no answer",
        }
        assert (await asked.take({"q3": YES}))["c"] == SAID_YES


async def test_rounds_are_few() -> None:
    """After ten rounds in one call what waits is declined, but not what is in one; the next call has ten more."""
    async with asking() as asked:
        for number in range(MOST_ROUNDS):
            await asked.ask(f"n{number}")
            assert asked.inbox.pose()
        await asked.ask("last")
        assert asked.inbox.pose() == {}
        await anyio.wait_all_tasks_blocked()
        assert asked.said == {"last": "declined because a host can be asked 10 times in one call, and has been"}
        asked.inbox.begin_call()
        assert len(asked.inbox.pose()) == MOST_ROUNDS
        await asked.ask("more")
        assert [*asked.inbox.pose()] == [f"q{MOST_ROUNDS + 2}"]


async def test_patience() -> None:
    """A question waits for a round for so long; one in a round for as long as its run is parked."""
    async with asking(100) as asked:
        began = anyio.current_time()
        await asked.ask("a", "b")
        await anyio.sleep(99)
        assert asked.said == {}
        await anyio.sleep(2)
        assert asked.said == {"a": NOBODY, "b": NOBODY}
        assert asked.at["a"] - began == 100
        await asked.ask("c")
        asked.inbox.pose()
        await anyio.sleep(10_000)
        assert "c" not in asked.said
        asked.inbox.begin_call()
        await anyio.sleep(101)
        assert asked.said["c"] == NOBODY


async def test_live() -> None:
    """A host with a back channel is asked as soon as a request of it attends; no round has the question."""
    async with asking() as asked:
        guest = Guest("live")
        await asked.ask("a", "b", guest=guest)
        await anyio.sleep(50)
        assert guest.asked == []
        await asked.come(guest)
        assert sorted(guest.asked) == ["a", "b"]
        assert not asked.inbox.has_unposed
        assert await asked.take({"q1": YES}) == {}
        await asked.come(Guest("live"))  # another request does not have it asked twice
        guest.answer.set()
        await anyio.wait_all_tasks_blocked()
        assert asked.said == {"a": SAID_YES, "b": SAID_YES}


async def test_live_patience() -> None:
    """A live question waits for so long for a request, and then for so long for its answer."""
    async with asking(100) as asked:
        guest = Guest("live")
        await asked.ask("a", guest=guest)
        await anyio.sleep(101)
        assert asked.said == {"a": NOBODY}
        await asked.ask("b", guest=guest)
        await anyio.sleep(90)
        await asked.come(guest)
        await anyio.sleep(90)
        assert "b" not in asked.said
        await anyio.sleep(20)
        assert asked.said["b"] == "declined because nobody answered in time"


async def test_the_host_comes_back_in_another_way() -> None:
    """A question that was in a round is asked live by a request that can, and the other way round."""
    async with asking() as asked:
        await asked.ask("a")
        asked.inbox.pose()
        live = Guest("live")
        live.answer.set()
        await asked.come(live)
        assert (live.asked, asked.said) == (["a"], {"a": SAID_YES})
        asked.inbox.guest = None
        await asked.ask("b", guest=live)
        await asked.come(Guest("rounds"))
        assert [*asked.inbox.pose()] == ["q2"]
        assert live.asked == ["a"]


async def test_a_host_that_cannot_be_asked() -> None:
    """Without a way there is no question."""
    async with asking() as asked:
        await asked.ask("a", guest=Guest(None))
        assert asked.said == {"a": "declined because this host cannot be asked over its connection"}


@pytest.mark.parametrize("posed", [True, False])
async def test_the_end(posed: bool) -> None:  # noqa: FBT001 - as the parameter
    """At the end all are declined; if need be but those in a round, for which the host is on its way."""
    async with asking() as asked:
        live = Guest("live")
        await asked.ask("in a round")
        asked.inbox.pose()
        await asked.come(Guest("rounds"))
        asked.inbox.pose()
        await asked.ask("waits")
        asked.inbox.guest = live
        asked.inbox.tell()
        await anyio.wait_all_tasks_blocked()
        assert live.asked == ["waits"]
        asked.inbox.guest = None
        await asked.ask("waits too")
        asked.inbox.close(posed=posed)
        await anyio.wait_all_tasks_blocked()
        assert asked.said == dict.fromkeys(("waits", "waits too", *(["in a round"] if posed else [])), OVER)
        await asked.ask("late")
        assert asked.said["late"] == OVER
        asked.inbox.begin_call()
        await anyio.wait_all_tasks_blocked()
        assert asked.said["in a round"] == OVER
