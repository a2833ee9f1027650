"""What to do otherwise after a complaint."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batonmcp.llm.complaint import Complaint
from batonmcp.llm.dialect import Dialect
from batonmcp.llm.mending import mended

TOOLS: dict[str, Any] = {"model": "m", "messages": [], "temperature": 0, "tools": [{}]}
JSON: dict[str, Any] = {"model": "m", "messages": [], "temperature": 0, "response_format": {"type": "json_schema"}}
TEXT: dict[str, Any] = {"model": "m", "messages": [], "temperature": 0.7}
STREAM: dict[str, Any] = {**TOOLS, "stream": True, "stream_options": {"include_usage": True}}
PLAIN = Dialect()


def said(message: str, *, status: int = 400, param: str = "", code: str = "") -> Complaint:
    """Return a complaint."""
    return Complaint(status=status, message=message, param=param, code=code)


@pytest.mark.parametrize(
    ("complaint", "sent", "expected"),
    [
        (said("Unsupported value.", param="temperature"), TOOLS, PLAIN.without("temperature")),
        (said("temperature is not supported by this model"), TEXT, PLAIN.without("temperature")),
        (said("Extra inputs are not permitted", status=422, param="seed"), {**TEXT, "seed": 1}, PLAIN.without("seed")),
        (
            said("No.", param="parallel_tool_calls"),
            {**TOOLS, "parallel_tool_calls": False},
            PLAIN.without("parallel_tool_calls"),
        ),
        (said("Not here.", param="tool_choice"), {**TOOLS, "tool_choice": "auto"}, PLAIN.without("tool_choice")),
        (said("Use 'max_completion_tokens'.", param="max_tokens"), {**TEXT, "max_tokens": 1}, Dialect(renamed=True)),
        (said("max_tokens: Field required"), TEXT, Dialect(limit=4_096)),
        (said("Tools with reasoning_effort are not supported"), TOOLS, Dialect(effort="none")),
        (said("registry.ollama.ai/library/gemma does not support tools"), TOOLS, Dialect(form="json_schema")),
        (said('"auto" tool choice requires --enable-auto-tool-choice'), TOOLS, Dialect(form="json_schema")),
        (said("tools param requires --jinja flag", status=500), TOOLS, Dialect(form="json_schema")),
        (said("No endpoints found that support tool use.", status=404), TOOLS, Dialect(form="json_schema")),
        (said("Unrecognized request argument supplied: tools"), TOOLS, Dialect(form="json_schema")),
        (said("too long", param="tools", code="array_above_max_length"), TOOLS, Dialect(form="json_schema")),
        (said("failed to parse grammar"), TOOLS, Dialect(schemas="plain")),
        (
            said("Invalid schema for function 'a'", param="tools[0].function.parameters"),
            TOOLS,
            Dialect(schemas="plain"),
        ),
        (said("failed to parse grammar"), JSON, Dialect(schemas="plain")),
        (
            said("'response_format' of type 'json_schema' is not supported", param="response_format"),
            JSON,
            Dialect(form="json_schema"),
        ),
        (said("Your organization must be verified.", param="stream"), STREAM, PLAIN.without("stream")),
        (said("Cannot use tools with stream", status=500), STREAM, PLAIN.without("stream")),
        (said("Tool calling is not supported while streaming"), STREAM, PLAIN.without("stream")),
        (said("Unknown parameter: 'stream_options'."), STREAM, PLAIN.without("stream_options")),
        (said("Tool calling is not supported while streaming"), TOOLS, Dialect(form="json_schema")),
        (
            said(
                'Invalid JSON payload received. Unknown name "type" at '
                "'tools[0].function_declarations[0].parameters.properties[0].value': Proto field is not repeating"
            ),
            TOOLS,
            Dialect(schemas="plain"),
        ),
        (
            said("GenerateContentRequest.tools[0].function_declarations[0].parameters.enum[0]: cannot be empty"),
            TOOLS,
            Dialect(schemas="plain"),
        ),
        (
            said("Thinking mode does not support this tool_choice"),
            {**TOOLS, "tool_choice": "auto"},
            PLAIN.without("tool_choice"),
        ),
        (
            said("This model does not support parallel tool calls"),
            {**TOOLS, "parallel_tool_calls": True},
            PLAIN.without("parallel_tool_calls"),
        ),
        (said("The specified schema produces too many states for serving."), TOOLS, Dialect(schemas="plain")),
        (
            said("Reasoning is mandatory for this endpoint and cannot be disabled."),
            {**TEXT, "reasoning_effort": "none"},
            PLAIN.without("reasoning_effort"),
        ),
        (said("Conversation roles must alternate user/assistant/user/assistant/..."), TEXT, Dialect(merged=True)),
        (said("Only user and assistant roles are supported!"), TEXT, Dialect(merged=True)),
        (said("System role not supported"), TEXT, Dialect(merged=True)),
        (said("Developer instruction is not enabled: no system instruction"), TEXT, Dialect(merged=True)),
    ],
)
def test_complaint_is_answered_by_one_change(complaint: Complaint, sent: dict[str, Any], expected: Dialect) -> None:
    """Each complaint is answered by giving up what it is about, and nothing more."""
    assert mended(PLAIN, complaint, sent) == expected


@pytest.mark.parametrize(
    ("complaint", "sent"),
    [
        (said("The model `m` does not exist", status=404, param="model"), TOOLS),
        (said("Invalid API key", status=401), TOOLS),
        (said("Slow down", status=429), TOOLS),
        (said("The server had an error", status=500), TOOLS),
        (said("temperature broke our server", status=500), TOOLS),
        (said("No."), TOOLS),
        (said("This model does not support tools"), TEXT),
        (said("max_tokens: Field required"), {**TEXT, "max_completion_tokens": 5}),
    ],
)
def test_other_complaints_are_not_for_the_dialect(complaint: Complaint, sent: dict[str, Any]) -> None:
    """Keys, models, limits and failures are not mended by asking otherwise; nor is what was not sent."""
    assert mended(PLAIN, complaint, sent) is None


def test_second_complaint_about_the_same_goes_further() -> None:
    """What did not help is not tried again: the next step gives up more, until there is none."""
    renamed = Dialect(renamed=True)
    assert mended(PLAIN, said("no max_tokens"), {**TEXT, "max_tokens": 1}) == renamed
    assert mended(renamed, said("no max_completion_tokens"), {**TEXT, "max_completion_tokens": 1}) == Dialect(
        renamed=True, dropped=frozenset({"max_tokens"})
    )
    quiet = Dialect(effort="none")
    sent = {**TOOLS, "reasoning_effort": "none"}
    dropped = Dialect(dropped=frozenset({"reasoning_effort"}))
    complaint = said("'reasoning_effort' does not support 'none'", param="reasoning_effort")
    assert mended(quiet, complaint, sent) == dropped
    assert mended(dropped, said("Function tools with reasoning_effort are not supported"), TOOLS) == Dialect(
        dropped=frozenset({"reasoning_effort"}), form="json_schema"
    )
    plain = Dialect(schemas="plain")
    assert mended(plain, said("failed to parse grammar"), TOOLS) == Dialect(schemas="plain", form="json_schema")
    assert mended(Dialect(form="text"), said("does not support tools"), TOOLS) is None
    merged = Dialect(merged=True)
    assert mended(merged, said("System role not supported"), TEXT) is None


@given(
    st.text(max_size=60) | st.sampled_from(["tools", "temperature", "system role", "grammar", "max_tokens required"]),
    st.sampled_from(["", "temperature", "tools", "messages", "model", "max_tokens"]),
    st.sampled_from([400, 404, 422, 500]),
    st.sampled_from([TOOLS, JSON, TEXT]),
)
def test_any_complaint_ends(message: str, param: str, status: int, sent: dict[str, Any]) -> None:
    """The same complaint over and over is answered a few times, never for ever, each time otherwise."""
    seen = [PLAIN]
    while (changed := mended(seen[-1], said(message, status=status, param=param), sent)) is not None:
        assert changed not in seen
        seen.append(changed)
        assert len(seen) < 10
