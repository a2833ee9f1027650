"""The connection to one server, kept by one task."""

import math
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Literal

import anyio
from mcp import Client, MCPError
from mcp.shared.dispatcher import ProgressFnT
from mcp_types import UNSUPPORTED_PROTOCOL_VERSION, CallToolResult, ReadResourceResult
from pydantic import JsonValue

from batonmcp.config.settings import ServerSettings
from batonmcp.core.caller import NOBODY, Caller
from batonmcp.core.effect import EffectKind
from batonmcp.core.limits import Limits
from batonmcp.core.tool import Tool
from batonmcp.downstream.backoff import Backoff
from batonmcp.downstream.beside_tools import BesideTools, beside_tools
from batonmcp.downstream.call import Call, Changed, meta_of
from batonmcp.downstream.catalogue import Catalogue, difference
from batonmcp.downstream.changes import Changes
from batonmcp.downstream.deadline import Deadline
from batonmcp.downstream.lane import Lane
from batonmcp.downstream.leniency.notes import Notes
from batonmcp.downstream.leniency.streams import lenient
from batonmcp.downstream.memory import Forgetful, Memory
from batonmcp.downstream.offer import Offer
from batonmcp.downstream.phase import Connecting, Down, Idle, Up
from batonmcp.downstream.questions import Questions
from batonmcp.downstream.race import first_of
from batonmcp.downstream.report import ServerReport, ServerState, started
from batonmcp.downstream.session import ended, innermost, open_session
from batonmcp.downstream.standing import Standing
from batonmcp.downstream.traffic import Traffic
from batonmcp.downstream.transport import Approach, OpenTransport, approach, open_transport, spoken
from batonmcp.downstream.trouble import Evidence, explain
from batonmcp.downstream.turns import Turns

__all__ = ["Connection"]


