"""The hearing of replies as they come: from the bytes of one answer after another to pieces."""

from batonmcp.llm.port import Heard, StreamLost
from batonmcp.llm.reply import Assembly

__all__ = ["Hearing"]


class Hearing:
    """Tells what it hears, and takes it back where it does not count.

    Args:
        heard: Gets the pieces.
    """

    def __init__(self, heard: Heard) -> None:
        self._heard = heard
        self._assembly = Assembly()
        self._told = False

    def hear(self, data: bytes) -> None:
        """Take more of an answer. Of what is no stream nothing is told."""
        for piece in self._assembly.hear(data):
            self._told = True
            self._heard(piece)

    def lose(self) -> None:
        """Take back what was told of the last answer, and begin with the next."""
        self._assembly = Assembly()
        if self._told:
            self._told = False
            self._heard(StreamLost())
