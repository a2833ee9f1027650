"""Who plans, and where queries and results go: what a person should know before a server is used."""

from batonmcp.config.settings import LlmSettings, Settings

__all__ = ["addressee"]


def addressee(settings: Settings) -> str:
    """Say who plans, and which address queries and results go to."""
    if settings.llm is None:
        return "No model is configured: the host's own model plans over MCP, a keyword match on the command line."
    return " ".join(filter(None, [_of_stages(settings.llm), _of_embeddings(settings.llm)]))


def _of_stages(llm: LlmSettings) -> str:
    route, synthesize = llm.endpoint_for("route"), llm.endpoint_for("synthesize")
    if route.base_url != synthesize.base_url:
        return f"Queries go to {route.base_url} ({route.model}), results to {synthesize.base_url} ({synthesize.model})."
    return f"Queries and results go to {route.base_url} ({' and '.join(sorted({route.model, synthesize.model}))})."


def _of_embeddings(llm: LlmSettings) -> str | None:
    at = llm.embeddings
    return at and f"Where tools are too many to show, their definitions and queries go to {at.base_url} ({at.model})."
