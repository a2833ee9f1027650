"""What a tool's result brings along beside its value: resources of its server, images and sound."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from pydantic import JsonValue

__all__ = ["LARGEST_MEDIA", "Attachment", "Contents", "Kind", "readable_size"]

Kind: TypeAlias = Literal["link", "embedded", "image", "audio"]

LARGEST_MEDIA: Final = 900_000
"""Characters of base64 past which no host takes an image or a sound; what is in longer ones is not kept."""

_KILO: Final = 1_000


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
    """A resource that a result links to or holds, or an image or a sound in it.

    Attributes:
        uri: Its address, which means something to its own server only; empty for images and sound.
        name: What the server calls it.
        description: What the server says about it.
        mime: Its media type.
        size: Its size in bytes, where it is known.
        contents: What it holds, if the result held it; None for a link, and for an image or a sound too large to keep.
        in_value: Whether the step's value has its text already.
        media: Which it is if it is no resource.
        annotations: For whom it is and how much it matters, as the protocol's JSON has it.
    """

    uri: str = ""
    name: str
    description: str = ""
    mime: str | None = None
    size: int | None = None
    contents: Contents | None = None
    in_value: bool = False
    media: Literal["image", "audio"] | None = None
    annotations: Mapping[str, JsonValue] | None = None

    @property
    def kind(self) -> Kind:
        """Whether it is an image, a sound, or a resource that the result held or only pointed to."""
        return self.media or ("link" if self.contents is None else "embedded")

    @property
    def label(self) -> str:
        """What it is, in words: `image image/png, 34 kB`."""
        named = self.media or f"resource {self.name}"
        size = self.size if self.size is not None or self.contents is None else _bytes_of(self.contents)
        return f"{named} {self.mime or ''}".strip() + ("" if size is None else f", {readable_size(size)}")

    def as_json(self) -> dict[str, Any]:
        """Return what a run record tells of it: everything but what it holds."""
        uri = self.uri or None
        return {"kind": self.kind, "uri": uri, "name": self.name, "mime": self.mime, "size": self.size}


def readable_size(size: int) -> str:
    """Return a number of bytes as people say it."""
    if size < _KILO:
        return f"{size} byte" if size == 1 else f"{size} bytes"
    return f"{size / _KILO:.0f} kB" if size < _KILO * _KILO else f"{size / _KILO / _KILO:.1f} MB"


def _bytes_of(contents: Contents) -> int:
    blob = contents.blob or ""
    return len((contents.text or "").encode("utf-8", "replace")) + len(blob) * 3 // 4 - blob[-2:].count("=")
