"""The parts of a step while it is validated: what its draft compiles to, as far as it does."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from batonmcp.core.draft import StepDraft
from batonmcp.core.errors import Problem
from batonmcp.core.expression import Expression
from batonmcp.core.ids import PER_ITEM
from batonmcp.core.template import Path, Template
from batonmcp.core.tool import Tool
from batonmcp.core.typed import Document, element, mismatch, selected, unselectable

__all__ = ["Parts", "join"]


def join(root: str, path: Path) -> str:
    """Return the JSON path of a place below `root`."""
    return root + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)


@dataclass(slots=True)
class Parts:
    """What a step draft compiles to; None where it does not."""

    index: int
    id: str
    draft: StepDraft
    tool: Tool | None
    after: tuple[str, ...]
    when: Expression | None = None
    for_each: Expression | None = None
    computed: list[Path] = field(default_factory=list[Path])
    arguments: Template = field(default_factory=lambda: Template.of({}, lambda _source, _path: None))

    @property
    def path(self) -> str:
        """Where the step stands in the plan."""
        return f"steps[{self.index}]"

    @property
    def per_item(self) -> frozenset[str]:
        """Names that its arguments have beside the steps."""
        return frozenset() if self.draft.for_each is None else PER_ITEM

    def places(self) -> Iterable[tuple[str, frozenset[str]]]:
        """Yield each place that takes a value by name, with the names."""
        for path, expression in self.arguments.expressions():
            yield join(f"{self.path}.arguments", path), expression.names - self.per_item
        if self.for_each:
            yield f"{self.path}.for_each", self.for_each.names
        if self.when:
            yield f"{self.path}.when", self.when.names

    @property
    def data(self) -> frozenset[str]:
        """Names of all expressions."""
        return frozenset(name for _, names in self.places() for name in names)

    @property
    def value_schema(self) -> Document | None:
        """The schema of its value, where its tool declares one or one was learned."""
        document = self.tool.result_shape if self.tool else None
        if document is None:
            return None
        if self.draft.for_each is None:
            return document
        definitions = {key: document[key] for key in ("$defs", "definitions") if key in document}
        return {**definitions, "type": "array", "items": document}

    def type_problems(self, known: Mapping[str, Document | None]) -> Iterator[Problem]:
        """Yield what its expressions select or pass on that the schemas of earlier steps rule out.

        Args:
            known: By the ids of earlier steps, the schema of their values.
        """
        item = element(selected(self.for_each, known)) if self.for_each else None
        beside = {**known, "item": item, "index": {"type": "integer"}} if self.per_item else known
        for path, expression in self.arguments.expressions():
            place = join(f"{self.path}.arguments", path)
            yield from _problems(place, expression, beside)
            unfit = mismatch(selected(expression, beside), self._wanted(path))
            if unfit:
                message = f"`{expression.source}` is of type {unfit[0]}, but {unfit[1]} is wanted here."
                yield Problem(path=place, message=message, cure="Convert it, or take another value.")
        if self.for_each:
            yield from _problems(f"{self.path}.for_each", self.for_each, known)
        if self.when:
            yield from _problems(f"{self.path}.when", self.when, known)

    def _wanted(self, path: Path) -> Document | None:
        """Return the schema of an argument; of its parts nothing is said."""
        properties = self.tool.input_schema.document.get("properties") if self.tool and len(path) == 1 else None
        wanted = properties.get(path[0]) if isinstance(properties, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        return wanted if isinstance(wanted, dict) else None  # pyright: ignore[reportUnknownVariableType]


def _problems(place: str, expression: Expression, known: Mapping[str, Document | None]) -> Iterator[Problem]:
    for message, cure in unselectable(expression, known):
        yield Problem(path=place, message=message, cure=cure)
