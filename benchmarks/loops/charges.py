"""What the scripted endpoint charges: tokens, time and money, counted from each request as it arrives."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from doubles.fake_llm import Charges, JsonObject, Usage

__all__ = ["ANSWER", "CHARGES", "SLOW_S", "SUMMARY", "TOOL_S", "Prices", "Prompt", "counted", "dollars"]

# Assumptions: a hosted model of middle size, called over the internet.
CHARGES = Charges(
    latency_s=0.5,  # to the first token of each call: network, queue, the model's start
    seconds_per_completion_token=0.0125,  # it writes 80 tokens a second
    seconds_per_prompt_token=0.0001,  # it reads 10,000 tokens a second
)
PROMPT_DOLLARS = 1.0  # for a million tokens
COMPLETION_DOLLARS = 5.0
CACHED_DOLLARS = 0.1  # where a prefix that was sent before, in the same answer, is billed as cached: see CACHED_FROM
CACHED_FROM, CACHED_STEP = 1_024, 128  # tokens: so long such a prefix is at least, and it grows in such steps
CHARACTERS_PER_TOKEN = 4  # of the texts and calls of all messages and the tool definitions as compact JSON
ANSWER = "word " * 119 + "word."  # the final answer, 150 tokens in every way; what it says is not measured
SUMMARY = "word " * 31 + "word."  # an orchestrator's worker says 40 tokens, and what others need of its results
TOOL_S = 0.1  # a call of one of the five small servers; the three sample agents take what they take, some milliseconds
SLOW_S = 1.0  # and where early start is measured
# End of the assumptions.

_MILLION = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """What a million tokens cost, in dollars."""

    prompt: float = PROMPT_DOLLARS
    completion: float = COMPLETION_DOLLARS
    cached: float = CACHED_DOLLARS


def dollars(usages: Iterable[Usage], *, cached: bool, prices: Prices = Prices()) -> float:
    """Return what some calls cost; `cached` says whether the endpoint bills a prefix that it has seen as such."""
    return sum(_dollars(usage, usage.cached_tokens if cached else 0, prices) for usage in usages)


def _dollars(usage: Usage, known: int, prices: Prices) -> float:
    prompt = (usage.prompt_tokens - known) * prices.prompt + known * prices.cached
    return (prompt + usage.completion_tokens * prices.completion) / _MILLION


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a chat template shows the model: tool definitions, then the messages with the model's own earlier calls."""

    text: str

    @classmethod
    def of(cls, body: JsonObject) -> "Prompt":
        """Read it off a request."""
        tools = [json.dumps(tool, separators=(",", ":")) for tool in body.get("tools") or ()]
        forms = [json.dumps(body["response_format"], separators=(",", ":"))] if "response_format" in body else []
        return cls("".join([*tools, *forms, *(part for message in body["messages"] for part in _parts(message))]))

    @property
    def tokens(self) -> int:
        """How many tokens it has."""
        return counted([self.text])

    def cached(self, earlier: Sequence["Prompt"]) -> int:
        """Return how many of its tokens an endpoint has cached that has seen these."""
        longest = max((_shared(self.text, other.text) for other in earlier), default=0)
        tokens = longest // CHARACTERS_PER_TOKEN // CACHED_STEP * CACHED_STEP
        return tokens if tokens >= CACHED_FROM else 0


def _shared(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike, by halves: it must cost the endpoint no time."""
    least, most = 0, min(len(one), len(other))
    while least < most:
        middle = (least + most + 1) // 2
        if one.startswith(other[:middle]):
            least = middle
        else:
            most = middle - 1
    return least


def _parts(message: Mapping[str, Any]) -> Iterable[str]:
    content = message.get("content") or ""
    yield from [content] if isinstance(content, str) else (part.get("text", "") for part in content)
    for call in message.get("tool_calls") or ():
        yield from (call["function"]["name"], call["function"]["arguments"])


def counted(texts: Iterable[str]) -> int:
    """Return how many tokens some texts have together."""
    return -(-sum(map(len, texts)) // CHARACTERS_PER_TOKEN)
