"""A call of the LLM in a run: made, and told."""

from batonmcp.core.events import Emit, LlmCalled
from batonmcp.llm.port import LLM, Reply, Request

__all__ = ["call_llm"]


async def call_llm(llm: LLM, request: Request, emit: Emit) -> Reply:
    """Return the reply, its tokens told as an event.

    Raises:
        LlmError: The endpoint gave no usable reply.
    """
    reply = await llm.complete(request)
    tokens = reply.tokens
    emit(
        LlmCalled(
            stage=request.stage,
            prompt_tokens=tokens.prompt,
            completion_tokens=tokens.completion,
            cached_tokens=tokens.cached,
        )
    )
    return reply
