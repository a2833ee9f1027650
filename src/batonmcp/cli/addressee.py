"""Who plans, and where queries and results go: what a person should know before a server is used."""

from batonmcp.config.settings import Settings

__all__ = ["addressee"]


def addressee(settings: Settings) -> str:
    """Say who plans, and which address queries and results go to."""
    if settings.llm is None:
        return "No model is configured: the host's own model plans over MCP, a keyword match on the command line."
    route, synthesize = settings.llm.endpoint_for("route"), settings.llm.endpoint_for("synthesize")
    if route.base_url != synthesize.base_url:
        return f"Queries go to {route.base_url} ({route.model}), results to {synthesize.base_url} ({synthesize.model})."
    return f"Queries and results go to {route.base_url} ({' and '.join(sorted({route.model, synthesize.model}))})."
