"""Images and sound in results: base64 as servers write it becomes base64 that every host reads."""

import re
from binascii import a2b_base64
from collections.abc import Mapping
from typing import Final, Literal

from pydantic import JsonValue

from batonmcp.core.attachment import LARGEST_MEDIA, Attachment, Contents

__all__ = ["media_of"]

_ADDRESS: Final = re.compile(r"data:[^,]{0,200};base64,", re.IGNORECASE)
_GROUP: Final = 4
_URL_ALPHABET: Final = str.maketrans("-_", "+/")


def media_of(
    kind: Literal["image", "audio"], data: str, *, mime: str | None, annotations: Mapping[str, JsonValue] | None
) -> Attachment | None:
    """Return an image or a sound; None if its data are not base64, or nothing.

    Line ends, a missing padding, the alphabet of addresses, and a `data:` before it are mended. Data that no host takes
    are not read.
    """
    if len(data) > LARGEST_MEDIA:
        size = len(data) * 3 // 4
        return Attachment(name=kind, media=kind, mime=mime, size=size, annotations=annotations)
    read = _read(data)
    if read is None:
        return None
    blob, size = read
    contents = Contents(uri="", mime=mime, blob=blob)
    return Attachment(name=kind, media=kind, mime=mime, size=size, contents=contents, annotations=annotations)


def _read(data: str) -> tuple[str, int] | None:
    """Return base64 as it is sent on, and the size of what it holds."""
    size = _size(data)
    if size is None:
        data = _ADDRESS.sub("", "".join(data.split()), count=1).translate(_URL_ALPHABET).rstrip("=")
        data += "=" * (-len(data) % _GROUP)
        size = _size(data)
    return (data, size) if size else None


def _size(data: str) -> int | None:
    try:
        return len(a2b_base64(data, strict_mode=True))
    except ValueError:
        return None
