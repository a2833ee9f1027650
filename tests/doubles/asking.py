"""A backend whose runs ask: what servers would ask while they are called, without any server."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from pydantic import JsonValue

from batonmcp.core.attachment import Attachment, Contents
from batonmcp.core.caller import Answer, Asked, Caller, Declined, Question
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.events import Emit
from batonmcp.core.outcome import Failed
from batonmcp.core.record import RunRecord, StepRecord
from batonmcp.core.registry import Registry
from batonmcp.host.backend import Backend
from batonmcp.stages.audience import Audience
from batonmcp.stages.task import Task
from batonmcp.store.approvals import Approvals
from batonmcp.store.memory import MemoryStore

__all__ = ["AskingBackend", "Play", "form", "question", "said"]

Play = Callable[[Task, Emit, Caller], Awaitable[str]]
"""Does a run and returns its answer."""

_YES_OR_NO: Mapping[str, JsonValue] = {"type": "object", "properties": {"ok": {"type": "boolean"}}}


def question(about: Asked = "elicitation", /, **params: JsonValue) -> Question:
    """Return a question of the server GitHub."""
    return Question(server="github", agent="GitHub", about=about, params=params)


def form(message: str) -> Question:
    """Return a question to a person, who may tick a box."""
    return question(message=message, requestedSchema=dict(_YES_OR_NO))


def said(answer: Answer | Declined) -> str:
    """Return an answer in a word or two."""
    if isinstance(answer, Declined):
        return f"declined because {answer.because}"
    content = answer.result.get("content")
    return f"{answer.result.get('action', 'answered')} {content if content is not None else ''}".strip()


@dataclass
class AskingBackend:
    """Plays a run for each task.

    Attributes:
        play: Does it.
        attachments: What came along with the run's one step.
        resources: What can be read, by server and address.
        asked_to_read: What was to be read, in order.
    """

    play: Play
    attachments: Sequence[Attachment] = ()
    resources: Mapping[tuple[str, str], Sequence[Contents]] = field(
        default_factory=dict[tuple[str, str], Sequence[Contents]]
    )
    asked_to_read: list[str] = field(default_factory=list[str])

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Backend]:
        """Open the backend."""
        yield self

    @property
    def approvals(self) -> Approvals:
        """Return a store of questions that nobody else sees."""
        return Approvals(MemoryStore())

    async def kept(self, run_id: str) -> None:
        """Keep no run."""
        del run_id

    async def run(self, task: Task, audience: Audience) -> RunRecord:
        """Run a task."""
        answer = await self.play(task, audience.listen, audience.caller)
        one = StepRecord(id="s1", tool="github__get", server="github", effect="read", status="succeeded")
        one.attachments = list(self.attachments)
        return RunRecord(run_id="r", query=task.query, planner="host", status="ok", answer=answer, steps=[one])

    async def read_resource(self, server: str, uri: str) -> Sequence[Contents] | Failed:
        """Read what there is."""
        self.asked_to_read.append(uri)
        missing = Failed(error=ErrorInfo(kind="unavailable", message=f"{server} has no {uri}."))
        return self.resources.get((server, uri), missing)

    async def agents(self, *, other_than: Registry | None = None) -> Registry:
        """Know of no server, ever."""
        if other_than is not None:
            await anyio.sleep_forever()
        return Registry.of([], [])
