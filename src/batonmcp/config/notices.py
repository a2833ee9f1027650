"""What of servers.json is passed over, as sentences."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import cast

from pydantic import BaseModel, JsonValue

from batonmcp.config.document import ServerEntry
from batonmcp.config.interpolate import references
from batonmcp.config.secret import looks_like_a_token

__all__ = ["entry_notices", "plain_secret", "unfollowed", "unknown_keys"]

_APPROVALS = ("alwaysAllow", "autoApprove", "trust")
_HARMLESS = frozenset({"description", "dev", "gallery", "icon", "icons", "id", "metadata", "name", "title", "version"})
_REMARK = ("_", "$", "//", "#")


def unknown_keys(part: BaseModel, place: str) -> Iterator[str]:
    """Name keys that mean nothing here, with the nearest that does; parts within parts included."""
    known = type(part).model_fields
    for key in part.model_extra or {}:
        yield _unknown(key, known, place)
    for key in known:
        member = getattr(part, key)
        parts = cast("dict[str, object]", member) if isinstance(member, dict) else {"": member}
        for name, below in parts.items():
            if isinstance(below, BaseModel):
                yield from unknown_keys(below, ".".join(filter(None, [place, key, name])))


def entry_notices(entry: JsonValue, place: str) -> Iterator[str]:
    """Name the keys of a server's entry that are not followed, whether or not the entry can be used.

    What hosts write for themselves and changes nothing for us is passed over in silence.
    """
    if not isinstance(entry, dict):
        return
    known = [field.alias or name for name, field in ServerEntry.model_fields.items()] + ["serverUrl"]
    for key, value in entry.items():
        if key in {*known, *ServerEntry.model_fields, *_HARMLESS, *_APPROVALS} or key.startswith(_REMARK):
            continue
        if key != "tools":
            yield _unknown(key, known, place)
        elif value and value != ["*"]:
            yield f'{place}.tools is not followed. Name the tools to use as "allow".'


def unfollowed(servers: Mapping[str, JsonValue], section: str) -> Iterator[str]:
    """Say once, for all servers, that approvals given to another host are not followed."""
    places = [
        f"{section}.{name}.{key}"
        for name, entry in servers.items()
        if isinstance(entry, dict)
        for key in _APPROVALS
        if entry.get(key)
    ]
    if places:
        yield f"{', '.join(places)}: not followed; what another host may do unasked does not hold here."


def plain_secret(name: str, text: str, *, place: str, home: object) -> Iterator[str]:
    """Say that a header or variable holds what looks like a secret, and where to put it."""
    if looks_like_a_token(name, text) and not any(references(text)):
        variable = re.sub(r"\W", "_", name).upper()
        yield (
            f"{place} holds what looks like a secret, in a file that is easily passed on. "
            f"Write ${{{variable}}} here, and {variable}=... in {home} (chmod 600)."
        )


def _unknown(key: str, known: Iterable[str], place: str) -> str:
    near = get_close_matches(key, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"{place}.{key} is not known and was passed over.{hint}"
