"""Decisions that do not come over the host's connection."""

from dataclasses import replace

import anyio
import pytest

from batonmcp.core.approval import Approval, Approved, Refused
from batonmcp.core.discretion import Discretion
from batonmcp.core.limits import Limits
from batonmcp.core.policy import Policy, WithoutElicitation, judge
from batonmcp.core.prepare import foreseen
from batonmcp.host.elsewhere import DECISION_S, LATE, Desk, Waiting
from batonmcp.store.approvals import Approvals
from builders import plan_of
from doubles.board import Board
from doubles.hub import PUT, TOOLS, plan

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["virtual"], indirect=True)]


def desk(way: WithoutElicitation, board: Board | None = None, secret: str = "") -> Desk:
    """Return a desk."""
    discretion = Discretion()
    discretion.learn([secret] if secret else [])
    return Desk(way=way, approvals=Approvals(board or Board()), command="batonmcp approve", discretion=discretion)


def approval(*, begun: bool = False) -> Approval:
    """Return a question about one write."""
    made = plan_of(plan(PUT), TOOLS)
    (concern,) = judge(made, Policy()).asked
    calls = foreseen(made.steps[0], {}, limits=Limits())
    assert calls
    return Approval(query="Paint it", plan=made, concerns=(concern,), calls={"put": calls}, begun=begun)


def opened(at: Desk) -> Waiting:
    """Return what waits."""
    waiting = at.open(approval())
    assert isinstance(waiting, Waiting)
    return waiting


async def test_the_question_stands_while_it_waits() -> None:
    """Others see it, without secrets, from when it is shown until it is not; also if the run is cancelled."""
    at = desk("cli", secret="colour")  # noqa: S106 - the secret of this test
    waiting = opened(at)
    with anyio.CancelScope() as scope:
        async with at.shown("r1", waiting) as hindrance:
            assert hindrance is None
            (pending,) = await at.approvals.pending()
            assert (pending.run_id, pending.digest, pending.tools) == ("r1", waiting.approval.digest, ("store__put",))
            assert "colour" not in pending.text
            assert '"red"' in pending.text
            assert pending.expires_at - pending.asked_at == DECISION_S
            scope.cancel()
            await anyio.lowlevel.checkpoint()
    assert await at.approvals.pending() == []


async def test_a_token_is_shown_to_nobody_else() -> None:
    """Where the host carries a token, no question stands anywhere."""
    board = Board()
    at = desk("host", board)
    async with at.shown("r1", opened(at)) as hindrance:
        assert (hindrance, await at.approvals.pending()) == (None, [])
    assert board.taken == 0


@pytest.mark.parametrize("verdict", ["once", "always", "no"])
async def test_a_decision_is_fetched(verdict: str) -> None:
    """A look finds it, once."""
    at = desk("cli")
    waiting = opened(at)
    async with at.shown("r1", waiting):
        await at.look("r1", waiting)
        assert waiting.ruling is None
        assert await at.approvals.decide((await at.approvals.pending())[0], verdict)  # type: ignore[arg-type]
        await at.look("r1", waiting)
        expected = {"once": Approved(), "always": Approved(always=True), "no": Refused(because="a person refused it")}
        assert await at.wait("r1", waiting) == expected[verdict]


async def test_a_look_is_not_broken_off() -> None:
    """Who looks, and is cancelled in that moment, has not taken the decision along."""
    board = Board()
    at = desk("cli", board)
    waiting = opened(at)
    async with at.shown("r1", waiting):
        await at.approvals.decide((await at.approvals.pending())[0], "once")
        with anyio.CancelScope() as scope:
            scope.cancel()
            await at.look("r1", waiting)
        assert waiting.ruling == Approved()


@pytest.mark.parametrize(
    ("verdict", "because"),
    [
        (None, "nobody decided within 10 minutes"),
        ("no", "a person refused it"),
        ("always", "the host did not come for the decision within 10 minutes, so that it is void"),
    ],
)
async def test_it_is_too_late(verdict: str | None, because: str) -> None:
    """After ten minutes nothing approves any more, not even what was decided in time and not fetched."""
    at = desk("cli")
    waiting, began = opened(at), anyio.current_time()
    async with at.shown("r1", waiting):
        if verdict:
            await at.approvals.decide((await at.approvals.pending())[0], verdict)  # type: ignore[arg-type]
        assert await at.wait("r1", waiting) == Refused(because=because)
    assert anyio.current_time() - began == DECISION_S == 600
    assert at.present(waiting, "anything") is False
    assert Refused(because="nobody decided within 10 minutes") == LATE


async def test_a_token_is_good_once() -> None:
    """Of a thousand who present it, one approves; no other text does."""
    at = desk("host")
    waiting = opened(at)
    assert waiting.token
    assert len(waiting.token) >= 40
    assert opened(at).token != waiting.token
    for wrong in ("", waiting.token[1:], waiting.token + " ", "\ud800", "é"):
        assert at.present(waiting, wrong) is False
    found: list[bool] = []

    async def present() -> None:
        await anyio.lowlevel.checkpoint()
        found.append(at.present(waiting, waiting.token or ""))

    async with anyio.create_task_group() as tasks:
        for _ in range(1_000):
            tasks.start_soon(present)
    assert (len(found), sum(found)) == (1_000, 1)
    assert await at.wait("r1", waiting) == Approved()


@pytest.mark.parametrize(
    ("way", "board", "because"),
    [
        ("refuse", Board(), "`without_elicitation` in servers.json says to refuse then"),
        ("cli", Board(shared=False), "the store is in memory only"),
    ],
)
async def test_where_no_decision_can_come(way: WithoutElicitation, board: Board, because: str) -> None:
    """It is refused, with the reason."""
    refused = desk(way, board).open(approval())
    assert isinstance(refused, Refused)
    assert because in refused.because


async def test_a_store_that_turns_out_to_be_a_memory() -> None:
    """A question that nobody can see is not waited for."""
    at = desk("cli", Board(broken=True))
    async with at.shown("r1", opened(at)) as hindrance:
        assert hindrance
        assert "the store is in memory only" in hindrance.because


async def test_what_the_host_is_told() -> None:
    """It gets the question, what has run, and exactly what to do."""
    at = desk("cli")
    text = at.explained("r1", opened(at))
    assert text.startswith("Nothing was run yet: a person decides.")
    assert "batonmcp approve r1\n" in text
    assert 'call orchestrate with {"run_id": "r1"}' in text
    assert "open for 10 minutes" in text
    waiting = at.open(approval(begun=True))
    assert isinstance(waiting, Waiting)
    assert at.explained("r1", waiting).startswith("Some of its steps have run: a person decides.")
    waiting = at.open(replace(approval(), ahead=True))
    assert isinstance(waiting, Waiting)
    assert at.explained("r1", waiting).startswith("Nothing but reads of it was run yet: a person decides.")
    at = desk("host")
    waiting = opened(at)
    assert f'{{"run_id": "r1", "approval": "{waiting.token}"}}' in at.explained("r1", waiting)
