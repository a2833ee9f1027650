"""The growth of an answer while a model writes it, told in steps that grow with it."""

from collections.abc import Callable
from typing import Final

from batonmcp.core.inert import inert
from batonmcp.llm.port import Piece, StreamLost, TextGrew
from batonmcp.llm.reply import without_thinking
from batonmcp.stages.telling import sendable

__all__ = ["Growth"]

_LEAST: Final = 24
_PART: Final = 50
"""It is told again once it has grown by so many characters, or by this part of itself: long answers cost no more."""

_SHOWN: Final = 400


class Growth:
    """Tells the end of what is written so far, without the model's thoughts, and so that showing it loads nothing.

    Args:
        tell: Gets it.
    """

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._text = ""
        self._next = _LEAST

    def hear(self, piece: Piece) -> None:
        """Take more of a reply."""
        match piece:
            case TextGrew(text=text):
                self._text += text
            case StreamLost():
                self._text, self._next = "", _LEAST
            case _:
                return
        if len(self._text) >= self._next:
            self._next = len(self._text) + max(_LEAST, len(self._text) // _PART)
            if said := without_thinking(self._text):
                self._tell(inert(sendable(said[-_SHOWN:])))
