"""The store: what outlives a process, as documents on shelves."""

__all__: list[str] = []
