"""The LLM port: one completion at a time.

Above it sit the stages `route` and `synthesize`, which know what to ask. Below it sits a client that knows the wire
format of an endpoint and hands up only what `Reply` can hold, or raises `LlmError`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from pydantic import JsonValue

from batonmcp.llm.account import Account, Tokens

__all__ = [
    "LLM",
    "Account",
    "ArgumentsGrew",
    "CallBegun",
    "Function",
    "FunctionCall",
    "Heard",
    "Piece",
    "Reply",
    "Request",
    "Stage",
    "StreamLost",
    "TextGrew",
    "Tokens",
]

Stage = Literal["route", "synthesize"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function the model may call. `parameters` is a JSON Schema whose root is an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to ask.

    Attributes:
        stage: Which of the two calls of a run this is; a stage may have a model of its own.
        system: The stable part, first, so that endpoints can cache it.
        user: The part that changes.
        functions: What the model may call; empty for text only.
        temperature: 0 for routing, 0.7 for synthesis.
        plan_function: The name of the function whose arguments are a whole plan; empty if there is none. A model that
            cannot be offered functions is asked for these arguments instead.
        within: Longest all of it may take, in seconds; None: as long as is configured.
        account: Where it is written down what the call takes while it is made; None: what is in the reply will do.
    """

    stage: Stage
    system: str
    user: str
    functions: Sequence[Function] = ()
    temperature: float
    plan_function: str = ""
    within: float | None = None
    account: Account | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    """A call the model wants."""

    name: str
    arguments: dict[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the model said: calls, text, or both.

    Attributes:
        text: In words, without what it thought before.
        calls: What it wants to be called.
        tokens: Of all requests that it took.
        requests: How many requests it took.
        notes: What a person should know about how it came about, as sentences.
    """

    text: str
    calls: tuple[FunctionCall, ...] = ()
    tokens: Tokens = field(default_factory=Tokens)
    requests: int = 1
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallBegun:
    """The model has begun a call: the one with this number among its calls, of the function with this name."""

    index: int
    name: str


@dataclass(frozen=True, slots=True)
class ArgumentsGrew:
    """So much more is known of the JSON text of a call's arguments."""

    index: int
    text: str


@dataclass(frozen=True, slots=True)
class TextGrew:
    """So much more has been said in words, thoughts included that a model writes into them."""

    text: str


@dataclass(frozen=True, slots=True)
class StreamLost:
    """What was heard so far does not count: the reply failed, and another is asked for."""


Piece: TypeAlias = CallBegun | ArgumentsGrew | TextGrew | StreamLost
Heard: TypeAlias = Callable[[Piece], None]
"""Hears a reply while it comes. It must not fail."""


class LLM(Protocol):
    """Something that completes."""

    async def complete(self, request: Request, heard: Heard | None = None) -> Reply:
        """Return the model's reply.

        Args:
            request: What to ask.
            heard: Gets the reply piece by piece as it comes, where the endpoint can do that. What is returned counts,
                whatever was heard.

        Raises:
            LlmError: The endpoint cannot be reached, refuses, or answers something unusable. What that took, and what a
                call took that its caller leaves, is in the account of the request.
        """
        ...
