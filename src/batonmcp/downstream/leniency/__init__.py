"""Leniency towards servers: what they send is made fit to be read before the SDK reads it."""

__all__: list[str] = []
