"""The wiring: how the data of an earlier step reaches a later one, found by their schemas."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from batonmcp.llm.lexical.clauses import Condition
from batonmcp.llm.lexical.parameters import Parameter
from batonmcp.llm.lexical.places import Place, places_of
from batonmcp.llm.lexical.shapes import Shape
from batonmcp.llm.lexical.words import stem

__all__ = ["Source", "Wire", "condition_on", "wire"]

_IDENTIFYING = frozenset((stem(word),) for word in ("id", "name", "key"))
_VAGUE = frozenset(
    stem(word) for word in ("content", "description", "id", "key", "name", "result", "text", "title", "type", "url")
)
_SAME, _PARTLY = 2, 1
_SCALARS = frozenset({"string", "number", "integer", "boolean"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """An earlier step that data may come from.

    Attributes:
        step: Its id.
        result: What one call of its tool returns.
        many: Whether it has a result for each of several items.
        words: The stems of what was asked of it.
    """

    step: str
    result: Shape
    many: bool
    words: frozenset[str]

    def places(self) -> Iterator[Place]:
        """Yield the places of its result."""
        return places_of(self.step, self.result, many=self.many)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """Data for one parameter.

    Attributes:
        parameter: The parameter's name.
        source: The step that the data comes from.
        value: The expression that gives the value.
        for_each: The expression whose items `item` stands for in the value, if the tool is called once for each.
        place: Where the data stands.
    """

    parameter: str
    source: Source
    value: str
    for_each: str | None
    place: Place


def wire(
    parameters: Sequence[Parameter],
    source: Source,
    *,
    focus: Collection[str] = (),
    each: bool = False,
    sure: bool = False,
) -> Wire | None:
    """Find the best data of a step for one of some parameters.

    Args:
        parameters: Those still open.
        source: The step.
        focus: The stems of what the later clause speaks of.
        each: Whether it asks for something for each item of a list.
        sure: Whether only names that cannot mean something else will do.
    """
    found: list[tuple[tuple[bool, int, int, int, int, int], Wire]] = []
    for order, parameter in enumerate(parameters):
        for place in source.places():
            quality = _likeness(parameter, place) if _compatible(parameter, place.shape) else 0
            if quality >= (_SAME if sure else _PARTLY):
                near = len(place.around & set(focus))
                rank = (
                    each and not place.loops,
                    -near,
                    -quality,
                    -len(place.around & source.words),
                    place.depth,
                    order,
                )
                found.append((rank, _wire(parameter, source, place)))
    return min(found, key=lambda pair: pair[0])[1] if found else None


def condition_on(
    source: Source, condition: Condition, *, place: Place | None = None, focus: Collection[str] = ()
) -> str | None:
    """Return the expression that tells whether a step found something, or nothing; None if its result cannot tell.

    Args:
        source: The step.
        condition: Whether something or nothing is to be found.
        place: Where data is taken from: the list that it is in is the one meant.
        focus: The stems of what the condition speaks of.
    """
    term = _counted(place) if place and place.loops else _telling(source, focus)
    if term is None:
        return None
    if condition == "some":
        return term
    return f"{source.step} != null and not ({term})"


def _telling(source: Source, focus: Collection[str]) -> str | None:
    """Choose what tells whether there is something: a list, else a number or truth value, else whether there is any."""
    places = [place for place in source.places() if place.words or place.shape.items]
    lists = [place for place in places if "array" in place.shape.types and not place.loops]
    flags = [place for place in places if place.shape.types & {"boolean", "number", "integer"} and not place.loops]
    for wanted in (set(focus), source.words):
        for place in (*lists, *flags):
            if place.around & wanted:
                return _holds(place)
    if len(lists) == 1 or (not lists and len(flags) == 1):
        return _holds([*lists, *flags][0])
    return None if lists or flags or source.result.members else source.step


def _holds(place: Place) -> str:
    if "array" in place.shape.types:
        return f"len({place.expression}) > 0"
    return place.expression if "boolean" in place.shape.types else f"{place.expression} > 0"


def _counted(place: Place) -> str:
    """Say that the list which a place is in is not empty."""
    first = place.loops[0].split(" in ", 1)[1].split(" if ", 1)[0]
    return f"len({first}) > 0"


def _wire(parameter: Parameter, source: Source, place: Place) -> Wire:
    value, for_each = place.expression, None
    if place.loops and parameter.many:
        value = f"unique({place.listed})"
    elif place.loops:
        value, for_each = "item", f"unique({place.listed})"
    elif parameter.many and "array" not in place.shape.types:
        value = f"[{value}]"
    return Wire(parameter=parameter.name, source=source, value=value, for_each=for_each, place=place)


def _likeness(parameter: Parameter, place: Place) -> int:
    """Say how surely a place holds what a parameter wants, by their names; 0 if it does not."""
    wanted = tuple(stem(word) for word in parameter.words)
    if not place.words:
        return 0
    if wanted == place.words:
        return _PARTLY if set(wanted) <= _VAGUE else _SAME
    if wanted == (*place.owner, *place.words):
        return _SAME
    return _PARTLY if wanted == place.owner and place.words in _IDENTIFYING else 0


def _compatible(parameter: Parameter, shape: Shape) -> bool:
    """Tell whether a value of one shape may be given where another is wanted."""
    if "array" in shape.types and not shape.scalars:
        return parameter.many and not (shape.items and (shape.items.members or "object" in shape.items.types))
    if not shape.scalars:
        return not shape.types and not shape.members
    takes = parameter.shape.items.scalars if parameter.many and parameter.shape.items else parameter.shape.scalars
    options = {option for option in parameter.shape.options if isinstance(option, str)}
    given = {option for option in shape.options if isinstance(option, str)}
    return (not takes or bool(takes & shape.scalars)) and (not options or not given or bool(options & given))
