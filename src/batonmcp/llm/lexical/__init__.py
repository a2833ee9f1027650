"""The keyword planner: a plan without a language model."""

from batonmcp.llm.lexical.planner import plan_lexically

__all__ = ["plan_lexically"]
