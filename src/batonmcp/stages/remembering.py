"""The remembering of plans that a model made, from one run to the next that asks the same."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue

from batonmcp.core.plan import Plan
from batonmcp.core.reuse import day_of, is_reusable, needs_wording, route_key, wording
from batonmcp.stages.ports import Ports
from batonmcp.stages.route import PROMPT_VERSION
from batonmcp.stages.task import Task

__all__ = ["Remembering"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembering:
    """What is remembered of what one task asks.

    Attributes:
        task: What is asked.
        ports: What the run works with.
    """

    task: Task
    ports: Ports

    def key(self, fingerprint: str) -> str:
        """Return the key of what is asked, given the fingerprint of the tools.

        What a model is shown of them is a part of it, and so is the zone of the clock, from which it computes.
        """
        limits, zone = self.ports.limits, f"{self.ports.now():%Z%z}"
        shown = f"{PROMPT_VERSION}/{limits.native_tokens}/{limits.catalogue_tokens}"
        return route_key(
            self.task.query,
            inputs=self.task.inputs,
            servers=self.task.servers,
            fingerprint=fingerprint,
            planner=f"{self.ports.route_model}/{shown}/{zone}",
        )

    async def recall(self, key: str) -> JsonValue:
        """Return the plan under a key; null if there is none for now, or a fresh one is wanted."""
        if self.ports.routes is None or self.task.fresh:
            return None
        today, words = f"{self.ports.now():%Y-%m-%d}", wording(self.task.query)
        return await self.ports.routes.get(key, today=today, wording=words)

    async def keep(self, key: str, plan: Plan, *, told: datetime) -> None:
        """Keep a plan that ran well, unless it was good for this time only.

        Args:
            key: Of what is asked.
            plan: The plan.
            told: What time it was for the model that made it.
        """
        written: JsonValue = dict(plan.as_json())
        if not is_reusable(written, query=self.task.query, inputs=self.task.inputs):
            if self.task.fresh:  # then the one before was not wanted either
                await self.forget(key)
        elif self.ports.routes is not None:
            day = day_of(written, query=self.task.query, now=told)
            only = wording(self.task.query) if needs_wording(written) else None
            await self.ports.routes.put(key, written, day=day, wording=only)

    async def forget(self, key: str) -> None:
        """Forget a plan that did not do."""
        if self.ports.routes is not None:
            await self.ports.routes.drop(key)
