"""Configuration: servers.json and the environment as frozen settings."""

__all__: list[str] = []
