"""A member of the fleet: one server, the calls that it may have in flight, and what comes of them."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import anyio
from pydantic import JsonValue

from batonmcp.core.attachment import Contents
from batonmcp.core.caller import Caller
from batonmcp.core.errors import ErrorInfo
from batonmcp.core.outcome import Failed, Succeeded
from batonmcp.core.tool import Tool
from batonmcp.downstream.call import CallTimeout, Changed, Lost, Rejected
from batonmcp.downstream.connection import Connection
from batonmcp.downstream.resource import contents_of
from batonmcp.downstream.result import read_result

__all__ = ["Member"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A connection and the life of its owner's task. Whatever goes wrong with a call is a `Failed`.

    Attributes:
        connection: To the server.
        slots: How many calls it may have in flight.
        total: How many all members together may have.
        life: Ends it.
        over: Set when it has ended.
    """

    connection: Connection
    slots: anyio.CapacityLimiter
    total: anyio.CapacityLimiter
    life: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    over: anyio.Event = field(default_factory=anyio.Event)

    async def keep(self) -> None:
        """Stay connected until its life ends."""
        try:
            with self.life:
                await self.connection.keep()
        finally:
            self.connection.end()
            self.over.set()

    async def call(
        self, tool: Tool, arguments: dict[str, JsonValue], *, within: float, caller: Caller
    ) -> Succeeded | Failed:
        """Call a tool. The wait for a free slot counts to the time, which servers.json may have its own word about."""
        within = self.connection.settings.timeout or within
        with ExitStack() as slots:
            with anyio.move_on_after(within) as waiting:
                for limiter in (self.slots, self.total):
                    await _take(limiter)
                    slots.callback(limiter.release)
            if waiting.cancelled_caught:
                return _busy(tool, within)
            left = waiting.deadline - anyio.current_time()
            try:
                result = await self.connection.call(tool.name, arguments, within=left, caller=caller, planned=tool)
                return read_result(result, tool)
            except (Lost, Changed, Rejected, CallTimeout) as error:
                return _failed(tool, error, within)

    async def read_resource(self, uri: str, *, within: float) -> Sequence[Contents] | Failed:
        """Have the server read one of its resources."""
        try:
            result = await self.connection.read_resource(uri, within=within)
        except (Lost, Rejected) as error:
            return Failed(error=ErrorInfo(kind="unavailable", message=str(error)))
        except CallTimeout:
            message = f"{self.connection.title} did not answer within {within:g} s."
            return Failed(error=ErrorInfo(kind="timeout", message=message))
        return [contents_of(part) for part in result.contents]


async def _take(limiter: anyio.CapacityLimiter) -> None:
    """Take a slot: at once where there is one, without a round of the event loop."""
    try:
        limiter.acquire_nowait()
    except anyio.WouldBlock:
        await limiter.acquire()


def _failed(tool: Tool, error: Lost | Changed | Rejected | CallTimeout, within: float) -> Failed:
    """Say what came of a call instead of a result: whether the tool may have run, and whether to try again."""
    may_change = tool.effect.kind != "read"
    match error:
        case Lost(sent=sent):
            info = ErrorInfo(kind="unavailable", message=str(error), cure="" if sent else "Nothing was sent to it.")
            return Failed(error=info, unsure=sent and may_change, again="if harmless" if sent else "always")
        case Changed():
            cure = "It was not called. Ask again: a new plan is made with what the server offers now."
            return Failed(error=ErrorInfo(kind="tool_changed", message=str(error), cure=cure))
        case Rejected(unsure=unsure):
            info = ErrorInfo(kind="protocol_error", message=str(error))
            return Failed(error=info, unsure=unsure and may_change, again="if harmless" if unsure else "never")
        case CallTimeout():
            info = ErrorInfo(
                kind="timeout",
                message=f"{tool.agent} did not answer within {within:g} s.",
                cure=f'If it needs longer, raise "timeout" of {tool.server} in servers.json.',
            )
            return Failed(error=info, unsure=may_change)


def _busy(tool: Tool, within: float) -> Failed:
    return Failed(
        error=ErrorInfo(
            kind="busy",
            message=f"{tool.agent} was busy with other calls for {within:g} s, so {tool.qualified} was not called.",
            cure='If it can do more at a time, raise "parallel_server" or "parallel_total" under "limits".',
        ),
    )
