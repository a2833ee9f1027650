"""The dialect of an endpoint and a model: what of Chat Completions they take, as far as they have shown it."""

from dataclasses import dataclass, replace
from typing import Literal, Self, TypeAlias

from pydantic import JsonValue

from batonmcp.llm.reply.shapes import as_list, as_object

__all__ = ["FORMS", "LIMIT", "LIMITS", "STREAM", "Dialect", "Form", "Schemas"]

Form: TypeAlias = Literal["tools", "json_schema", "json_object", "text"]
"""How calls are asked for: as tool calls, or as JSON that keeps to a schema, is some object, or stands in text."""

Schemas: TypeAlias = Literal["full", "plain"]
FORMS: tuple[Form, ...] = ("tools", "json_schema", "json_object", "text")
LIMIT = "max_tokens"
LIMITS = (LIMIT, "max_completion_tokens")
"""The limit of output tokens, by the name that it stands for here, and all its names."""

STREAM = "stream"
"""The parameter that asks for a reply piece by piece."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What an endpoint and a model take.

    Attributes:
        form: How to ask for calls.
        schemas: `plain` where a grammar is made of them that does not know patterns and bounds.
        dropped: Parameters that must not be sent.
        renamed: Whether the limit of output tokens goes by its other name than the one that is configured.
        limit: The limit of output tokens where one must be sent.
        effort: How much a model that thinks does so before it calls tools, where that must be said.
        merged: Whether the system's text goes into the user's.
    """

    form: Form = "tools"
    schemas: Schemas = "full"
    dropped: frozenset[str] = frozenset()
    renamed: bool = False
    limit: int | None = None
    effort: str | None = None
    merged: bool = False

    def without(self, parameter: str) -> Self:
        """Return the dialect that lacks a parameter."""
        return replace(self, dropped=self.dropped | {parameter})

    @property
    def simpler(self) -> Self | None:
        """The same with the next form, which asks less of an endpoint; None after the last."""
        place = FORMS.index(self.form) + 1
        return replace(self, form=FORMS[place]) if place < len(FORMS) else None

    def joined(self, other: Self) -> Self:
        """Return what is known by both together, this one's word first."""
        return replace(
            self,
            form=FORMS[max(FORMS.index(self.form), FORMS.index(other.form))],
            schemas="plain" if "plain" in {self.schemas, other.schemas} else "full",
            dropped=self.dropped | other.dropped,
            renamed=self.renamed or other.renamed,
            limit=self.limit or other.limit,
            effort=self.effort if self.effort is not None else other.effort,
            merged=self.merged or other.merged,
        )

    def document(self) -> dict[str, JsonValue]:
        """Return it as JSON, to be kept."""
        return {
            "form": self.form,
            "schemas": self.schemas,
            "dropped": [*sorted(self.dropped)],
            "renamed": self.renamed,
            "limit": self.limit,
            "effort": self.effort,
            "merged": self.merged,
        }

    @classmethod
    def of(cls, document: object) -> Self:
        """Read what was kept; what makes no sense is as if it had never been learned."""
        kept = as_object(document)
        limit, effort = kept.get("limit"), kept.get("effort")
        return cls(
            form=FORMS[FORMS.index(form)] if (form := kept.get("form")) in FORMS else FORMS[0],
            schemas="plain" if kept.get("schemas") == "plain" else "full",
            dropped=frozenset(name for name in as_list(kept.get("dropped")) if isinstance(name, str)),
            renamed=kept.get("renamed") is True,
            limit=limit if type(limit) is int and limit > 0 else None,
            effort=effort if isinstance(effort, str) else None,
            merged=kept.get("merged") is True,
        )
