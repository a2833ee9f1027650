"""Plans that others recorded, read from JSONL and written in the plan language.

The data is not part of the repository: it lies in `$BATONMCP_DATA`, else in `../shared/data` beside the repository, and
its README tells the format. A recorded reference becomes a `$from`: a field as a selection, an element as an index (or,
`by_value`, as the element that has a certain value), a part of a text by what stands before and behind it (or, without
`texts`, as recorded). A dependency that no reference expresses becomes `after`. Everything else stays as it was
recorded, whatever dollars it holds.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache, reduce
from keyword import iskeyword
from pathlib import Path
from typing import Any, TypeAlias, cast

from pydantic import JsonValue

from batonmcp.core.names import qualified_name

__all__ = [
    "SOURCES",
    "Keys",
    "RecordedPlan",
    "RecordedStep",
    "Reference",
    "Size",
    "as_document",
    "exact",
    "load_plans",
    "part_of",
    "plans_folder",
]

Keys: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much a source holds."""

    plans: int
    steps: int
    references: int


SOURCES: Mapping[str, Size] = {
    "bfcl_multi_turn": Size(plans=100, steps=583, references=143),
    "nestful_v1": Size(plans=300, steps=800, references=421),
    "tooltalk": Size(plans=78, steps=266, references=156),
}
"""The files, without their ending, and what must be in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A value in a step's arguments that comes from the result of an earlier step.

    Attributes:
        place: Where it stands in the arguments.
        step: The earlier step.
        path: Where it was found in that step's result.
        kind: `field`, `first_item`, `single_item`, `select` (an element found by value) or `text` (a part of a text).
    """

    place: Keys
    step: str
    path: Keys
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedStep:
    """A call as it was recorded.

    Attributes:
        arguments: Exactly what was sent.
        result: Exactly what came back.
        is_error: Whether the tool reported an error.
        depends_on: Ids of the steps that its references name.
        marked: The arguments with a mark in place of each reference that is not to a part of a text.
    """

    id: str
    server: str
    tool: str
    arguments: dict[str, JsonValue]
    result: JsonValue
    is_error: bool = False
    references: tuple[Reference, ...] = ()
    depends_on: tuple[str, ...] = ()
    marked: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedPlan:
    """What was asked, and the calls that answered it."""

    id: str
    source: str
    query: str
    steps: tuple[RecordedStep, ...]

    @property
    def servers(self) -> tuple[str, ...]:
        """The servers it uses, in the order of their first calls."""
        return tuple(dict.fromkeys(step.server for step in self.steps))

    def step(self, step_id: str) -> RecordedStep:
        """Return the step with this id."""
        return next(step for step in self.steps if step.id == step_id)


def exact(value: JsonValue) -> str:
    """Return a text that is the same for the same JSON only: 1, 1.0 and true differ, the order of keys does not."""
    return json.dumps(value, sort_keys=True)


def plans_folder() -> Path | None:
    """Return where the plans are; None if the data is not on this machine."""
    named = os.environ.get("BATONMCP_DATA")
    folder = Path(named) / "plans" if named else Path(__file__).parents[2] / "shared" / "data" / "plans"
    return folder if named or folder.is_dir() else None


@cache
def load_plans(source: str) -> Sequence[RecordedPlan]:
    """Return the plans of a source, in the order of its file.

    Raises:
        FileNotFoundError: It is not there.
    """
    folder = plans_folder()
    if folder is None:
        raise FileNotFoundError(source)
    with (folder / f"{source}.jsonl").open(encoding="utf-8") as lines:
        return tuple(_plan(source, json.loads(line)) for line in lines)


def _plan(source: str, line: dict[str, Any]) -> RecordedPlan:
    asked = line["query"]
    return RecordedPlan(
        id=line["id"],
        source=source,
        query=asked if isinstance(asked, str) else "\n".join(asked),
        steps=tuple(_step(step) for step in line["steps"]),
    )


