"""The hearing of replies as they come: from the bytes of one answer after another to pieces, and to the whole."""

import json

from batonmcp.llm.port import Heard, Piece, StreamLost
from batonmcp.llm.reply import Assembly, Streaming

__all__ = ["Hearing"]


class Hearing:
    """Puts streams together, tells what it hears, and takes it back where it does not count.

    Args:
        heard: Gets the pieces; None: nobody does.
    """

    def __init__(self, heard: Heard | None) -> None:
        self._heard = heard
        self._assembly = Assembly()
        self._begun = False
        self._told = False

    @property
    def is_told(self) -> bool:
        """Whether somebody gets the pieces."""
        return self._heard is not None

    @property
    def is_endless(self) -> bool:
        """Whether more has come of a stream than any reply is long."""
        return self._assembly.is_endless

    @property
    def stream(self) -> Streaming:
        """What the last answer is: a stream that has come to its end, one that has not, or none."""
        return self._assembly.streaming

    @property
    def said(self) -> bytes | None:
        """The completion that a stream has made so far, as JSON; empty of what is no stream, None before any answer."""
        document = self._assembly.document()
        if document is None:
            return b"" if self._begun else None
        try:
            return json.dumps(document).encode()
        except RecursionError:
            return b"{}"

    def hear(self, data: bytes) -> bool:
        """Take more of an answer; return whether it is a stream. Of what is none nothing is told."""
        self._begun = True
        self._tell(self._assembly.hear(data))
        return self._assembly.is_stream

    def end(self) -> None:
        """Take note that the answer is over."""
        self._tell(self._assembly.end())

    def lose(self) -> None:
        """Take back what was told of the last answer, and begin with the next."""
        self._assembly, self._begun = Assembly(), False
        if self._told and self._heard:
            self._told = False
            self._heard(StreamLost())

    def _tell(self, pieces: list[Piece]) -> None:
        if self._heard and pieces:
            self._told = True
            for piece in pieces:
                self._heard(piece)
