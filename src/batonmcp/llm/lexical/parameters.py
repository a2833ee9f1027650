"""A parameter of a tool, as the filling of arguments sees it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from batonmcp.core.tool import Tool
from batonmcp.llm.lexical.shapes import Shape, shape_of
from batonmcp.llm.lexical.words import split_name, stem, stems

__all__ = ["Parameter", "Role", "Want", "parameters_of"]

Want: TypeAlias = Literal[
    "boolean", "number", "url", "email", "zone", "date", "time", "path", "glob", "prose", "name", "id", "other"
]
Role: TypeAlias = Literal["source", "target"]

_FORMATS: dict[str, Want] = {
    "uri": "url",
    "url": "url",
    "uri-reference": "url",
    "email": "email",
    "date": "date",
    "date-time": "date",
    "time": "time",
}
_NAMES: Sequence[tuple[Want, frozenset[str]]] = (
    ("zone", frozenset({"timezone", "tz"})),
    ("url", frozenset({"url", "uri", "href", "link", "website", "webpage"})),
    ("email", frozenset({"email", "mail"})),
    ("glob", frozenset({"glob", "pattern"})),
    ("path", frozenset({"path", "file", "filename", "filepath", "dir", "directory", "folder", "cwd"})),
    ("date", frozenset({"date", "datetime", "timestamp", "day", "since", "until"})),
    ("time", frozenset({"time"})),
    (
        "prose",
        frozenset(
            {"query", "q", "text", "message", "prompt", "question", "content", "contents", "input", "body", "search"}
            | {"keyword", "keywords", "term", "terms", "sentence", "comment", "topic", "thought", "caption"}
        ),
    ),
)
_SOURCES = frozenset({"source", "src", "from", "origin", "start", "since", "begin", "departure", "after", "fromdate"})
_TARGETS = frozenset({"target", "to", "destination", "dest", "end", "until", "arrival", "before", "todate"})
_HINT = re.compile(r"(?<![\w'])['\"`]([\w][\w ./:+-]{0,30})['\"`](?!\w)")
_IDENTIFIERS = frozenset({"id", "ids", "uuid", "key", "token", "hash"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of one tool.

    Attributes:
        name: As the schema has it.
        words: The name's words in lower case.
        shape: What values it takes.
        required: Whether the tool cannot be called without it.
        many: Whether it takes a list.
        want: What a value for it looks like in a query.
        role: Whether it is where something comes from or goes to.
        options: The texts it may be, if these are all.
        hints: Texts that schema and description show as values.
        vocabulary: The stems of its name and description.
    """

    name: str
    words: tuple[str, ...]
    shape: Shape
    required: bool
    many: bool
    want: Want
    role: Role | None
    options: tuple[str, ...]
    hints: tuple[str, ...]
    vocabulary: frozenset[str]


def parameters_of(tool: Tool) -> tuple[Parameter, ...]:
    """Return the parameters of a tool, the required ones first, else in the order of its schema."""
    document = tool.input_schema.document
    shape = shape_of(document, document)
    found = [_parameter(name, member, required=name in shape.required) for name, member in shape.members.items()]
    return tuple(sorted(found, key=lambda parameter: not parameter.required))


def _parameter(name: str, shape: Shape, *, required: bool) -> Parameter:
    many = "array" in shape.types and not shape.scalars
    value = shape.items if many and shape.items else shape
    words = split_name(name)
    shown = [*shape.examples, *value.examples, *_HINT.findall(f"{shape.description} {value.description}")]
    return Parameter(
        name=name,
        words=words,
        shape=shape,
        required=required,
        many=many,
        want=_want(words, value),
        role=_role(words),
        options=_texts(value.options),
        hints=_texts(shown),
        vocabulary=frozenset([*map(stem, words), *stems(shape.description)]),
    )


def _want(words: tuple[str, ...], shape: Shape) -> Want:
    types = shape.scalars
    if shape.types and "string" not in types:
        return "number" if "number" in types else "boolean" if types else "other"
    if shape.options or shape.format in _FORMATS:
        return _FORMATS.get(shape.format, "name")
    if words and words[-1] in _IDENTIFIERS:
        return "id"
    spelled = {*words, *(word.removesuffix("s") for word in words)}
    if {"time", "zone"} <= spelled:
        return "zone"
    for want, names in _NAMES:
        if spelled & names:
            return want
    return "name"


def _role(words: tuple[str, ...]) -> Role | None:
    if _SOURCES & set(words):
        return "source"
    return "target" if _TARGETS & set(words) else None


def _texts(values: Sequence[object]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if isinstance(value, str) and value.strip()))
