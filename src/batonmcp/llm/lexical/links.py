"""A link: what a step takes from earlier ones, and when it runs because of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from batonmcp.llm.lexical.clauses import Tie
from batonmcp.llm.lexical.fits import Fit
from batonmcp.llm.lexical.parameters import Parameter
from batonmcp.llm.lexical.verbs import reads
from batonmcp.llm.lexical.wiring import Source, Wire, condition_on, wire

__all__ = ["Link", "link_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link.

    Attributes:
        values: The expressions for parameters.
        for_each: The expression of the items that the tool is called for, one call each.
        when: The expression that must be true.
        steps: The steps that these expressions name.
    """

    values: Mapping[str, str] = field(default_factory=dict[str, str])
    for_each: str | None = None
    when: str | None = None
    steps: frozenset[str] = frozenset()

    def covers(self, names: Iterable[str]) -> bool:
        """Tell whether it has a value for each of some parameters."""
        return all(name in self.values for name in names)


def link_of(fit: Fit, tie: Tie, sources: Sequence[Source]) -> Link:
    """Link a fit to earlier steps, those first that its clause most likely speaks of."""
    focus = frozenset(word for token in (*tie.focus, *fit.tokens) for word in token.stems)
    wires = [] if tie.condition == "none" else _wires(fit, tie, sources, focus)
    looped = [found for found in wires if found.for_each]
    values = {found.parameter: found.value for found in wires}
    for_each = looped[0].for_each if looped else None
    if len(looped) > 1:
        for_each = _all_items(looped)
        values |= {found.parameter: _of_item(found) for found in looped}
    when = _when(tie, wires, sources) if tie.condition and sources else None
    named = [found.source.step for found in wires] + ([when[1]] if when else [])
    return Link(values=values, for_each=for_each, when=when[0] if when else None, steps=frozenset(named))


def _wires(fit: Fit, tie: Tie, sources: Sequence[Source], focus: Collection[str]) -> list[Wire]:
    """Wire every parameter that is missing; if none is, the one optional text that fits best.

    A change is made for all items of a list only where the query speaks of all: "list x, then delete x" does not.
    """
    given = fit.filled.arguments
    of_all = reads(fit.profile) or tie.each or (tie.back and tie.condition is None)
    missing = [parameter for parameter in fit.profile.parameters if parameter.name in fit.filled.missing]
    optional = [it for it in fit.profile.parameters if it.name not in given and not it.required and _is_text(it)]
    found: list[Wire] = []
    for source in sources:
        for parameter in missing:
            if all(it.parameter != parameter.name for it in found):
                candidate = wire([parameter], source, focus=focus, each=tie.each)
                if candidate and (of_all or not candidate.for_each) and _together(candidate, found):
                    found.append(candidate)
        if not found and not missing:
            candidate = wire(optional, source, focus=focus, each=tie.each, sure=True)
            found.extend([candidate] if candidate and (of_all or not candidate.for_each) else [])
    return found


def _is_text(parameter: Parameter) -> bool:
    return parameter.want not in {"boolean", "number", "prose", "other"}


def _together(candidate: Wire, found: Iterable[Wire]) -> bool:
    """Tell whether one `for_each` can serve a wire and those found: they go through the same list."""
    loops = [it.place.loops for it in found if it.for_each]
    return not candidate.for_each or not loops or loops[0] == candidate.place.loops


def _all_items(looped: Sequence[Wire]) -> str:
    place = looped[0].place
    tests = list(dict.fromkeys(test for it in looped for test in it.place.tests))
    condition = f" if {' and '.join(tests)}" if tests else ""
    return f"[{place.variable} {' '.join(place.loops)}{condition}]"


def _of_item(found: Wire) -> str:
    return f"item{found.place.expression.removeprefix(found.place.variable)}"


def _when(tie: Tie, wires: Sequence[Wire], sources: Sequence[Source]) -> tuple[str, str] | None:
    """Return the condition and the step that it is about."""
    source = wires[0].source if wires else sources[0]
    place = wires[0].place if wires else None
    focus = {word for token in tie.focus for word in token.stems}
    term = condition_on(source, tie.condition or "some", place=place, focus=focus)
    return (term, source.step) if term else None
