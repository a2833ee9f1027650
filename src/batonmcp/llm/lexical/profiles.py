"""A profile: what the lexical planner knows about one tool."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from batonmcp.core.tool import Tool
from batonmcp.llm.lexical.parameters import Parameter, parameters_of
from batonmcp.llm.lexical.shapes import Shape, shape_of
from batonmcp.llm.lexical.words import split_name, stem, stems

__all__ = ["Field", "Profile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A part of a tool's definition.

    Attributes:
        weight: How much a word in it says about the tool.
        spread: How much less it says where the part is longer than usual, from 0 to 1.
    """

    weight: float
    spread: float


_NAME = Field(weight=3.0, spread=0.3)
_RESULT = Field(weight=2.0, spread=0.3)
_DESCRIPTION = Field(weight=1.5, spread=0.5)
_AGENT = Field(weight=1.0, spread=0.0)
_INNER_RESULT = Field(weight=0.7, spread=0.5)
_PARAMETER_NAME = Field(weight=0.7, spread=0.5)
_PARAMETER = Field(weight=0.5, spread=0.5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What the planner knows about one tool.

    Attributes:
        tool: The tool.
        parameters: What it takes.
        result: What it returns, as far as it declares it.
        fields: The stems of each part of its definition, each once: a description that repeats a word is not more
            about it.
        vocabulary: All of them.
    """

    tool: Tool
    parameters: tuple[Parameter, ...]
    result: Shape
    fields: Mapping[Field, frozenset[str]]
    vocabulary: frozenset[str]

    @classmethod
    def of(cls, tool: Tool) -> "Profile":
        """Read a tool's definition."""
        parameters = parameters_of(tool)
        document = tool.result_shape or {}
        result = shape_of(document, document)
        fields = {
            _NAME: frozenset(stems(tool.name)),
            _AGENT: frozenset([*stems(tool.agent), *stems(tool.server)]),
            _DESCRIPTION: frozenset(stems(tool.description)),
            _PARAMETER_NAME: frozenset(stem(word) for parameter in parameters for word in parameter.words),
            _PARAMETER: frozenset(word for parameter in parameters for word in parameter.vocabulary),
            _RESULT: frozenset(word for name in result.members for word in stems(name)),
            _INNER_RESULT: frozenset(_inner(result)),
        }
        vocabulary = frozenset[str]().union(*fields.values())
        return cls(tool=tool, parameters=parameters, result=result, fields=fields, vocabulary=vocabulary)

    @property
    def heart(self) -> frozenset[str]:
        """The stems that say most about it: those of its name and of what it returns."""
        return self.fields[_NAME] | self.fields[_RESULT]

    @property
    def name_words(self) -> frozenset[str]:
        """The words of the tool's own name, without those of its server's."""
        words = frozenset(split_name(self.tool.name))
        return words - frozenset(split_name(self.tool.server)) or words


def _inner(shape: Shape) -> Iterator[str]:
    """Yield the stems of the names inside a result, and of what its members are said to be."""
    for member in shape.members.values():
        yield from stems(member.description)
        yield from _names(member)


def _names(shape: Shape) -> Iterator[str]:
    nested: Sequence[Shape] = [shape.items] if shape.items else []
    parts: Iterable[Shape] = [shape, *nested]
    for part in parts:
        for name, member in part.members.items():
            yield from stems(name)
            yield from _names(member)
