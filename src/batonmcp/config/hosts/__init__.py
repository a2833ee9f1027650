"""The hosts that batonmcp can be put into and take servers from: their files and what is written in them."""

__all__: list[str] = []
