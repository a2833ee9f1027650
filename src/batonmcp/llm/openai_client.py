"""A client for any OpenAI-compatible Chat Completions endpoint."""

from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread

from batonmcp.config.settings import LlmEndpoint, LlmSettings
from batonmcp.core.discretion import Discretion
from batonmcp.llm.breaker import Breaker
from batonmcp.llm.exchange import Exchange
from batonmcp.llm.hearing import Hearing
from batonmcp.llm.memory import Dialects
from batonmcp.llm.patience import Answer
from batonmcp.llm.port import LLM, Heard, Reply, Request
from batonmcp.llm.refusal import no_reply
from batonmcp.llm.reply import LARGEST_REPLY
from batonmcp.llm.timing import REAL, Timing

if TYPE_CHECKING:
    import openai

__all__ = ["OpenAIClient"]

_COMPLETIONS = "/chat/completions"
_CONNECT_TIMEOUT = 10.0


class OpenAIClient(LLM):
    """Speaks Chat Completions with the endpoint of each stage.

    Args:
        settings: Where, and with which models.
        discretion: Knows what must not be sent, whatever tools have said.
        dialects: What is known of the endpoints.
        timing: How time passes.
    """

    def __init__(
        self,
        settings: LlmSettings,
        discretion: Discretion | None = None,
        *,
        dialects: Dialects | None = None,
        timing: Timing = REAL,
    ) -> None:
        self._settings = settings
        self._discretion = discretion or Discretion(settings.secrets)
        self._dialects = dialects or Dialects()
        self._timing = timing
        self._breakers: dict[tuple[str, str], Breaker] = {}
        self._connections: dict[tuple[str | None, ...], openai.AsyncOpenAI] = {}
        self._opening = anyio.Lock()

    async def complete(self, request: Request, heard: Heard | None = None) -> Reply:
        """Return the reply of the stage's model.

        The time is for all attempts together and their pauses, however slowly the endpoint may drip.
        """
        hearing = Hearing(heard if self._settings.stream == "auto" else None)
        endpoint = self._settings.endpoint_for(request.stage)
        most = self._settings.timeout
        within = most if request.within is None else min(most, request.within)
        if within <= 0:
            raise no_reply(endpoint, 0)
        exchange = Exchange(
            request,
            endpoint,
            await self._dialects.of(endpoint),
            self._breakers.setdefault((endpoint.base_url, endpoint.model), Breaker(self._timing.clock)),
            retries=self._settings.retries,
            discretion=self._discretion,
            stream=hearing.is_told,
        )
        connection = await self._connection(endpoint)
        try:
            with anyio.fail_after(within):
                reply = await self._talk(exchange, connection, self._timing.clock() + within, hearing)
        except TimeoutError:
            raise exchange.late(within) from None
        finally:
            if exchange.is_out:
                exchange.leave(hearing.said)
        stumbled = exchange.stumbled or (False if request.functions else None)
        await self._dialects.learn(endpoint, exchange.dialect, stumbled=stumbled)
        return reply

    async def post(self, endpoint: LlmEndpoint, path: str, body: dict[str, Any]) -> Answer | str:
        """Send something else than a completion asks for, once; return what came back, or in words why nothing did."""
        return await _post(await self._connection(endpoint), path, body, Hearing(None))

    async def aclose(self) -> None:
        """Close the connections."""
        for connection in self._connections.values():
            await connection.close()

    async def open(self) -> None:
        """Import what a call needs, ahead of the first one; nothing is sent."""
        for endpoint in (self._settings.endpoint_for("route"), self._settings.endpoint_for("synthesize")):
            await self._connection(endpoint)
        if self._settings.embeddings:
            await self._connection(self._settings.embeddings)

    async def _talk(
        self, exchange: Exchange, connection: "openai.AsyncOpenAI", until: float, hearing: Hearing
    ) -> Reply:
        while True:
            rest = exchange.rest(left=until - self._timing.clock())
            if rest:
                await self._timing.pause(rest.seconds)
                continue
            answer = await _post(connection, _COMPLETIONS, exchange.body(), hearing)
            left, jitter = until - self._timing.clock(), self._timing.jitter()
            match answer:
                case Answer():
                    heard = exchange.hear(answer, left=left, jitter=jitter)
                case str():
                    heard = exchange.lost(answer, said=hearing.said, left=left, jitter=jitter)
            if isinstance(heard, Reply):
                return heard
            hearing.lose()
            await self._timing.pause(heard.seconds)

    async def _connection(self, endpoint: LlmEndpoint) -> "openai.AsyncOpenAI":
        key = (endpoint.base_url, endpoint.api_key, endpoint.ad_token, endpoint.api_version)
        async with self._opening:
            if key not in self._connections:
                self._connections[key] = await anyio.to_thread.run_sync(_connect, endpoint)
            return self._connections[key]


def _connect(endpoint: LlmEndpoint) -> "openai.AsyncOpenAI":
    import openai  # noqa: PLC0415 - takes a second: only runs that call an LLM pay, and not on the event loop

    from batonmcp.llm.bounded import bounded  # noqa: PLC0415 - as openai, with which its base comes

    common: dict[str, Any] = {
        "base_url": endpoint.base_url,
        "timeout": openai.Timeout(None, connect=_CONNECT_TIMEOUT),
        "max_retries": 0,  # one layer retries, and it knows the deadline
        "http_client": bounded(openai.DefaultAsyncHttpxClient, most=LARGEST_REPLY),
    }
    if endpoint.api_version:
        return openai.AsyncAzureOpenAI(
            api_version=endpoint.api_version,
            api_key=endpoint.api_key,
            azure_ad_token=endpoint.ad_token,
            **common,
        )
    return openai.AsyncOpenAI(api_key=endpoint.api_key or "none", **common)


async def _post(connection: "openai.AsyncOpenAI", path: str, body: dict[str, Any], hearing: Hearing) -> Answer | str:
    """Return what came back, or in words why nothing did. `hearing`: hears a good answer as it comes."""
    import httpx2  # noqa: PLC0415 - comes with openai
    import openai  # noqa: PLC0415 - has been paid for when the connection was made

    from batonmcp.llm.bounded import TooLarge, overheard  # noqa: PLC0415 - as openai

    try:
        with overheard(hearing):
            response = await connection.post(path, body=body, cast_to=httpx2.Response)
    except openai.APIConnectionError as error:
        root = _root(error)
        if isinstance(root, TooLarge):
            return Answer(status=200, headers={}, body=hearing.said or b"", endless=True)
        return str(root) or type(root).__name__
    except openai.APIStatusError as error:
        response = error.response
    hearing.end()
    said = hearing.said if hearing.stream != "none" else response.content
    return Answer(status=response.status_code, headers=dict(response.headers), body=said or b"", stream=hearing.stream)


def _root(error: BaseException) -> BaseException:
    while error.__cause__ is not None:
        error = error.__cause__
    return error
