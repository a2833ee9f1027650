"""A client for any OpenAI-compatible Chat Completions endpoint."""

import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from batonmcp.config.settings import LlmEndpoint, LlmSettings
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import LlmError
from batonmcp.llm.exchange import Answer, Exchange
from batonmcp.llm.memory import Dialects
from batonmcp.llm.port import LLM, Reply, Request
from batonmcp.llm.reply.unusable import unusable

if TYPE_CHECKING:
    import openai

__all__ = ["OpenAIClient"]

_CONNECT_TIMEOUT = 10.0
_LARGEST_ANSWER = 4_000_000


class OpenAIClient(LLM):
    """Speaks Chat Completions with the endpoint of each stage.

    Args:
        settings: Where, and with which models.
        discretion: Knows what must not be sent, whatever tools have said.
        dialects: What is known of the endpoints.
        pause: Waits so many seconds.
        jitter: Returns a number from 0 to 1, at random.
    """

    def __init__(
        self,
        settings: LlmSettings,
        discretion: Discretion | None = None,
        *,
        dialects: Dialects | None = None,
        pause: Callable[[float], Awaitable[None]] = anyio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._discretion = discretion or Discretion(_secrets(settings))
        self._dialects = dialects or Dialects()
        self._pause = pause
        self._jitter = jitter
        self._connections: dict[tuple[str | None, ...], openai.AsyncOpenAI] = {}
        self._opening = anyio.Lock()

    async def complete(self, request: Request) -> Reply:
        """Return the reply of the stage's model.

        The time is for all attempts together and their pauses, however slowly the endpoint may drip.
        """
        endpoint = self._settings.endpoint_for(request.stage)
        within = min(self._settings.timeout, self._settings.timeout if request.within is None else request.within)
        connection = await self._connection(endpoint)
        exchange = Exchange(
            request,
            endpoint,
            await self._dialects.of(endpoint),
            retries=self._settings.retries,
            discretion=self._discretion,
        )
        try:
            with anyio.fail_after(max(within, 0)):
                reply = await self._talk(exchange, connection, until=anyio.current_time() + within)
        except TimeoutError:
            raise LlmError(
                kind="llm_timeout",
                message=f"The LLM endpoint {endpoint.host} gave no reply within {max(within, 0):g} s.",
                cure='Raise "timeout" under "llm" in servers.json, or use a faster model.',
            ) from None
        stumbled = exchange.stumbled if request.functions else None
        await self._dialects.learn(endpoint, exchange.dialect, stumbled=stumbled)
        return reply

    async def aclose(self) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            await connection.close()

    async def open(self) -> None:
        """Import what a call needs, ahead of the first one; nothing is sent."""
        for stage in ("route", "synthesize"):
            await self._connection(self._settings.endpoint_for(stage))

    async def _talk(self, exchange: Exchange, connection: "openai.AsyncOpenAI", *, until: float) -> Reply:
        while True:
            answer = await _post(connection, exchange.body(), exchange.host)
            left = until - anyio.current_time()
            if isinstance(answer, str):
                heard = exchange.lost(answer, left=left, jitter=self._jitter())
            else:
                heard = exchange.hear(answer, left=left, jitter=self._jitter())
            if isinstance(heard, Reply):
                return heard
            await self._pause(heard.seconds)

    async def _connection(self, endpoint: LlmEndpoint) -> "openai.AsyncOpenAI":
        key = (endpoint.base_url, endpoint.api_key, endpoint.ad_token, endpoint.api_version)
        async with self._opening:
            if key not in self._connections:
                self._connections[key] = await anyio.to_thread.run_sync(_connect, endpoint)
            return self._connections[key]


def _secrets(settings: LlmSettings) -> set[str]:
    endpoints = filter(None, (settings, settings.route, settings.synthesize))
    return {secret for endpoint in endpoints for secret in (endpoint.api_key, endpoint.ad_token) if secret}


def _connect(endpoint: LlmEndpoint) -> "openai.AsyncOpenAI":
    import openai  # noqa: PLC0415 - takes a second: only runs that call an LLM pay, and not on the event loop

    from batonmcp.llm.bounded import bounded  # noqa: PLC0415 - as openai, with which its base comes

    common: dict[str, Any] = {
        "base_url": endpoint.base_url,
        "timeout": openai.Timeout(None, connect=_CONNECT_TIMEOUT),
        "max_retries": 0,  # one layer retries, and it knows the deadline
        "http_client": bounded(openai.DefaultAsyncHttpxClient, most=_LARGEST_ANSWER),
    }
    if endpoint.api_version:
        return openai.AsyncAzureOpenAI(
            api_version=endpoint.api_version,
            api_key=endpoint.api_key,
            azure_ad_token=endpoint.ad_token,
            **common,
        )
    return openai.AsyncOpenAI(api_key=endpoint.api_key or "none", **common)


async def _post(connection: "openai.AsyncOpenAI", body: dict[str, Any], host: str) -> Answer | str:
    """Return what came back, or in words why nothing did.

    Raises:
        Unusable: What came back has no end.
    """
    import httpx2  # noqa: PLC0415 - comes with openai
    import openai  # noqa: PLC0415 - has been paid for when the connection was made

    from batonmcp.llm.bounded import TooLarge  # noqa: PLC0415 - as openai

    try:
        response = await connection.post("/chat/completions", body=body, cast_to=httpx2.Response)
    except openai.APIConnectionError as error:
        root = _root(error)
        if isinstance(root, TooLarge):
            raise unusable(host, f"more than {_LARGEST_ANSWER:,} bytes", again=False) from None
        return str(root) or type(root).__name__
    except openai.APIStatusError as error:
        response = error.response
    return Answer(status=response.status_code, headers=dict(response.headers), body=response.content)


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
