"""Text that a model has written, made so that nothing is fetched when it is shown.

A hostile result can talk a model into an image whose address carries what other results held: a host that shows the
answer fetches the image, and the address has arrived. So images of Markdown become words, and tags of HTML that can
load something become text. A link stays a link: it is followed by a person, not by showing it.
"""

import re
from collections.abc import Iterator
from typing import Final

from batonmcp.core.plain_text import unhidden

__all__ = ["inert"]

_IMAGE: Final = re.compile(r"!\[([^\[\]]{0,500})\]\(\s*<?([^\s<>()]{1,4000})>?[^()\n]{0,500}\)")
_BEFORE_BRACKET: Final = re.compile(r"!(?=\[)")
_AUTOLINK: Final = re.compile(r"<([a-z][a-z0-9+.-]{1,31}:[^\s<>\"'`]*)>", re.IGNORECASE)
_TAG_SIGN: Final = re.compile(r"[<>=]")
_ALWAYS: Final = re.compile(r"</?(?:style|script)", re.IGNORECASE)


def inert(text: str) -> str:
    """Return `text` without images, without HTML that loads anything, and without hidden characters."""
    text = unhidden(text)
    if "![" in text:
        text = _BEFORE_BRACKET.sub("! ", _IMAGE.sub(_words, text))
    return _without_tags(_AUTOLINK.sub(r"\1", text)) if "<" in text else text


def _words(image: re.Match[str]) -> str:
    """Return an image as words: what it shows, and its address."""
    said = " ".join(image[1].split())
    return f"(image: {said}: {image[2]})" if said else f"(image: {image[2]})"


def _without_tags(text: str) -> str:
    """Return a text in which no tag begins that has an attribute, as without one there is nothing to load."""
    begins = set(_loading(text))
    return "".join("&lt;" if place in begins else char for place, char in enumerate(text)) if begins else text


def _loading(text: str) -> Iterator[int]:
    """Yield where tags begin that have an attribute, ended or not; one pass from the end, however many begin."""
    ends = equals = len(text)
    for sign in reversed(list(_TAG_SIGN.finditer(text))):
        place = sign.start()
        match sign[0]:
            case ">":
                ends = place
            case "=":
                equals = place
            case _:
                name = text[place + 1 : place + 2]
                if name.isascii() and name.isalpha() and (equals < ends or _ALWAYS.match(text, place)):
                    yield place
