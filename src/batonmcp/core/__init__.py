"""The product's decisions: synchronous, free of I/O, tested without a loop."""

__all__: list[str] = []
