"""What a tool's result brings along beside its value: resources of its server."""

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["Attachment", "Contents"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What a resource holds: a text, or bytes as base64."""

    uri: str
    mime: str | None = None
    text: str | None = None
    blob: str | None = None

    @property
    def size(self) -> int:
        """About how many bytes it takes to send."""
        return len(self.text or "") + len(self.blob or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A resource that a result links to or holds.

    Attributes:
        uri: Its address, which means something to its own server only.
        name: What the server calls it.
        description: What the server says about it.
        mime: Its media type.
        size: Its size in bytes, where the server tells.
        contents: What it holds, if the result held it; None for a link.
        in_value: Whether the step's value has its text already.
    """

    uri: str
    name: str
    description: str = ""
    mime: str | None = None
    size: int | None = None
    contents: Contents | None = None
    in_value: bool = False

    @property
    def kind(self) -> Literal["link", "embedded"]:
        """Whether the result held the resource or only pointed to it."""
        return "link" if self.contents is None else "embedded"

    def as_json(self) -> dict[str, Any]:
        """Return what a run record tells of it: everything but what it holds."""
        return {"kind": self.kind, "uri": self.uri, "name": self.name, "mime": self.mime, "size": self.size}
