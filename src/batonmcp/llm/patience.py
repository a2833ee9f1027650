"""The patience with an endpoint: what may pass is waited for, as often as the settings say; the rest is an error.

It decides and awaits nothing. Whatever is asked of an endpoint, a completion or vectors, is tried again here only.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from batonmcp.config.settings import LlmEndpoint
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import LlmError
from batonmcp.llm.breaker import Breaker
from batonmcp.llm.complaint import Complaint, complaint_in, read_complaint
from batonmcp.llm.refusal import is_passing, no_reply, refusal, resting, unreachable
from batonmcp.llm.reply import Streaming
from batonmcp.llm.retry_after import retry_after

__all__ = ["Answer", "Patience", "Pause", "asked_to_wait"]

_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 8.0
_SUCCESS: Final = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an endpoint answered.

    Attributes:
        status: Of HTTP.
        headers: With their names in lower case.
        body: Unpacked; of a stream, the completion that its events make, as JSON.
        stream: Whether it is a stream, and has come to its end.
        endless: Whether it is larger than any reply; `body` is what was held of it then.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    stream: Streaming = "none"
    endless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Send `body` again after so many seconds."""

    seconds: float


class Patience:
    """The patience of one exchange.

    Args:
        endpoint: With whom.
        breaker: Knows whether it is to be left alone.
        retries: How often what may pass is waited for.
        discretion: Takes secrets out of what the endpoint says.

    Attributes:
        retries: How often it still is.
        requests: How many requests have been sent; counted by who sends them.
    """

    def __init__(self, endpoint: LlmEndpoint, breaker: Breaker, *, retries: int, discretion: Discretion) -> None:
        self.retries = retries
        self.requests = 0
        self._endpoint = endpoint
        self._breaker = breaker
        self._discretion = discretion

    def rest(self, *, left: float) -> Pause | None:
        """Return the pause that comes before the next request; None if it may be sent at once.

        Raises:
            LlmError: The endpoint fails too often to be asked now, or wants to be left alone for too long.
        """
        rest = self._breaker.rest()
        if rest is None:
            return None
        if rest.asked and rest.seconds <= left:
            return Pause(seconds=rest.seconds)
        raise resting(self._endpoint, rest)

    def complaint(self, answer: Answer) -> Complaint | None:
        """Return what the endpoint complains about, without secrets: some repeat what they were sent."""
        said = complaint_in(answer.body) if answer.status in _SUCCESS else read_complaint(answer.status, answer.body)
        hide = self._discretion.text
        return said and replace(said, message=hide(said.message), param=hide(said.param), code=hide(said.code))

    def well(self) -> None:
        """Take note of an answer that shows the endpoint in order, whatever it says."""
        self._breaker.well()

    def wait(self, complaint: Complaint, answer: Answer, *, left: float, jitter: float) -> Pause:
        """Return the pause after a complaint.

        Raises:
            LlmError: It will not pass, has been waited for often enough, or takes longer than there is time.
        """
        if not is_passing(complaint):
            self._breaker.well()
            raise refusal(complaint, self._endpoint)
        after = asked_to_wait(answer)
        self._breaker.ill(asked=after)
        pause = self._pause(jitter) if after is None else after + min(after, 1) * jitter / 4
        if self.retries <= 0 or pause > left or answer.headers.get("x-should-retry") == "false":
            raise refusal(complaint, self._endpoint, wait=after, too_late=pause > left)
        self.retries -= 1
        return Pause(seconds=pause)

    def lost(self, why: str, *, left: float, jitter: float) -> Pause:
        """Take note that no answer came.

        Raises:
            LlmError: It has been tried often enough, or there is no time left to try again.
        """
        self._breaker.ill()
        pause = self._pause(jitter)
        if self.retries <= 0 or pause > left:
            raise unreachable(self._endpoint, self._discretion.text(why))
        self.retries -= 1
        return Pause(seconds=pause)

    def late(self, seconds: float) -> LlmError:
        """Return the error for no answer within so many seconds."""
        self._breaker.ill()
        return no_reply(self._endpoint, seconds)

    def _pause(self, jitter: float) -> float:
        """Return a pause that doubles each time, cut by up to half, so that not all come again at once."""
        return min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (self.requests - 1)) * (1 - jitter / 2)


def asked_to_wait(answer: Answer) -> float | None:
    """Return for how many seconds an endpoint wants to be left alone; None if it does not say."""
    return retry_after(answer.headers, datetime.now(UTC))
