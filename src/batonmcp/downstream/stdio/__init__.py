"""The transport to servers that run as processes and speak over their standard streams."""

__all__: list[str] = []
