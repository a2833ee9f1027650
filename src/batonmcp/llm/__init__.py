"""Planning and writing: the LLM port, its client, and the planner that needs no LLM."""

__all__: list[str] = []
