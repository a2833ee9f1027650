"""The patterns: regular expressions of RE2, which search in time linear in the text, whatever the pattern.

This is the one module that knows the library. The first pattern loads it: it takes 4 ms, and few plans have one. It has
no types of its own, so what is used of it is described here.

What a pattern costs: one search pays for the characters it passes. It is refused at once if it could take longer than
what is left of the evaluation, by the size of the pattern's program. And it pays by the clock where it takes longer
than what it has passed explains: a pattern may look far ahead of each of many matches, which the library does not tell.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from time import perf_counter_ns, thread_time_ns
from typing import Protocol, cast

from batonmcp.core.expression.budget import NANOSECONDS_PER_STEP, Budget
from batonmcp.core.expression.fault import Fault
from batonmcp.core.expression.wording import excerpt

__all__ = ["MAX_GROUPS", "MAX_PATTERN", "Match", "Pattern", "compile_pattern", "encoded"]

MAX_PATTERN = 1_000
MAX_GROUPS = 100

_KEPT = 128
_MAX_MEMORY = 2**20
_COMPILED_STEPS = 500
_INSTRUCTION_STEPS = 5
_SEARCH_STEPS = 60
_BYTES_PER_STEP = 64
_LONGEST_SEARCH = 0.6
_STATE_NANOSECONDS = 10
_GROUPS_PER_STATE = 20
_INSTRUCTIONS_PER_NANOSECOND = 8
_SYNTAX = (
    "The syntax is RE2's: there is no lookaround such as (?=x) or (?<!x) and no back reference such as \\1, "
    "and the end of the text is \\z or $."
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_NAME = re.compile(r"\(\?P?<(\w+)>")


class Match(Protocol):
    """Where a pattern was found, in bytes."""

    def span(self, group: int, /) -> tuple[int, int]:
        """Return where a group starts and ends, -1 for one that took no part; 0 is the whole."""
        ...


class _Regex(Protocol):
    @property
    def groups(self) -> int: ...
    @property
    def groupindex(self) -> Mapping[bytes, int]: ...
    @property
    def programsize(self) -> int: ...
    def search(self, text: bytes, pos: int, /) -> Match | None: ...


class _Encodings(Protocol):
    LATIN1: object


class _Options(Protocol):
    Encoding: _Encodings
    encoding: object
    log_errors: bool
    max_mem: int


class _Library(Protocol):
    Options: Callable[[], _Options]
    error: type[Exception]

    def compile(self, pattern: bytes, options: _Options, /) -> _Regex: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A compiled pattern.

    Attributes:
        names: The number of each named group.
        groups: How many groups it has, named or not.
        steps: What compiling it costs.
        slowest: The nanoseconds that a byte of text costs at worst.
        search: Finds its first match in a text, from a position on.
    """

    names: Mapping[str, int]
    groups: int
    steps: int
    slowest: int
    search: Callable[[bytes, int], Match | None]

    def matches(self, data: bytes, budget: Budget) -> Iterator[Match]:
        """Yield the matches in a text, from left to right; none overlaps another.

        Args:
            data: The encoded text.
            budget: What pays for the search.

        Raises:
            Fault: The text is too long for the pattern, or the fuel is used up.
        """
        most = min(budget.left, budget.limits.fuel * _LONGEST_SEARCH) * NANOSECONDS_PER_STEP
        if len(data) * self.slowest > most:
            raise Fault(
                message=f"searching a text of {len(data)} bytes for this pattern could take too long.",
                cure="Search a part of it, or line by line: [match(line, pattern) for line in text.splitlines()].",
            )
        position, ran = 0, thread_time_ns()
        while position <= len(data):
            began = perf_counter_ns()
            found = self.search(data, position)
            taken = perf_counter_ns() - began
            start, end = (position, len(data)) if found is None else found.span(0)
            steps = _SEARCH_STEPS + (end - position) // _BYTES_PER_STEP
            budget.spend(steps)
            if taken > steps * NANOSECONDS_PER_STEP:  # which is rare: this clock is dear, and the other ran for others
                before, ran = ran, thread_time_ns()
                budget.spend_time(max(0, min(taken, ran - before) - steps * NANOSECONDS_PER_STEP))
            if found is None:
                return
            yield found
            position = end if end > start else _next_character(data, end)


def compile_pattern(source: str, budget: Budget) -> Pattern:
    """Return the pattern that a text stands for.

    Args:
        source: The text.
        budget: What pays for it, once in an evaluation.

    Raises:
        Fault: It is no pattern, or too large a one.
    """
    if len(source) > MAX_PATTERN:
        raise Fault(message=f"a pattern of {len(source)} characters is too long; {MAX_PATTERN} are allowed.")
    if budget.knows_pattern(source):
        return _compiled(source)
    budget.spend(_COMPILED_STEPS)
    pattern = _compiled(source)
    budget.spend(pattern.steps)
    return pattern


def encoded(text: str) -> bytes:
    """Return a text as patterns search it: in UTF-8, where half of a surrogate pair is a character as well.

    Args:
        text: Any text.
    """
    return text.encode("utf-8", "surrogatepass")


@lru_cache(maxsize=_KEPT)
def _compiled(source: str) -> Pattern:
    names = _NAME.findall(source)
    if "C" in _ESCAPE.findall(source):
        raise _unreadable(source, "\\C is half a character")
    if "\b" in source:
        raise Fault(
            message="the pattern has a backspace in it.", cure="Write the pattern as r'...', where \\b is a word's end."
        )
    if len(names) > len(set(names)):
        raise _unreadable(source, "two groups have the same name")
    data, library = encoded(source), _library()
    try:
        regex = library.compile(data, _options(library))
    except library.error as error:
        raise _unreadable(source, _reason(error)) from None
    if regex.groups > MAX_GROUPS:
        raise _unreadable(source, f"it has {regex.groups} groups; {MAX_GROUPS} are allowed")
    size = regex.programsize
    states = _states(data, library) or size
    return Pattern(
        names={name.decode(): number for name, number in sorted(regex.groupindex.items(), key=lambda item: item[1])},
        groups=regex.groups,
        steps=size * _INSTRUCTION_STEPS,
        slowest=1
        + states * _STATE_NANOSECONDS * (_GROUPS_PER_STATE + regex.groups) // _GROUPS_PER_STATE
        + size // _INSTRUCTIONS_PER_NANOSECOND,
        search=regex.search,
    )


@cache
def _library() -> _Library:
    return cast("_Library", import_module("re2"))


def _options(library: _Library) -> _Options:
    options = library.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY
    return options


def _states(data: bytes, library: _Library) -> int:
    """Return how many characters a search may be waiting for at once: the size, were each one a byte."""
    options = _options(library)
    options.encoding = options.Encoding.LATIN1
    try:
        return library.compile(data, options).programsize
    except library.error:  # the name of a group has letters outside ASCII
        return 0


def _reason(error: Exception) -> str:
    [reason] = error.args
    return excerpt(reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason))


def _unreadable(source: str, reason: str) -> Fault:
    return Fault(message=f"the pattern {excerpt(source)!r} cannot be used: {reason}.", cure=_SYNTAX)


def _next_character(data: bytes, position: int) -> int:
    position += 1
    while position < len(data) and data[position] & 0xC0 == 0x80:  # noqa: PLR2004 - UTF-8's mark of a further byte
        position += 1
    return position
