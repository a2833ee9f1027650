"""The shelves of questions that wait for a person, and of what was decided about them."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Final, Literal, TypeAlias

from pydantic import JsonValue

from batonmcp.store.port import Store

__all__ = ["Approvals", "Pending", "Verdict"]

Verdict: TypeAlias = Literal["once", "always", "no"]
"""Run it this time, run it and do not ask for these tools again, or do not run it."""

_ASKED: Final = "approval"
_DECIDED: Final = "decision"
_JOINT: Final = "/"
"""Between the two parts of a question's key; no run id holds one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A question that waits for a person's decision.

    Attributes:
        run_id: The run that waits for it.
        digest: What exactly would run; a decision counts for nothing else.
        query: What the host asked.
        text: The question as the person is to read it. It holds what servers and models wrote.
        tools: The qualified names of the tools it is about.
        asked_at: When it was asked, in seconds since 1970.
        expires_at: From when on nobody can decide it any more, in seconds since 1970.
    """

    run_id: str
    digest: str
    query: str
    text: str
    tools: tuple[str, ...]
    asked_at: float
    expires_at: float


class Approvals:
    """Carries questions from the process that runs a plan to the one a person sits at, and decisions back.

    A question stands under its run and its digest, so that who decides takes the very question he has read; a decision
    stands under the run alone, and whoever takes it is the only one who gets it.
    """

    def __init__(self, store: Store, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    @property
    def shared(self) -> bool:
        """Whether other processes see a question."""
        return self._store.shared

    async def ask(self, pending: Pending) -> None:
        """Put a question in place of any other of its run."""
        await self._store.put(_ASKED, _key(pending.run_id, pending.digest), {**asdict(pending)})
        await self._remove_questions(pending.run_id, but=pending.digest)

    async def pending(self) -> list[Pending]:
        """Return the questions that can be decided, the newest first."""
        entries = await self._store.newest(_ASKED)
        found = [_read(await self._store.get(_ASKED, entry.key)) for entry in entries]
        now = self._clock()
        return [pending for pending in found if pending and pending.expires_at > now]

    async def decide(self, pending: Pending, verdict: Verdict) -> bool:
        """Decide a question; False if it was decided, withdrawn or replaced meanwhile, or has expired."""
        found = _read(await self._store.take(_ASKED, _key(pending.run_id, pending.digest)))
        if found is None or found.expires_at <= self._clock():
            return False
        decision: JsonValue = {"digest": found.digest, "verdict": verdict}
        await self._store.put(_DECIDED, found.run_id, decision)
        return True

    async def decision(self, run_id: str, digest: str) -> Verdict | None:
        """Take the decision about a run: it is given out once. One about something else is dropped, and is none."""
        match await self._store.take(_DECIDED, run_id):
            case {"digest": str(about), "verdict": "once" | "always" | "no" as verdict} if about == digest:
                return verdict
            case _:
                return None

    async def withdraw(self, run_id: str) -> None:
        """Remove the questions of a run, and the decision if nobody took it."""
        await self._remove_questions(run_id)
        await self._store.delete(_DECIDED, run_id)

    async def _remove_questions(self, run_id: str, *, but: str | None = None) -> None:
        kept = None if but is None else _key(run_id, but)
        for entry in await self._store.newest(_ASKED):
            if entry.key.startswith(_key(run_id, "")) and entry.key != kept:
                await self._store.delete(_ASKED, entry.key)


def _key(run_id: str, digest: str) -> str:
    return f"{run_id}{_JOINT}{digest}"


def _read(value: JsonValue) -> Pending | None:
    """Return the question that a document is, None if it is of another version of ours."""
    match value:
        case {
            "run_id": str(run_id),
            "digest": str(digest),
            "query": str(query),
            "text": str(text),
            "tools": [*tools],
            "asked_at": float() | int() as asked_at,
            "expires_at": float() | int() as expires_at,
        }:
            return Pending(
                run_id=run_id,
                digest=digest,
                query=query,
                text=text,
                tools=tuple(map(str, tools)),
                asked_at=asked_at,
                expires_at=expires_at,
            )
        case _:
            return None
