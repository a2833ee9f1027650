"""Who plans, and where queries and results go: what a person should know before a server is used."""

from batonmcp.config.settings import Settings

__all__ = ["addressee"]


def addressee(settings: Settings) -> str:
    """Say who plans, and which address queries and results go to."""
    if settings.llm is None:
        return "No model is configured: the host's own model plans over MCP, a keyword match on the command line."
    models = {settings.llm.model_for("route"), settings.llm.model_for("synthesize")}
    return f"Queries and results go to {settings.llm.base_url} ({' and '.join(sorted(models))})."
