"""The lexical planner: a query becomes a plan by its keywords, without a language model."""

from batonmcp.core.proposal import NoTool, Routed
from batonmcp.core.registry import Registry
from batonmcp.llm.lexical.bm25 import Index
from batonmcp.llm.lexical.planning import Planning
from batonmcp.llm.lexical.sketch import Unplannable
from batonmcp.llm.lexical.tokens import tokens_of

__all__ = ["plan_lexically"]

_NOTE = "Planned by keyword match, without a language model."
_LONGEST = 4_000
_MOST_INDEXES = 8
_INDEXES: dict[str, Index] = {}


def plan_lexically(query: str, registry: Registry) -> Routed:
    """Plan a query by its keywords.

    Tools are ranked by BM25 over their definitions, arguments filled from the query and data wired between steps by
    the tools' schemas. The same query over the same registry gives the same plan.

    Args:
        query: What is asked.
        registry: The tools that may be used.
    """
    if len(query) > _LONGEST:
        reason = f"A query of {len(query)} characters is too long for a keyword match: use at most {_LONGEST}."
        return NoTool(reason=reason, notes=(_NOTE,))
    try:
        return Planning(_index(registry), tokens_of(query), _NOTE).proposal()
    except Unplannable as reason:
        return NoTool(reason=str(reason), notes=(_NOTE,))


def _index(registry: Registry) -> Index:
    """Return the index of a registry, built once."""
    index = _INDEXES.get(registry.fingerprint)
    if index is None:
        while len(_INDEXES) >= _MOST_INDEXES:
            del _INDEXES[next(iter(_INDEXES))]
        index = _INDEXES[registry.fingerprint] = Index(registry)
    return index
