"""The fault matrix: what must hold when something outside goes wrong."""

__all__: list[str] = []
