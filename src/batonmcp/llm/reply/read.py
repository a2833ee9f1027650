"""One reply from whatever an endpoint answered."""

from batonmcp.core.errors import LlmError
from batonmcp.llm.port import FunctionCall, Reply
from batonmcp.llm.reply.calls import read_calls
from batonmcp.llm.reply.frame import Frame, read_frame, text_of_parts
from batonmcp.llm.reply.shapes import as_list, as_object, as_text
from batonmcp.llm.reply.thinking import without_thinking
from batonmcp.llm.reply.tokens import read_tokens
from batonmcp.llm.reply.unusable import Unusable, unusable
from batonmcp.llm.reply.values import value_at, whole_characters
from batonmcp.llm.reply.written import Offered, calls_in_text, plan_of

__all__ = ["read_reply"]

_NOTHING = Offered()
_CUT_OFF = frozenset(
    {"length", "max_tokens", "model_length", "max_output_tokens", "model_context_window_exceeded", "max_length"}
)
_BROKEN_OFF = frozenset(
    {"error", "abort", "aborted", "cancelled", "insufficient_system_resource", "network_error", "timeout"}
)
_MALFORMED = ("malformed_function_call", "function_call_filter", "unexpected_tool_call")
_CALLING = (
    *(
        "{",
        "[{",
        "```json",
        "```tool_code",
        "<tool_call",
        "<function",
        "<invoke",
        "<start_function_call>",
        "<TOOLCALL>",
    ),
    *("<|python_tag|>", "<|tool_call", "<\uff5ctool", "<\uff5cDSML", "[TOOL_CALLS]", "functools["),
)
"""How texts begin that ask for calls in some notation, be it known or not."""

_FILTERED = frozenset({"content_filter", "safety", "recitation", "prohibited_content", "blocklist", "sensitive"})
_REFUSED = frozenset({"refusal"})
_NO_TOOL = "The model found no tool that fits, and did not say why."


def read_reply(body: bytes, *, content_type: str, endpoint: str, offered: Offered = _NOTHING) -> Reply:
    """Read the body of a successful HTTP response.

    Args:
        body: The response's body.
        content_type: Its content type, for the error sentence.
        endpoint: The host that answered, for the error sentence.
        offered: What the model may call. If that is nothing, calls are passed over.

    Raises:
        LlmError: There is no reply in it.
    """
    frame = read_frame(body, content_type=content_type, endpoint=endpoint)
    _check_end(frame, endpoint)
    message = frame.message
    said = without_thinking(text_of_parts(message.get("content")))
    text = str(whole_characters(said))
    calls = read_calls(message, offered, endpoint) if offered.names else ()
    if offered.names and not calls and (message.get("content") or said):
        calls, text = _from_text(message, text, offered, endpoint)
    if not calls and not text:
        thought = any(as_text(message.get(key)) for key in ("reasoning_content", "reasoning", "content"))
        raise unusable(
            endpoint,
            "nothing but the model's thoughts" if thought else "an empty message",
            cure="Try again, or use another model; of one that thinks, raise the limit of output tokens.",
        )
    calls = tuple(plan_of(call, offered) for call in calls)
    return Reply(text=text, calls=calls, tokens=read_tokens(frame.usage))


def _check_end(frame: Frame, endpoint: str) -> None:
    """Refuse a message that ends for any other reason than that all is said."""
    parts = [as_object(part).get("refusal") for part in as_list(frame.message.get("content"))]
    refusal = next((text for text in map(as_text, [frame.message.get("refusal"), *parts]) if text), "")
    if refusal or frame.finish in _REFUSED:
        said = str(whole_characters(refusal[:300])) or "it did not say why"
        raise LlmError(
            kind="llm_refused",
            message=f"The model at {endpoint} refused: {said}",
            cure="Ask otherwise, or use another model.",
        )
    if frame.finish in _CUT_OFF:
        raise LlmError(
            kind="llm_length",
            message=f"The model at {endpoint} reached its output limit in the middle of its reply.",
            cure='Raise the limit of output tokens ("max_tokens" in "parameters" under "llm"), or ask for less.',
        )
    if frame.finish in _BROKEN_OFF or frame.finish.startswith(_MALFORMED):
        raise unusable(
            endpoint,
            f"a reply that broke off (finish_reason {frame.finish[:100]!r})",
            cure="Try again, or use another endpoint or model.",
        )
    if frame.finish.partition(":")[0] in _FILTERED:
        raise LlmError(
            kind="llm_content_filter",
            message=f"The content filter of {endpoint} held the reply back.",
            cure="Ask otherwise, or use another endpoint.",
        )


def _from_text(
    message: dict[str, object], text: str, offered: Offered, endpoint: str
) -> tuple[tuple[FunctionCall, ...], str]:
    """Return the calls that stand in the text, and what is left to say."""
    # Thoughts may hold calls that were only considered; the channels of some models are told apart in the markup.
    whole = text_of_parts(message.get("content")) if "<|channel|>" in text_of_parts(message.get("content")) else text
    if whole.startswith(('"{', '"[')):
        whole = text = _decoded(whole)
    try:
        written = calls_in_text(whole, offered)
    except ValueError:
        raise _broken(endpoint) from None
    if written.calls:
        return written.calls, text
    if written.strange:
        raise Unusable(
            message=f"The model at {endpoint} wrote a call of {written.strange[:100]!r}, which it was not offered.",
            cure="Ask more precisely, or use a more capable model.",
            again=True,
        )
    if written.reason is not None:
        return (), written.reason or _NO_TOOL
    if text.startswith(_CALLING):
        raise _broken(endpoint)
    return (), text


def _decoded(text: str) -> str:
    """Return a text that is written as JSON, as some models do with JSON."""
    try:
        value, _ = value_at(f"[{text}]")
    except ValueError:
        return text
    return value[0] if len(value) == 1 and isinstance(value[0], str) else text


def _broken(endpoint: str) -> Unusable:
    return Unusable(
        message=f"The model at {endpoint} wrote a call or a plan that is not complete JSON.",
        cure="Often the reply was cut off: raise the limit of output tokens, or try a more capable model.",
        again=True,
    )
