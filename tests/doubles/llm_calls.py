"""Calls of a scripted endpoint by the real client, with time that passes at once.

replies, requests = await ask([rate_limited("2"), CALLED], ROUTE, time=(time := HandTime()))
"""

from collections.abc import Sequence
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from batonmcp.config.settings import LlmSettings
from batonmcp.core.errors import LlmError
from batonmcp.llm.memory import Dialects
from batonmcp.llm.openai_client import OpenAIClient
from batonmcp.llm.port import Function, FunctionCall, Reply, Request
from batonmcp.llm.timing import Timing
from doubles.fake_llm import FakeLLM, JsonObject, RecordedRequest, Script, Text, ToolCalls
from doubles.fake_llm import Reply as Played

__all__ = ["CALL", "CALLED", "PLANNED", "ROUTE", "SYNTHESIZE", "WRITTEN", "HandTime", "ask", "failure"]

_TIME_S = 20.0
_STEPS: list[Any] = [{"id": "s1", "tool": "weather__today", "arguments": {"city": "Oslo"}}]

ROUTE = Request(
    stage="route",
    system="Only choose tools.",
    user="Rain in Oslo?",
    functions=[
        Function(
            name="weather__today",
            description="Tells the weather.",
            parameters={"type": "object", "properties": {"city": {"type": "string", "pattern": "^[A-Z]"}}},
        ),
        Function(
            name="plan_execution",
            description="Runs several.",
            parameters={
                "type": "object",
                "properties": {"steps": {"type": "array", "items": {}}},
                "required": ["steps"],
            },
        ),
    ],
    temperature=0,
    plan_function="plan_execution",
)
SYNTHESIZE = Request(stage="synthesize", system="Answer.", user="Rain in Oslo? It rains.", temperature=0.7)

CALLED = ToolCalls([("weather__today", {"city": "Oslo"})])
CALL = (FunctionCall(name="weather__today", arguments={"city": "Oslo"}),)
"""A call as an endpoint sends it, and as it is read."""

WRITTEN = Text('{"steps": [{"id": "s1", "tool": "weather__today", "arguments": {"city": "Oslo"}}]}')
PLANNED = (FunctionCall(name="plan_execution", arguments={"steps": _STEPS}),)
"""A plan as a model writes it, and as it is read."""


class HandTime:
    """Time that passes only in pauses, which take none."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.pauses: list[float] = []

    @property
    def timing(self) -> Timing:
        """What a client takes."""
        return Timing(pause=self._pause, clock=lambda: self.now, jitter=lambda: 0.0)

    async def _pause(self, seconds: float) -> None:
        self.now += seconds
        if seconds:
            self.pauses.append(seconds)
        await anyio.lowlevel.checkpoint()


async def ask(
    script: Script,
    *requests: Request,
    parameters: dict[str, Any] | None = None,
    time: HandTime | None = None,
    retries: int = 2,
    dialects: Dialects | None = None,
    seconds: float = 60.0,
) -> tuple[list[Reply], Sequence[RecordedRequest]]:
    """Complete requests one after the other; return the replies and what the endpoint got."""
    with FakeLLM(script, repeat=True) as llm, anyio.fail_after(_TIME_S):
        settings = LlmSettings(
            base_url=llm.base_url,
            api_key=None,
            model="m",
            parameters=parameters or {},
            retries=retries,
            timeout=seconds,
        )
        client = OpenAIClient(settings, timing=(time or HandTime()).timing, dialects=dialects)
        try:
            return [await client.complete(request) for request in requests], llm.requests
        finally:
            await client.aclose()


async def failure(script: Script, request: Request = ROUTE, **options: Any) -> tuple[LlmError, int]:  # noqa: ANN401
    """Return the error that a script causes, and how many requests it took."""
    count = 0

    def counted(body: JsonObject) -> Played:
        nonlocal count
        count += 1
        return script(body) if callable(script) else script[(count - 1) % len(script)]

    with pytest.raises(LlmError) as caught:
        await ask(counted, request, **options)
    return caught.value, count
