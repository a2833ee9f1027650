"""The order of a run, decided one settled step at a time."""

from collections.abc import Sequence

from batonmcp.core.plan import Plan, Step

__all__ = ["Schedule"]


class Schedule:
    """Says which steps may start; whoever runs them says when one has settled.

    A ready queue, not levels: a step is handed out the moment the last step it waits for has settled, each exactly
    once. The object does not care how a step ended.
    """

    def __init__(self, plan: Plan) -> None:
        self._open = {step.id: len(step.waits) for step in plan.steps}
        self._unsettled = set(self._open)
        self._waiting_for: dict[str, list[Step]] = {step.id: [] for step in plan.steps}
        for step in plan.steps:
            for wait in step.waits:
                self._waiting_for[wait.step].append(step)
        self._first = tuple(step for step in plan.steps if not step.waits)

    def start(self) -> Sequence[Step]:
        """Return the steps that wait for nothing, in plan order."""
        return self._first

    def settle(self, step_id: str) -> Sequence[Step]:
        """Take note that a step has settled and return those that may start now, in plan order.

        Raises:
            ValueError: The step has settled before.
        """
        if step_id not in self._unsettled:
            message = f"step {step_id!r} has settled before"
            raise ValueError(message)
        self._unsettled.remove(step_id)
        ready: list[Step] = []
        for step in self._waiting_for[step_id]:
            self._open[step.id] -= 1
            if not self._open[step.id]:
                ready.append(step)
        return ready