class Connection:
    """Connects to a server, and again whenever it has gone; tells what it offers and passes calls on.

    All the work is done in the task that runs `keep`. Calls from other tasks are handed to it, so that a caller who
    gives up, or a write that never ends, leaves the connection and its other calls alone.

    Args:
        settings: The server's entry in servers.json.
        effects: What servers.json says about effects.
        limits: How long it has to get ready, and how much it may send at once.
        memory: Keeps what it offers and which era it speaks for the next process.
        turns: Says when it may start.
        open_transport: Opens the way to it.
        tell: Called when something of it may be different from before.
    """

    def __init__(  # noqa: PLR0913 - what is passed in, so that a connection can be tried with doubles
        self,
        settings: ServerSettings,
        effects: Mapping[str, EffectKind],
        *,
        limits: Limits,
        memory: Memory | None = None,
        turns: Turns | None = None,
        open_transport: OpenTransport = open_transport,
        tell: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self._limits = limits
        self._memory = memory or Forgetful()
        self._offer = Offer(settings, effects, self._memory)
        self._turns = turns or Turns(1)
        self._open = open_transport
        self._approach = approach(settings)
        first = Down(settings.trouble) if settings.trouble else Connecting()
        self._standing = Standing(first, self._offer, tell)
        self._traffic = Traffic(self._wedged)
        self._lane = Lane(self._standing, self._traffic, self._offer)
        self._speaks: Literal["legacy", "modern", "sse"] | None = None
        self._evidence: Evidence | None = None
        self._ready_in: float | None = None
        self._connects = 0
        self._notes = Notes()

    @property
    def title(self) -> str:
        """The server's display name; its key in servers.json until it is known."""
        return self._offer.title

    @property
    def catalogue(self) -> Catalogue | None:
        """What the server offers, or offered when it was last connected; None while it cannot be reached."""
        return self._standing.catalogue

    @property
    def trouble(self) -> str | None:
        """Why it is not connected, or what is wrong although it is."""
        return self._standing.trouble

    def report(self) -> ServerReport:
        """Return what is known of the server."""
        process = self._evidence.process if self._evidence else None
        return ServerReport(
            name=self.settings.name,
            title=self.title,
            state=self._word(),
            started=started(self.settings),
            speaks=self._speaks,
            ready_in=self._ready_in,
            tools=len(self.catalogue.tools) if self.catalogue else 0,
            connects=self._connects,
            trouble=self.trouble,
            notes=(*self._notes.repaired, *self._notes.dropped),
            last_words=process.last_words if process else "",
        )

    def _word(self) -> ServerState:
        match self._standing.phase:
            case Up():
                return "degraded" if self.trouble or self._traffic.is_refused else "ready"
            case Idle():
                return "idle"
            case Connecting():
                return "connecting"
            case Down():
                return "broken" if self.settings.transport else "disabled"

    def adopt(self, settings: ServerSettings, effects: Mapping[str, EffectKind], limits: Limits) -> None:
        """Take over what servers.json now says, where that needs no new connection."""
        self.settings, self._limits = settings, limits
        self._offer.adopt(settings, effects)

    async def known(self) -> None:
        """Wait until it is known what the server offers, if only from last time, or that it cannot be reached."""
        await self._standing.known()

    async def settled(self) -> None:
        """Wait until the server is connected, or has failed to, or will only be tried again after a while."""
        await self._standing.settled()

    async def keep(self) -> None:
        """Stay connected until cancelled."""
        if self.settings.transport is None:
            return
        await self._recall()
        backoff, fresh = Backoff(), True
        while True:
            evidence = self._evidence = Evidence(
                settings=self.settings,
                connect_timeout=self._limits.connect_timeout,
                max_bytes=self._limits.result_bytes,
            )
            self._connects += 1
            try:
                async with self._turns.taken() as is_up:
                    await self._live(evidence, is_up)
            except Exception as error:  # noqa: BLE001 - a seam: whatever a server or its transport raises ends this connection only
                evidence.error = innermost(error)
            if fresh and self._begins_otherwise(evidence):
                fresh = False
                continue  # at once, in a fresh process
            await self._standing.wanted()
            if evidence.idle:
                continue
            trouble = explain(evidence)
            backoff.ended(lasted=evidence.lasted)
            soon = evidence.was_ready and backoff.soon
            self._standing.become(Connecting(trouble) if soon else Down(trouble))
            await anyio.sleep(backoff.pause(at_least=evidence.retry_after))
            fresh = True

    def end(self) -> None:
        """Let nobody wait for it any more: it is not kept from now on."""
        if not isinstance(self._standing.phase, Down):
            self._standing.become(Down(f"{self.settings.name} is no longer used."))

    async def call(
        self,
        name: str,
        arguments: dict[str, JsonValue],
        *,
        within: float,
        caller: Caller = NOBODY,
        planned: Tool | None = None,
    ) -> CallToolResult:
        """Call a tool.

        Args:
            name: Its name on the server.
            arguments: What to call it with.
            within: How long to wait, in seconds; the time stands still while the caller is asked something.
            caller: On whose behalf it is called.
            planned: What the tool was when the call was planned; None calls it whatever it is.

        Raises:
            Changed: It is no longer that.
            Lost: There is no connection, or it ended under the call, or the server rests after calls without an answer.
            CallTimeout: No answer came within so many seconds.
            Rejected: The answer was an error of the protocol, or no result.
        """

        def send(client: Client, progressed: ProgressFnT) -> Awaitable[CallToolResult]:
            changed = difference(planned, self._offer.tool(name)) if planned else None
            if changed:
                raise Changed(changed)
            meta = meta_of(self.settings, caller)
            return client.call_tool(name, arguments, progress_callback=progressed, meta=meta)

        return await self._lane.make(Call(send, caller, Deadline(within)), within)

    async def read_resource(self, uri: str, *, within: float, caller: Caller = NOBODY) -> ReadResourceResult:
        """Read a resource that the server has named.

        Raises:
            Lost: As for a call of a tool.
            CallTimeout: No answer came within so many seconds.
            Rejected: The answer was an error of the protocol, or no result.
        """

        def send(client: Client, _progressed: ProgressFnT) -> Awaitable[ReadResourceResult]:
            return client.read_resource(uri)

        return await self._lane.make(Call(send, caller, Deadline(within)), within)

    async def beside_tools(self, *, within: float) -> BesideTools:
        """Ask what the server offers beside its tools.

        Raises:
            Lost: As for a call of a tool.
            CallTimeout: No answer came within so many seconds.
            Rejected: The answer was an error of the protocol, or no result.
        """

        def send(client: Client, _progressed: ProgressFnT) -> Awaitable[BesideTools]:
            return beside_tools(client)

        return await self._lane.make(Call(send, NOBODY, Deadline(within)), within)

    async def _recall(self) -> None:
        """Take up what an earlier process has kept."""
        self._approach = approach(self.settings, await self._memory.get("era", self.settings.definition))
        await self._offer.recall()
        self._standing.changed()

    async def _live(self, evidence: Evidence, is_up: Callable[[], None]) -> None:
        """Connect, say so, and pass calls on until the connection ends."""
        notes = self._notes = Notes()
        changes, began = Changes(), anyio.current_time()
        asked = Questions(self.settings.name, self, self._traffic.in_flight)
        transport = lenient(self._open(self._approach.applied(self.settings), evidence), notes)
        with anyio.move_on_after(evidence.connect_timeout) as connecting:
            async with open_session(transport, self._approach.mode, asked, changes) as (client, tasks):
                await self._read_offer(client, notes)
                connecting.deadline = math.inf
                is_up()
                evidence.was_ready, self._ready_in = True, anyio.current_time() - began
                self._speaks = spoken(client.protocol_version, self._approach)
                tasks.start_soon(changes.follow, partial(self._read_offer, client, notes))
                tasks.start_soon(self._memory.put, "era", self.settings.definition, self._speaks)
                await self._serve(Up(client, tasks, evidence, anyio.Event()))
        if connecting.cancelled_caught:
            raise TimeoutError

    async def _serve(self, up: Up) -> None:
        """Be connected until the server has gone, is given up, or has not been used for long enough."""
        since = anyio.current_time()
        self._traffic.begin()
        self._standing.become(up)
        try:
            await first_of(partial(ended, up.evidence), up.over.wait, partial(self._idle, up.evidence))
        finally:
            up.evidence.lasted = anyio.current_time() - since
            if not up.evidence.idle:
                self._standing.become(Connecting())

    async def _read_offer(self, client: Client, notes: Notes) -> None:
        """Have the tools listed, once more after they have changed, and tell whoever waits for it."""
        if await self._offer.read(client, notes.left_out):
            self._standing.changed()
            await self._offer.keep()

    def _begins_otherwise(self, evidence: Evidence) -> bool:
        """Whether the server is to be tried at once in another way: what was chosen first, or remembered, is wrong."""
        error, before = evidence.error, self._approach
        if evidence.exchange and evidence.exchange.speaks_sse:
            self._approach = Approach(mode="legacy", sse=True)
        elif isinstance(error, MCPError) and error.code == UNSUPPORTED_PROTOCOL_VERSION and before.mode == "legacy":
            self._approach = before if self.settings.protocol == "legacy" else Approach(mode="auto")
        elif not evidence.was_ready:
            self._approach = approach(self.settings)
        return self._approach != before

    async def _idle(self, evidence: Evidence) -> None:
        """Wait until the server has not been used for the time that its entry gives it; then it is idle."""
        await self._traffic.unused(lambda: self.settings.idle_timeout)
        evidence.idle = True
        self._standing.become(Idle())

    def _wedged(self) -> None:
        up = self._standing.phase
        if isinstance(up, Up):
            up.evidence.wedged = True
            up.over.set()
