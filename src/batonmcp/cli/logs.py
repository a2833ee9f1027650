"""The log on standard error, for whoever starts us."""

import logging
import sys

from batonmcp.core.discretion import Discretion

__all__ = ["DiscreetFormatter", "log_to_stderr"]


class DiscreetFormatter(logging.Formatter):
    """Writes lines without secrets, tracebacks included."""

    def __init__(self, discretion: Discretion) -> None:
        super().__init__("batonmcp: %(message)s")
        self._discretion = discretion

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        return self._discretion.text(super().format(record))


def log_to_stderr(discretion: Discretion) -> None:
    """Write warnings and errors to standard error, unless something else is set up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(DiscreetFormatter(discretion))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
