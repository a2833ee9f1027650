"""The rules of servers.json: its globs over names of tools, and where they stand."""

from collections.abc import Iterator

from batonmcp.config.document import BatonPart, ServerEntry
from batonmcp.config.settings import Rule

__all__ = ["rules_of_entry", "rules_of_ours"]

_OF_ENTRIES = ("allow", "include_tools", "deny", "exclude_tools", "disabled_tools")


def rules_of_entry(name: str, read: ServerEntry, place: str) -> Iterator[Rule]:
    """Yield those of a server's entry, under the keys that they are written with."""
    for field in _OF_ENTRIES:
        key = ServerEntry.model_fields[field].alias or field
        for glob in getattr(read, field):
            yield Rule(place=f"{place}.{key}", glob=glob, server=name)


def rules_of_ours(part: BatonPart) -> Iterator[Rule]:
    """Yield those of our own settings."""
    for glob in part.policy.allow:
        yield Rule(place="batonmcp.policy.allow", glob=glob)
    for glob in part.policy.deny:
        yield Rule(place="batonmcp.policy.deny", glob=glob, also_plain=True)
    for glob in part.effects:
        yield Rule(place="batonmcp.effects", glob=glob)
