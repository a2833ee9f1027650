"""A tool as the registry holds it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from typing import Any

from batonmcp.core.effect import Effect
from batonmcp.core.schema import Schema

__all__ = ["Tool"]


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One tool of one downstream server.

    Attributes:
        qualified: The name plans use. Looked up, never split.
        server: The server's key in servers.json.
        name: The tool's name on that server.
        agent: The server's display name.
        description: What the server says the tool does.
        input_schema: Judge of its arguments.
        output_schema: Shape of its structured content, where declared.
        effect: What calling it may do.
        learned: What its results were seen to look like, where it declares nothing; a JSON Schema.
    """

    qualified: str
    server: str
    name: str
    agent: str
    description: str
    input_schema: Schema
    output_schema: Schema | None
    effect: Effect
    learned: Mapping[str, Any] | None = field(default=None, compare=False)

    @property
    def result_shape(self) -> Mapping[str, Any] | None:
        """The schema of its results: the declared one, else what was learned of them; None if neither is known."""
        return self.output_schema.document if self.output_schema else self.learned

    @cached_property
    def digest(self) -> str:
        """Changes when, and only when, the definition does; whole, so that no server can make two that share one."""
        definition = [
            self.qualified,
            self.server,
            self.name,
            self.agent,
            self.description,
            self.input_schema.document,
            self.output_schema.document if self.output_schema else None,
            self.effect.kind,
            self.effect.idempotent,
            self.effect.open_world,
        ]
        text = json.dumps(definition, sort_keys=True, separators=(",", ":"))
        return sha256(text.encode("ascii")).hexdigest()
