"""The transport to servers over HTTP, streamable or by server-sent events."""

__all__: list[str] = []
