"""Plans of any size and three shapes, for engine.py: a chain, wide, and layers wired at random."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from pydantic import JsonValue

from batonmcp.core.effect import Effect, EffectKind
from batonmcp.core.registry import Registry
from batonmcp.core.schema import Schema
from batonmcp.core.tool import Tool

__all__ = ["SHAPES", "Made", "chain_document", "layered_document", "plan_registry", "shaped", "wide_document"]

# Assumptions: the tools of the made-up plans.
SERVERS = 5
LAYER = 8  # steps of a layer; each takes a value from one to three of the layer before it
WRITES = 0.2  # of the steps, in the shapes with writes; the others read
# End of the assumptions.

_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "of": {"type": "array", "items": {"type": "integer"}}},
    "required": ["n", "of"],
    "additionalProperties": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A plan as written, and for each step the arguments that its tool gets and what it answers."""

    document: dict[str, JsonValue]
    calls: Mapping[str, tuple[JsonValue, JsonValue]]


def plan_registry() -> Registry:
    """Return the tools of the made-up plans: one that reads and one that writes, on each server."""
    return Registry.of((), [_tool(f"server{n}", kind) for n in range(SERVERS) for kind in ("read", "write")])


def _tool(server: str, kind: EffectKind) -> Tool:
    return Tool(
        qualified=f"{server}__{kind}",
        server=server,
        name=kind,
        agent=server,
        description="",
        input_schema=Schema(_SCHEMA),
        output_schema=None,
        effect=Effect(kind=kind, source="declared", idempotent=kind == "read", open_world=False),
    )


def chain_document(steps: int) -> Made:
    """Return a plan in which each step takes a value from the one before it."""
    return _made([("server0__read", [n - 1] if n else []) for n in range(steps)])


def wide_document(steps: int) -> Made:
    """Return a plan in which no step needs another."""
    return _made([(f"server{n % SERVERS}__read", []) for n in range(steps)])


def layered_document(steps: int, *, seed: str, writes: bool) -> Made:
    """Return a plan in layers, in which each step takes values from some of the layer before it."""
    random = Random(seed)  # noqa: S311 - a made-up plan
    made: list[tuple[str, list[int]]] = []
    for n in range(steps):
        first = n // LAYER * LAYER
        before = range(max(first - LAYER, 0), first)
        kind = "write" if writes and random.random() < WRITES else "read"
        sources = sorted(random.sample(before, min(random.randint(1, 3), len(before))))
        made.append((f"server{random.randrange(SERVERS)}__{kind}", sources))
    return _made(made)


SHAPES = ("chain", "wide", "layered", "layered, writes")


def shaped(shape: str, steps: int) -> Made:
    """Return a plan of one of the shapes."""
    match shape:
        case "chain":
            return chain_document(steps)
        case "wide":
            return wide_document(steps)
        case _:
            return layered_document(steps, seed=f"{steps}", writes=shape != "layered")


def _made(steps: Sequence[tuple[str, Sequence[int]]]) -> Made:
    """Write a plan whose step `n` calls a tool with the values of some steps, and answers `{"v": n}`."""
    return Made(
        document={
            "steps": [
                {
                    "id": f"t{n}",
                    "tool": tool,
                    "arguments": {"n": n, "of": [{"$from": f"t{source}.v"} for source in sources]},
                }
                for n, (tool, sources) in enumerate(steps)
            ]
        },
        calls={f"t{n}": ({"n": n, "of": [*sources]}, {"v": n}) for n, (_, sources) in enumerate(steps)},
    )
