"""Endpoints that deviate from the published format, each as a script for `FakeLLM`: from a request's body to its reply.

    with FakeLLM(vllm_without_parser(ToolCalls([("weather__today", {"city": "Oslo"})]))) as llm:
        ...

Each refuses what the real one refuses, in its words and its form, and else answers with what it is given. The sentences
are those of the services and servers named, as their users report them.
"""

from collections.abc import Callable, Iterable
from typing import Any

from doubles.fake_llm import Json, JsonObject, Reply, api_error

__all__ = [
    "AnEndpoint",
    "azure_without_effort_none",
    "fastapi_that_forbids_extras",
    "gemma_without_system",
    "llama_with_grammars",
    "llama_without_jinja",
    "ollama_without_tools",
    "openai_that_thinks",
    "openrouter_without_tools",
    "text_only",
    "vllm_without_parser",
    "wants_max_tokens",
    "with_at_most",
]

AnEndpoint = Callable[[JsonObject], Reply]


def _schemas(body: JsonObject) -> Iterable[Any]:
    return [tool["function"]["parameters"] for tool in body.get("tools", [])]


def openai_that_thinks(reply: Reply) -> AnEndpoint:
    """Play OpenAI's models that think: one temperature, another name for the limit, and no tools while they think."""

    def answer(body: JsonObject) -> Reply:
        if body.get("temperature", 1) != 1:
            message = "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) is."
            return api_error(400, message, param="temperature", code="unsupported_value")
        if "max_tokens" in body:
            message = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
            return api_error(400, message, param="max_tokens", code="unsupported_parameter")
        if "parallel_tool_calls" in body:
            message = "Unsupported parameter: 'parallel_tool_calls' is not supported with this model."
            return api_error(400, message, param="parallel_tool_calls", code="unsupported_parameter")
        if "tools" in body and body.get("reasoning_effort") != "none":
            message = (
                "Function tools with reasoning_effort are not supported for gpt-5.6 in /v1/chat/completions. "
                "To use function tools, use /v1/responses or set reasoning_effort to 'none'."
            )
            return api_error(400, message, param="reasoning_effort")
        return reply

    return answer


def azure_without_effort_none(reply: Reply) -> AnEndpoint:
    """Play a deployment that has no tools while it thinks and cannot be told not to."""

    def answer(body: JsonObject) -> Reply:
        if body.get("reasoning_effort") == "none":
            message = "Unsupported value: 'reasoning_effort' does not support 'none' with this model."
            return api_error(400, message, param="reasoning_effort", code="unsupported_value")
        if "tools" in body:
            return api_error(400, "Function tools with reasoning_effort are not supported for this model.")
        return reply

    return answer


def vllm_without_parser(reply: Reply) -> AnEndpoint:
    """Play vLLM as it starts by default: it knows no way to read tool calls."""

    def answer(body: JsonObject) -> Reply:
        if "tools" in body:
            message = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
            return Json(
                400, {"object": "error", "message": message, "type": "BadRequestError", "param": None, "code": 400}
            )
        return reply

    return answer


def llama_without_jinja(reply: Reply) -> AnEndpoint:
    """Play llama.cpp's server without templates; it says so with 500."""

    def answer(body: JsonObject) -> Reply:
        if "tools" in body:
            return Json(
                500, {"error": {"code": 500, "message": "tools param requires --jinja flag", "type": "server_error"}}
            )
        return reply

    return answer


def llama_with_grammars(reply: Reply) -> AnEndpoint:
    """Play llama.cpp's server, which makes a grammar of each schema and knows no patterns that have no ends."""

    def answer(body: JsonObject) -> Reply:
        if any("pattern" in str(schema) for schema in _schemas(body)):
            message = "failed to parse grammar: Pattern must start with '^' and end with '$'"
            return Json(400, {"error": {"code": 400, "message": message, "type": "invalid_request_error"}})
        return reply

    return answer


def ollama_without_tools(reply: Reply) -> AnEndpoint:
    """Play Ollama with a model that has no template for tools."""

    def answer(body: JsonObject) -> Reply:
        if "tools" in body:
            message = "registry.ollama.ai/library/gemma:2b does not support tools"
            return Json(400, {"error": {"message": message, "type": "api_error", "param": None, "code": None}})
        return reply

    return answer


def openrouter_without_tools(reply: Reply) -> AnEndpoint:
    """Play OpenRouter with a model that nobody offers tools for."""

    def answer(body: JsonObject) -> Reply:
        if "tools" in body:
            message = "No endpoints found that support tool use. To learn more, visit: https://openrouter.ai/docs"
            return Json(404, {"error": {"message": message, "code": 404}})
        return reply

    return answer


def text_only(reply: Reply) -> AnEndpoint:
    """Play an old server: neither tools nor any format of the reply."""

    def answer(body: JsonObject) -> Reply:
        if "tools" in body:
            return api_error(400, "Unrecognized request argument supplied: tools")
        kind = body.get("response_format", {}).get("type")
        if kind:
            message = f"Invalid parameter: 'response_format' of type '{kind}' is not supported with this model."
            return api_error(400, message, param="response_format")
        return reply

    return answer


def gemma_without_system(reply: Reply) -> AnEndpoint:
    """Play a server whose chat template knows no system."""

    def answer(body: JsonObject) -> Reply:
        if any(message["role"] == "system" for message in body["messages"]):
            return Json(
                400, {"object": "error", "message": "System role not supported", "type": "BadRequestError", "code": 400}
            )
        return reply

    return answer


def fastapi_that_forbids_extras(*extras: str, reply: Reply) -> AnEndpoint:
    """Play a server that takes no parameter it does not know, and says so field by field."""

    def answer(body: JsonObject) -> Reply:
        details = [
            {
                "type": "extra_forbidden",
                "loc": ["body", extra],
                "msg": "Extra inputs are not permitted",
                "input": body[extra],
            }
            for extra in extras
            if extra in body
        ]
        return Json(422, {"detail": details}) if details else reply

    return answer


def wants_max_tokens(reply: Reply) -> AnEndpoint:
    """Play an endpoint that answers nothing without a limit of output tokens."""

    def answer(body: JsonObject) -> Reply:
        return reply if "max_tokens" in body else api_error(400, "max_tokens: Field required")

    return answer


def with_at_most(tools: int, reply: Reply) -> AnEndpoint:
    """Play an endpoint with a limit of tools."""

    def answer(body: JsonObject) -> Reply:
        count = len(body.get("tools", []))
        if count > tools:
            message = f"Invalid 'tools': array too long. Expected maximum length {tools}, but got length {count}."
            return api_error(400, message, param="tools", code="array_above_max_length")
        return reply

    return answer
