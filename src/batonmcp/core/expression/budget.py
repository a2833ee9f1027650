"""The budget of one evaluation: what it may still spend, and how large what it builds may be.

A step of fuel is 0.08 microseconds of work at most, so that a whole evaluation takes some 30 milliseconds. Whoever does
work in proportion to a size pays for it first, so a hostile expression is refused before it costs anything. What a
plain expression without loops costs is bounded by its source.
"""

from dataclasses import dataclass

from pydantic import JsonValue

from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.number import checked_integer

__all__ = ["DEFAULT_LIMITS", "MAX_VALUE_DEPTH", "NANOSECONDS_PER_STEP", "Budget", "Limits"]

MAX_VALUE_DEPTH = 100

_ITEMS_PER_STEP = 4
_CONTAINER_STEPS = 5
_ENTRY_STEPS = 2
_CHARACTERS_PER_STEP = 32
_WEIGHED_CHARACTERS_PER_STEP = 256
_SEARCHED_PAIRS_PER_STEP = 1024
_FREE_NANOSECONDS = 5_000_000
_MAX_PATTERNS = 100

NANOSECONDS_PER_STEP = 65
"""What a step of fuel stands for where work is paid for by the clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much one evaluation may do.

    Attributes:
        fuel: Steps of work, each 0.08 microseconds at most.
        max_items: Items of any one list that the evaluation builds.
        max_text: Characters of any one text that the evaluation builds.
    """

    fuel: int = 400_000
    max_items: int = 100_000
    max_text: int = 1_000_000


DEFAULT_LIMITS = Limits()


class Budget:
    """What one evaluation may still spend.

    Args:
        limits: What it may spend in all.
    """

    __slots__ = ("_free_ns", "_fuel", "_patterns", "limits")

    def __init__(self, limits: Limits) -> None:
        self._fuel = limits.fuel
        self._free_ns = _FREE_NANOSECONDS
        self._patterns: set[str] = set()
        self.limits = limits

    @property
    def left(self) -> int:
        """The fuel that is left."""
        return self._fuel

    def spend(self, steps: int) -> None:
        """Pay for work that is about to be done.

        Args:
            steps: The work, in steps of fuel.

        Raises:
            Fault: The fuel is used up.
        """
        self._fuel -= steps
        if self._fuel < 0:
            raise Fault(
                message=f"the evaluation takes more than {self.limits.fuel} steps.",
                cure="Select fewer items first, by an `if` or a slice.",
            )

    def spend_time(self, nanoseconds: int) -> None:
        """Pay for the time by which some work took longer than what was paid for it.

        The first few milliseconds are free, so that a slow machine gives the same values as a fast one.

        Args:
            nanoseconds: The time.

        Raises:
            Fault: The fuel is used up.
        """
        self._free_ns -= nanoseconds
        if self._free_ns < 0:
            self.spend(-self._free_ns // NANOSECONDS_PER_STEP)
            self._free_ns = 0

    def spend_items(self, count: int) -> None:
        """Pay for a list that is about to be built.

        Args:
            count: How many items it will have.

        Raises:
            Fault: The list would be too long, or the fuel is used up.
        """
        if count > self.limits.max_items:
            raise Fault(
                message=f"a list of {count} items is too long; {self.limits.max_items} are allowed.",
                cure="Select fewer items first, by an `if` or a slice.",
            )
        self.spend(1 + count // _ITEMS_PER_STEP)

    def spend_text(self, length: int) -> None:
        """Pay for a text that is about to be built.

        Args:
            length: How many characters it will have.

        Raises:
            Fault: The text would be too long, or the fuel is used up.
        """
        if length > self.limits.max_text:
            raise Fault(
                message=f"a text of {length} characters is too long; {self.limits.max_text} are allowed.",
                cure="Take a part of it by a slice, or fewer parts.",
            )
        self.spend(1 + length // _CHARACTERS_PER_STEP)

    def spend_search(self, text: str, part: str) -> None:
        """Pay for a search in a text: for its characters, and for comparing each of them with each of the part.

        Args:
            text: Where to search.
            part: What to search for.

        Raises:
            Fault: The fuel is used up.
        """
        self.spend(1 + len(text) // _CHARACTERS_PER_STEP + len(text) * len(part) // _SEARCHED_PAIRS_PER_STEP)

    def knows_pattern(self, source: str) -> bool:
        """Return whether the evaluation has met a pattern before, and so has paid for compiling it.

        Args:
            source: The pattern.

        Raises:
            Fault: There are too many, so that compiled ones could not be kept.
        """
        if source in self._patterns:
            return True
        if len(self._patterns) >= _MAX_PATTERNS:
            raise Fault(
                message=f"there are more than {_MAX_PATTERNS} different patterns.", cure="Write one for all: a|b."
            )
        self._patterns.add(source)
        return False

    def weigh(self, value: JsonValue) -> tuple[int, int]:
        """Pay for a walk over the whole of a value, however often it holds the same part.

        After it, Python's own recursive operations are safe on the value: it is neither cyclic nor deep.

        Args:
            value: What is about to be compared, written or returned.

        Returns:
            How many values it holds, and how many characters, where a number counts as many as it has bits.

        Raises:
            Fault: The value is too deep, or the fuel is used up.
        """
        nodes = characters = 0
        level = [value]
        for _ in range(MAX_VALUE_DEPTH):
            below: list[JsonValue] = []
            for item in level:
                if isinstance(item, str):
                    characters += len(item)
                elif isinstance(item, int):
                    characters += checked_integer(item).bit_length()
                elif isinstance(item, dict):
                    self.spend(_CONTAINER_STEPS + _ENTRY_STEPS * len(item))
                    characters += sum(map(len, item))
                    below += item.values()
                elif isinstance(item, list):
                    self.spend(_CONTAINER_STEPS + len(item))
                    below += item
            nodes += len(level)
            if not below:
                self.spend(_CONTAINER_STEPS + characters // _WEIGHED_CHARACTERS_PER_STEP)
                return nodes, characters
            level = below
        raise Fault(
            message=f"a value is nested more than {MAX_VALUE_DEPTH} levels deep.",
            cure="Select the inner part that is needed.",
        )
