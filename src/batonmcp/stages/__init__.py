"""The three stages of a run, and the run itself."""

__all__: list[str] = []
