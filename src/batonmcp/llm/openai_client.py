"""A client for any OpenAI-compatible Chat Completions endpoint."""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from batonmcp.config.settings import LlmSettings
from batonmcp.core.discretion import Discretion
from batonmcp.core.errors import LlmError
from batonmcp.llm.port import LLM, Reply, Request
from batonmcp.llm.reply import read_reply

if TYPE_CHECKING:
    import httpx2
    import openai

__all__ = ["OpenAIClient"]

_CONNECT_TIMEOUT = 10.0
_EXCERPT = 300


class OpenAIClient(LLM):
    """Speaks Chat Completions.

    Args:
        settings: Where, and with which models.
        discretion: Knows what must not be sent, whatever tools have said.
    """

    def __init__(self, settings: LlmSettings, discretion: Discretion | None = None) -> None:
        self._settings = settings
        self._discretion = discretion or Discretion({settings.api_key or ""})
        self._client: openai.AsyncOpenAI | None = None
        self._opening = anyio.Lock()
        self._endpoint = urlsplit(settings.base_url).netloc.rpartition("@")[2] or settings.base_url

    async def complete(self, request: Request) -> Reply:
        """Return the reply of the stage's model. Sends the minimum that every endpoint takes.

        The timeout is for all attempts together and their pauses, however slowly the endpoint may drip.
        """
        client = await self.open()
        import httpx2  # noqa: PLC0415 - comes with openai
        import openai  # noqa: PLC0415 - takes a second: `open` has paid for it, in a thread

        body = self._discretion.value(self._body(request))
        try:
            with anyio.fail_after(self._settings.timeout):
                response = await client.post("/chat/completions", body=body, cast_to=httpx2.Response)
        except (TimeoutError, openai.APITimeoutError):
            raise LlmError(
                kind="llm_timeout",
                message=f"The LLM endpoint {self._endpoint} gave no reply within {self._settings.timeout:g} s.",
                cure='Raise "timeout" under "llm" in servers.json, or use a faster model.',
            ) from None
        except openai.APIConnectionError as error:
            raise LlmError(
                kind="llm_unreachable",
                message=f"The LLM endpoint {self._endpoint} cannot be reached ({self._hide_key(_root(error))}).",
                cure="Check base_url, and that the service is running.",
            ) from None
        except openai.APIStatusError as error:
            raise self._refused(
                error.status_code, self._detail(error), self._settings.model_for(request.stage)
            ) from None
        return self._read(response)

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client:
            await self._client.close()

    async def open(self) -> "openai.AsyncOpenAI":
        """Import what a call needs, ahead of the first one; nothing is sent."""
        async with self._opening:
            if self._client is None:
                self._client = await anyio.to_thread.run_sync(self._construct)
            return self._client

    def _construct(self) -> "openai.AsyncOpenAI":
        import openai  # noqa: PLC0415 - takes a second: only runs that call an LLM pay, and not on the event loop

        return openai.AsyncOpenAI(
            base_url=self._settings.base_url,
            api_key=self._settings.api_key or "none",
            timeout=openai.Timeout(self._settings.timeout, connect=_CONNECT_TIMEOUT),
            max_retries=self._settings.retries,
        )

    def _body(self, request: Request) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._settings.model_for(request.stage),
            "temperature": request.temperature,
            "messages": [
                {"role": "system", "content": request.system},
                {"role": "user", "content": request.user},
            ],
        }
        if request.functions:
            body["tool_choice"] = "auto"
            body["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": function.name,
                        "description": function.description,
                        "parameters": dict(function.parameters),
                    },
                }
                for function in request.functions
            ]
        return body

    def _read(self, response: "httpx2.Response") -> Reply:
        content_type = response.headers.get("content-type", "")
        try:
            return read_reply(response.content, content_type=content_type, endpoint=self._endpoint)
        except LlmError:  # which may quote what the endpoint said about the key
            said = self._hide_key(response.text).encode()
            return read_reply(said, content_type=content_type, endpoint=self._endpoint)

    def _detail(self, error: "openai.APIStatusError") -> str:
        """Return the endpoint's own sentence, on one line."""
        body = error.body
        said = body.get("message") if isinstance(body, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        if not isinstance(said, str):
            return ""
        return f": {self._hide_key(' '.join(said.split()))[:_EXCERPT].rstrip('.')}"

    def _hide_key(self, text: str) -> str:
        """Take the API key out of a complaint: some endpoints repeat what they were sent."""
        return self._discretion.text(text)

    def _refused(self, status: int, detail: str, model: str) -> LlmError:
        kind, cure = _REFUSALS.get(status, ("llm_unavailable", "Try again later."))
        if status not in _REFUSALS and status < 500:  # noqa: PLR2004 - an HTTP client error
            kind, cure = "llm_rejected", "Check the model's name and that it can call tools."
        return LlmError(
            kind=kind,
            message=f"The LLM endpoint {self._endpoint} answered {status} for model {model!r}{detail}.",
            cure=cure,
        )


_REFUSALS = {
    401: ("llm_auth", 'It did not accept the API key: check OPENAI_API_KEY, or "api_key" under "llm" in servers.json.'),
    403: ("llm_auth", "The API key is not allowed to use this model."),
    404: ("llm_rejected", "Check the model's name and base_url (it usually ends in /v1)."),
    429: ("llm_rate_limit", "Its rate limit or quota is used up: wait, or use another key or model."),
}


def _root(error: BaseException) -> str:
    while error.__cause__ is not None:
        error = error.__cause__
    return str(error) or type(error).__name__
