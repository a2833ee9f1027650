"""The following of servers.json while we serve: what changes there changes here."""

import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

from batonmcp.config.settings import Settings
from batonmcp.config.watch import changes

__all__ = ["follow"]

_log = logging.getLogger(__name__)


async def follow(settings: Settings, apply: Callable[[Settings], Awaitable[None]]) -> None:
    """Apply each new state of the configuration; a broken one is told, and the old one goes on."""
    async with aclosing(changes(settings, os.environ)) as states:
        async for news in states:
            if not isinstance(news, Settings):
                _log.warning("%s What was read before goes on.", news)
                continue
            for warning in news.warnings:
                _log.warning("%s", warning)
            if _apart_from_servers(news) != _apart_from_servers(settings):
                _log.warning(
                    "%s has changed; other settings than those of servers count from the next start.", news.source
                )
            await apply(news)
            settings = news


def _apart_from_servers(settings: Settings) -> Settings:
    """Return what is settled for the life of a process."""
    return replace(settings, servers=(), effects={}, warnings=(), files=(), secrets=frozenset())