def _step(step: dict[str, Any]) -> RecordedStep:
    return RecordedStep(
        id=step["id"],
        server=step["server"],
        tool=step["tool"],
        arguments=step["args_literal"],
        result=step["result"],
        is_error=step["is_error"],
        references=tuple(
            Reference(place=tuple(ref["arg_path"]), step=ref["step"], path=tuple(ref["path"]), kind=ref["class"])
            for ref in step["refs"]
        ),
        depends_on=tuple(step["depends_on"]),
        marked=step["args"],
    )


def as_document(plan: RecordedPlan, *, by_value: bool = False, texts: bool = True) -> dict[str, Any]:
    """Write a recorded plan in the plan language.

    Args:
        plan: The plan.
        by_value: Whether an element that was found by value is selected by it, not by its index.
        texts: Whether a part of a text is taken out of it; otherwise it is written as it was recorded.

    Raises:
        ValueError: A reference does not give what was recorded.
    """
    return {"steps": [_document(step, plan, by_value=by_value, texts=texts) for step in plan.steps]}


def _document(step: RecordedStep, plan: RecordedPlan, *, by_value: bool, texts: bool) -> dict[str, JsonValue]:
    arguments: JsonValue = deepcopy(step.arguments)
    references = [reference for reference in step.references if texts or reference.kind != "text"]
    for reference in references:
        *way, last = reference.place
        wanted = part_of(step.arguments, reference.place)
        source = _expression(reference, plan.step(reference.step).result, wanted, by_value=by_value)
        cast("dict[str | int, JsonValue]", part_of(arguments, way))[last] = {"$from": source}
    document: dict[str, JsonValue] = {
        "id": step.id,
        "tool": qualified_name(step.server, step.tool),
        "arguments": arguments,
    }
    after = [name for name in step.depends_on if name not in {reference.step for reference in references}]
    if after:
        document["after"] = [*after]
    if step.is_error:
        document["on_error"] = "continue"
    return document


def part_of(value: JsonValue, path: Sequence[str | int]) -> JsonValue:
    """Return what stands at a path."""
    return reduce(lambda whole, key: cast("dict[str | int, JsonValue]", whole)[key], path, value)


def _expression(reference: Reference, result: JsonValue, wanted: JsonValue, *, by_value: bool) -> str:
    """Write a reference as an expression that gives exactly what was recorded."""
    source, found = reference.step, result
    for number, key in enumerate(reference.path):
        further = reference.path[number + 1 :]
        if by_value and reference.kind == "select" and isinstance(found, list) and further:
            source = next(_selections(source, found, key, taken=further[0]), source + _key(key))
        else:
            source += _key(key)
        found = part_of(found, [key])
    if exact(found) == exact(wanted):
        return source
    if isinstance(found, int) and isinstance(wanted, float) and float(found) == wanted:
        return f"float({source})"
    if isinstance(found, str) and isinstance(wanted, str) and wanted in found:
        return _part_of_text(source, found, wanted)
    message = f"{source} gives {exact(found)}, not {exact(wanted)}"
    raise ValueError(message)


def _key(key: str | int) -> str:
    plain = isinstance(key, str) and key.isidentifier() and not iskeyword(key)
    return f".{key}" if plain else f"[{key!r}]"


def _selections(source: str, items: list[JsonValue], index: str | int, *, taken: str | int) -> Iterator[str]:
    """Write each way to select an item by a text that it alone has and that is not what is taken from it."""
    for key, value in cast("dict[str, JsonValue]", part_of(items, [index])).items():
        same = [item for item in items if isinstance(item, dict) and item.get(key) == value]
        if key != taken and isinstance(value, str) and len(same) == 1:
            yield f"[x for x in {source} if x{_key(key)} == {value!r}][0]"


def _part_of_text(source: str, text: str, part: str) -> str:
    """Write what takes a part out of a text: the shortest that stands before it, and behind it, is found first."""
    start = text.index(part)
    before = next((text[at:start] for at in reversed(range(start)) if text.index(text[at:start]) == at), "")
    tail = text[start + len(part) :]
    behind = next((tail[:end] for end in range(1, len(tail) + 1) if tail[:end] not in part), "")
    beginning = f".partition({before!r})[2]" if before else ""
    end = f".partition({behind!r})[0]" if behind else ""
    return f"{source}{beginning}{end}"
