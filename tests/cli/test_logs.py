"""The log on standard error."""

import logging

import pytest

from batonmcp.cli.logs import DiscreetFormatter, log_to_stderr
from batonmcp.core.discretion import Discretion

SECRET = "s3cret-canary"  # noqa: S105 - the secret of these tests


def test_no_secret_in_messages_and_tracebacks() -> None:
    """Neither arguments nor tracebacks show what was learned, even after the log began."""
    discretion = Discretion()
    formatter = DiscreetFormatter(discretion)
    discretion.learn({SECRET})
    with pytest.raises(ValueError, match="invalid literal") as caught:
        int(SECRET)
    error = (caught.type, caught.value, caught.tb)
    line = formatter.format(logging.LogRecord("n", logging.ERROR, "p", 1, "went wrong: %s", (SECRET,), error))
    assert line.startswith("batonmcp: went wrong: ***")
    assert "ValueError: invalid literal" in line
    assert SECRET not in line


def test_what_is_set_up_stays() -> None:
    """Whoever has set up a log keeps it."""
    before = list(logging.getLogger().handlers)
    log_to_stderr(Discretion())
    assert logging.getLogger().handlers == before
