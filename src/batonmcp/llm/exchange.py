"""An exchange with an endpoint: what to send, and what to make of each answer, until there is a reply or an error.

It decides and awaits nothing. Two things may be done about an answer that is no reply: what the endpoint does not take
is left out or said otherwise (at most four times), and what may pass is waited for (as often as the settings say). A
stream is a favour: where one fails, the same is asked for in one piece, whatever the settings say.
"""

from dataclasses import replace
from typing import Any, Final

from batonmcp.config.settings import LlmEndpoint
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import LlmError
from batonmcp.llm.account import Account
from batonmcp.llm.body import request_body
from batonmcp.llm.breaker import Breaker
from batonmcp.llm.complaint import Complaint
from batonmcp.llm.cut import cut_note
from batonmcp.llm.dialect import STREAM, Dialect
from batonmcp.llm.mending import mended
from batonmcp.llm.patience import Answer, Patience, Pause, asked_to_wait
from batonmcp.llm.port import Reply, Request
from batonmcp.llm.refusal import was_read
from batonmcp.llm.reply import Offered, Unusable, read_reply, tokens_in, unusable

__all__ = ["Exchange"]

_MOST_MENDS: Final = 4
_SUCCESS: Final = range(200, 300)


class Exchange:
    """One request of a stage, as far as it has come.

    Args:
        request: What to ask.
        endpoint: Whom.
        dialect: What is known of it.
        breaker: Knows whether it is to be left alone.
        retries: How often what may pass is waited for.
        discretion: Takes secrets out of what goes out, and out of what the endpoint says.
        stream: Whether the reply is wanted piece by piece.
    """

    def __init__(  # noqa: PLR0913 - what one exchange works with
        self,
        request: Request,
        endpoint: LlmEndpoint,
        dialect: Dialect,
        breaker: Breaker,
        *,
        retries: int,
        discretion: Discretion,
        stream: bool = False,
    ) -> None:
        self.dialect = dialect
        self.stumbled = False
        self._request = request
        self._endpoint = endpoint
        self._patience = Patience(endpoint, breaker, retries=retries, discretion=discretion)
        self._discretion = discretion
        self._stream = stream
        self._mends = _MOST_MENDS
        self._account = request.account or Account()
        self._offered = Offered(
            names=frozenset(function.name for function in request.functions), plan=request.plan_function
        )
        self._body: dict[str, Any] = {}

    def rest(self, *, left: float) -> Pause | None:
        """Return the pause that comes before the next request; None if it may be sent at once.

        Raises:
            LlmError: The endpoint fails too often to be asked now, or wants to be left alone for too long.
        """
        return self._patience.rest(left=left)

    def body(self) -> dict[str, Any]:
        """Return what to send next."""
        written = request_body(self._request, self._endpoint, self.dialect, stream=self._stream)
        redacted = self._discretion.value(written)
        self._body = redacted if isinstance(redacted, dict) else written
        self._account.send()
        self._patience.requests += 1
        return self._body

    def hear(self, answer: Answer, *, left: float, jitter: float) -> Reply | Pause:
        """Take an answer.

        Args:
            answer: What came back.
            left: Seconds that the caller can still wait.
            jitter: From 0 to 1, at random.

        Raises:
            LlmError: It is no reply, and nothing can be done about it in time.
        """
        complaint = None if answer.endless else self._complaint(answer)
        written = len(answer.body) if complaint is None or was_read(complaint) else None
        self._account.settle(tokens_in(answer.body), written=written)
        if answer.endless:
            raise unusable(self._endpoint.host, "more than any reply is long", again=False)
        if complaint:
            return self._mend(complaint) or self._wait(complaint, answer, left, jitter)
        self._patience.well()
        if answer.stream == "broken" and self.streams:
            return self._in_one_piece()
        try:
            reply = self._read(answer)
        except Unusable as error:
            return self._once_more(error)
        if answer.stream == "none" and self.streams:
            self.dialect = self.dialect.without(STREAM)
        notes = filter(None, [cut_note(self._body, reply.tokens, self._endpoint.host)])
        account = self._account
        return replace(reply, tokens=account.tokens, requests=account.requests, notes=(*reply.notes, *notes))

    def lost(self, why: str, *, said: bytes | None = None, left: float, jitter: float) -> Pause:
        """Take note that no answer came, or no whole one.

        Args:
            why: In the words of the network.
            said: What of a stream had come before; empty of what is no stream, None if nothing had.
            left: Seconds that the caller can still wait.
            jitter: From 0 to 1, at random.

        Raises:
            LlmError: It has been tried often enough, or there is no time left to try again.
        """
        self._account.settle(tokens_in(said or b""), written=None if said is None else len(said))
        pause = self._patience.lost(why, left=left, jitter=jitter)
        self._give_stream_up()
        return pause

    def late(self, seconds: float) -> LlmError:
        """Return the error for no answer within so many seconds."""
        return self._patience.late(seconds)

    @property
    def is_out(self) -> bool:
        """Whether a request waits for its answer."""
        return self._account.is_out

    def leave(self, said: bytes | None) -> None:
        """Take note that nobody waits for the answer any more. The request may have been read: it counts as such."""
        self._account.settle(tokens_in(said or b""), written=len(said or b""))

    def _complaint(self, answer: Answer) -> Complaint | None:
        """Return what it minds; a stream that ends in an error is asked for in one piece, which tells more."""
        streamed = answer.status in _SUCCESS and answer.stream != "none" and self.streams
        return None if streamed else self._patience.complaint(answer)

    def _mend(self, complaint: Complaint) -> Pause | None:
        dialect = mended(self.dialect, complaint, self._body) if self._mends > 0 else None
        if dialect is None:
            return None
        self._patience.well()
        self._mends -= STREAM not in dialect.dropped - self.dialect.dropped
        self.dialect, self.stumbled = dialect, False
        return Pause(seconds=0)

    def _wait(self, complaint: Complaint, answer: Answer, left: float, jitter: float) -> Pause:
        pause = self._patience.wait(complaint, answer, left=left, jitter=jitter)
        if asked_to_wait(answer) is None:
            self._give_stream_up()
        return pause

    def _read(self, answer: Answer) -> Reply:
        content_type = answer.headers.get("content-type", "")
        host = self._endpoint.host
        try:
            return read_reply(answer.body, content_type=content_type, endpoint=host, offered=self._offered)
        except LlmError:  # which may quote what the endpoint said about the key
            said = self._discretion.text(answer.body.decode("utf-8", "replace")).encode("utf-8", "replace")
            return read_reply(said, content_type=content_type, endpoint=host, offered=self._offered)

    def _once_more(self, error: Unusable) -> Pause:
        """Ask again after a reply that was of no use: in one piece, or else for calls in the next form."""
        if error.again and self.streams:
            return self._in_one_piece()
        if not error.again or self._patience.retries <= 0:
            raise error
        self._patience.retries = 0
        self.stumbled = True
        if self._request.functions:
            self.dialect = self.dialect.simpler or self.dialect
        return Pause(seconds=0)

    @property
    def streams(self) -> bool:
        """Whether a stream was asked for last."""
        return STREAM in self._body

    def _in_one_piece(self) -> Pause:
        self._give_stream_up()
        return Pause(seconds=0)

    def _give_stream_up(self) -> None:
        """Ask for the reply in one piece. The stream may have failed by chance: only twice in a row is remembered."""
        if self.streams:
            self.dialect, self.stumbled = self.dialect.without(STREAM), True
