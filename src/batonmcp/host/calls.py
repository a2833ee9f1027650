"""The calls of `orchestrate`: each starts a run, or visits one."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from mcp.server.context import ServerRequestContext
from mcp_types import CallToolRequestParams, CallToolResult, InputRequiredResult, InputResponse, TextContent

from batonmcp.config.lineage import why_not_served
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import BatonError
from batonmcp.core.limits import Limits
from batonmcp.core.policy import Policy
from batonmcp.host.arguments import Visit, read_call
from batonmcp.host.attached import attached
from batonmcp.host.backend import Backend
from batonmcp.host.chain import chain_of
from batonmcp.host.clients import answer_within
from batonmcp.host.elsewhere import Desk, Waiting
from batonmcp.host.guest import Guest
from batonmcp.host.library import Library
from batonmcp.host.progress import reporting
from batonmcp.host.reply import reply, reply_error
from batonmcp.host.run import Interim, Run
from batonmcp.host.runs import PATIENCE, Runs
from batonmcp.host.tool import TOOL_NAME
from batonmcp.host.visit import reply_again, reply_busy, reply_cancelled, reply_kept, reply_selected
from batonmcp.stages.audience import Audience
from batonmcp.stages.task import Output, Task

__all__ = ["UNKNOWN_STATE", "Calls"]

_log = logging.getLogger(__name__)

UNKNOWN_STATE: Final = (
    "Nothing was run: these answers belong to no run that waits for answers. It may have had them already, or have "
    f"been cancelled because they did not come within {PATIENCE:g} s. Call {TOOL_NAME} anew, without a request state."
)
_ASKED: Final = "It waits for an answer that this host has been asked for: a form that is open there, for example."
_NOT_APPROVED: Final = (
    "Nothing was run by this: the approval is not the one of this run, was used before, or has expired. "
    f"Call {TOOL_NAME} with the run_id alone to see what waits."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """Answers calls of the tool.

    Attributes:
        behind: Returns the backend, once it is there, or raises `BatonError`.
        discretion: Knows what must not be said.
        library: Gets the resources that results name.
        limits: Bounds of a run, and of runs.
        policy: Where decisions come from when a host cannot ask.
        command: What a person types to decide about a run, without its id.
        principal: Whose runs these are; None: whoever knows a run's id.
    """

    behind: Callable[[], Awaitable[Backend]]
    discretion: Discretion
    library: Library
    limits: Limits
    policy: Policy
    command: str
    principal: str | None

    async def answer(
        self, context: ServerRequestContext[Runs], params: CallToolRequestParams
    ) -> CallToolResult | InputRequiredResult:
        """Answer one request."""
        chain = chain_of(context)
        if refusal := _no_such_tool(params.name) or why_not_served(chain):
            return reply_error(refusal)
        runs, guest = context.lifespan_context, Guest(context)
        if params.request_state is not None:
            return await self._resume(runs, guest, params.request_state, params.input_responses)
        try:
            call = read_call(params.arguments, self.limits)
            if isinstance(call, Visit):
                return await self._visit(runs, guest, call)
        except BatonError as error:
            return reply_error(str(error))
        if runs.is_full:
            return reply_busy(self.limits.runs)
        follows = bool(context.meta and "progress_token" in context.meta)
        run = runs.start(partial(self._perform, call, chain, follows), principal=self.principal, inputs=call.inputs)
        return await self._attend(runs, run, guest)

    async def _resume(
        self, runs: Runs, guest: Guest, state: str, responses: Mapping[str, InputResponse] | None
    ) -> CallToolResult | InputRequiredResult:
        """Go on with a run for which the host brings answers."""
        parked = runs.resume(state, principal=self.principal)
        if parked is None:
            return reply_error(UNKNOWN_STATE)
        return await self._attend(runs, parked.run, guest, parked.answers(responses))

    async def _visit(self, runs: Runs, guest: Guest, visit: Visit) -> CallToolResult | InputRequiredResult:
        """Go on with a run, wait for it, or read from it.

        Raises:
            BatonError: There is no such run, or nothing of the kind that is asked for.
        """
        run = runs.find(visit.run_id, principal=self.principal)
        if run is None:
            kept = None if runs.knows(visit.run_id) else await (await self.behind()).kept(visit.run_id)
            return reply_kept(kept, visit.run_id, visit.select)
        if visit.approval and not run.present(visit.approval):
            raise BatonError(kind="not_approved", message=_NOT_APPROVED)
        if visit.select:
            return reply_selected(run.recorder.record, visit.select, run.inputs)
        return await self._attend(runs, run, guest, output=visit.output)

    async def _attend(
        self,
        runs: Runs,
        run: Run,
        guest: Guest,
        answers: Mapping[str, InputResponse | None] | None = None,
        output: Output | None = None,
    ) -> CallToolResult | InputRequiredResult:
        """Wait for a run, for as long as the host does."""
        within = self.limits.answer_within or answer_within(guest.client)
        outcome = await runs.attend(run, guest, answers, within=within)
        record = run.recorder.record
        match outcome:
            case Interim(waiting=Waiting() as waiting) if run.desk:
                words = run.desk.explained(run.id, waiting)
                return reply(replace(run.recorder.until_now(), status="approval_required", answer=words), "answer")
            case Interim():
                asked = [TextContent(text=_ASKED)] if run.is_asking else []
                return reply(run.recorder.until_now(), "answer", asked)
            case CallToolResult() if run.cancelled:
                return reply_cancelled(record, run.cancelled)
            case CallToolResult() if output and record.steps and run.reply:
                return reply_again(record, output, attached(record, self.library.of_run(run.id)))
            case _:
                return outcome

    async def _perform(self, task: Task, chain: tuple[str, ...], follows: bool, run: Run) -> CallToolResult:  # noqa: FBT001 - bound by its place
        """Do what a run is for, and make its reply. `follows`: whether the host shows progress."""
        try:
            backend = await self.behind()
            run.desk = self._desk(backend)
            async with reporting(partial(self._report, run)) as listen:
                audience = Audience(
                    listen=listen,
                    caller=replace(self.discretion.caller(run.caller), chain=chain),
                    decide=run.decide,
                    recorder=run.recorder,
                    follows=follows,
                )
                record = await backend.run(task, audience)
            return reply(record, task.output, attached(record, self.library.of_run(run.id)))
        except BatonError as error:
            return reply_error(str(error))
        except Exception:  # noqa: BLE001 - a seam: a fault of ours costs this call, not the host's connection
            _log.exception("a run failed by a fault of batonmcp itself")
            return reply_error(
                "batonmcp failed by a fault of its own; the log has the details. Other calls still work."
            )

    def _desk(self, backend: Backend) -> Desk:
        return Desk(
            way=self.policy.without_elicitation,
            approvals=backend.approvals,
            command=self.command,
            discretion=self.discretion,
        )

    async def _report(self, run: Run, progress: float, total: float | None, message: str) -> None:
        await run.report(progress, total, self.discretion.text(message))


def _no_such_tool(name: str) -> str | None:
    return None if name == TOOL_NAME else f"There is no tool {name!r} here; the only one is {TOOL_NAME!r}."
