"""A step of which calls have begun before the plan that it belongs to was whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from batonmcp.core.early import EarlyCall
from batonmcp.core.events import StepStarted
from batonmcp.core.outcome import Cancelled, Failed, ItemOutcome, Outcome, Succeeded
from batonmcp.core.plan import Step
from batonmcp.core.prepare import Calls
from batonmcp.stages.begun import Begun

__all__ = ["BegunStep", "known"]


@dataclass(slots=True, eq=False)
class BegunStep:
    """A step and those of its calls that have begun: the first ones, in the order of its items.

    Attributes:
        step: The step.
        calls: All calls that it makes.
        items: Those that have begun, by the number of the item; a step without `for_each` has the number 0.
        told: Whether its end has been told.
    """

    step: Step
    calls: Calls
    items: dict[int, Begun] = field(default_factory=dict[int, Begun])
    told: bool = False

    def rest(self) -> Iterator[tuple[int, EarlyCall]]:
        """Yield the calls that have not begun, by the number of the item."""
        for number, arguments in enumerate(self.calls.arguments):
            if number not in self.items and not isinstance(arguments, Failed):
                yield number, EarlyCall(tool=self.step.tool, arguments=arguments)

    def begins(self) -> StepStarted:
        """Return the event of its start."""
        return StepStarted(
            step_id=self.step.id,
            arguments=[made for made in self.calls.arguments if not isinstance(made, Failed)],
            per_item=self.calls.per_item,
            at=min((begun.started for begun in self.items.values()), default=None),
        )

    @property
    def running(self) -> int:
        """How many of its calls have no answer."""
        return sum(begun.outcome is None for begun in self.items.values())

    @property
    def ended(self) -> float | None:
        """When the last answer came; None if none has."""
        return max((begun.ended for begun in self.items.values() if begun.ended is not None), default=None)

    @property
    def outcome(self) -> Succeeded | None:
        """What came of it, all its calls having succeeded; None otherwise, as only the plan knows what that means."""
        if not self.calls.per_item:
            outcome = self.items[0].outcome if self.items else None
            return outcome if isinstance(outcome, Succeeded) else None
        found = [begun.outcome for _, begun in sorted(self.items.items())]
        values = [outcome.value for outcome in found if isinstance(outcome, Succeeded)]
        is_whole = len(values) == len(self.calls.arguments)
        return Succeeded(value=values, items=self._outcomes("")) if is_whole else None

    def end(self, because: str) -> Outcome:
        """Return what came of it where it goes no further, and why."""
        if outcome := self.outcome:
            return outcome
        if self.calls.per_item:
            return Cancelled(because=because, items=self._outcomes(because))
        return self.items[0].outcome or Cancelled(because=because)

    def _outcomes(self, because: str) -> tuple[ItemOutcome, ...]:
        return tuple(
            ItemOutcome(arguments=begun.call.arguments, outcome=begun.outcome or Cancelled(because=because))
            for _, begun in sorted(self.items.items())
        )


def known(steps: Mapping[str, BegunStep]) -> dict[str, Outcome]:
    """Return the outcomes of those that have succeeded, by the same names."""
    return {name: outcome for name, step in steps.items() if (outcome := step.outcome)}
