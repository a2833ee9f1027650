"""An embedder on any OpenAI-compatible endpoint."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from typing import Any, Final

import anyio
import anyio.to_thread

from batonmcp.config.settings import LlmEndpoint
from batonmcp.core.discretion import Discretion
from batonmcp.llm.breaker import Breaker
from batonmcp.llm.complaint import Complaint
from batonmcp.llm.embedder import Embedded, Embedder
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.patience import Answer, Patience, Pause
from batonmcp.llm.reply import unusable
from batonmcp.llm.timing import REAL, Timing
from batonmcp.llm.vectors import read_vectors

__all__ = ["DIMENSIONS", "OpenAIEmbedder"]

DIMENSIONS: Final = 512
"""Asked for where the settings do not say: models that can be cut short lose next to nothing by it."""

_PATH: Final = "/embeddings"
_SIZE: Final = "dimensions"
_ABOUT_REQUEST: Final = frozenset({400, 422, 500, 501})


class OpenAIEmbedder(Embedder):
    """Asks the endpoint of embeddings, over the connections of the client for completions.

    Args:
        client: Has the connections.
        endpoint: Where, and with which model.
        discretion: Knows what must not be sent.
        timeout: Longest that one request may take, attempts and pauses together, in seconds.
        retries: How often one that found the endpoint overloaded or unreachable is tried again.
        timing: How time passes.
    """

    def __init__(  # noqa: PLR0913 - one parameter a setting
        self,
        client: OpenAIClient,
        endpoint: LlmEndpoint,
        discretion: Discretion,
        *,
        timeout: float,
        retries: int,
        timing: Timing = REAL,
    ) -> None:
        self._client = client
        self._endpoint = endpoint
        self._discretion = discretion
        self._timeout = timeout
        self._retries = retries
        self._timing = timing
        self._breaker = Breaker(timing.clock)
        self._parameters: dict[str, Any] = {_SIZE: DIMENSIONS, **endpoint.parameters}
        described = json.dumps([endpoint.base_url, endpoint.model, self._parameters], sort_keys=True)
        self._space = sha256(described.encode("ascii")).hexdigest()[:32]

    @property
    def space(self) -> str:
        """A digest of address, model and parameters: an address may hold a password."""
        return self._space

    async def embed(self, texts: Sequence[str], *, within: float | None = None) -> Embedded:
        """Return the vectors of texts. The time is for all attempts and their pauses together."""
        seconds = self._timeout if within is None else min(self._timeout, within)
        patience = Patience(self._endpoint, self._breaker, retries=self._retries, discretion=self._discretion)
        try:
            with anyio.fail_after(max(seconds, 0)):
                answer = await self._answer(texts, patience, self._timing.clock() + seconds)
        except TimeoutError:
            raise patience.late(seconds) from None
        read = partial(read_vectors, answer.body, texts=len(texts), endpoint=self._endpoint.host)
        return replace(await anyio.to_thread.run_sync(read), requests=patience.requests)

    async def _answer(self, texts: Sequence[str], patience: Patience, until: float) -> Answer:
        while True:
            rest = patience.rest(left=until - self._timing.clock())
            if rest:
                await self._timing.pause(rest.seconds)
                continue
            patience.requests += 1
            body = self._body(texts)
            answer = await self._client.post(self._endpoint, _PATH, body)
            left, jitter = until - self._timing.clock(), self._timing.jitter()
            match answer:
                case Answer():
                    pause = self._heard(answer, patience, sized=_SIZE in body, left=left, jitter=jitter)
                    if pause is None:
                        return answer
                case str():
                    pause = patience.lost(answer, left=left, jitter=jitter)
            await self._timing.pause(pause.seconds)

    def _body(self, texts: Sequence[str]) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self._endpoint.model, "input": list(texts), **self._parameters}
        redacted = self._discretion.value(body)
        return redacted if isinstance(redacted, dict) else body

    def _heard(self, answer: Answer, patience: Patience, *, sized: bool, left: float, jitter: float) -> Pause | None:
        """Return the pause before the next request; None if this is the answer. `sized`: to one that named a size."""
        if answer.endless:
            raise unusable(self._endpoint.host, "more than any vectors are long", again=False)
        complaint = patience.complaint(answer)
        if complaint is None:
            patience.well()
            return None
        if sized and self._minds_size(complaint):
            patience.well()
            self._parameters.pop(_SIZE, None)
            return Pause(seconds=0)
        return patience.wait(complaint, answer, left=left, jitter=jitter)

    def _minds_size(self, complaint: Complaint) -> bool:
        """Whether the endpoint minds the number of dimensions, which only we have asked for."""
        ours = _SIZE not in self._endpoint.parameters
        return ours and complaint.status in _ABOUT_REQUEST and "dimension" in complaint.text
