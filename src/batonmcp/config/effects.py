"""The writing of decisions about single tools into the `effects` of servers.json."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Final

from pydantic import JsonValue

from batonmcp.config.json_edit import remove_value, set_value
from batonmcp.config.json_spots import JsonObject, readable, spot
from batonmcp.core.effect import EffectKind, override_of

__all__ = ["with_effects"]

_PATH: Final = ("batonmcp", "effects")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


def with_effects(text: str, decided: Mapping[str, EffectKind]) -> str:
    """Return the text of servers.json in which these tools have these effects. All else stays, byte for byte.

    The first key that matches a tool counts, so its own name is written before whatever glob would match it.

    Args:
        text: As it stands in the file.
        decided: By qualified name.

    Raises:
        ConfigError: The text is no JSON object, or something on the way to the effects is none.
    """
    for qualified, kind in decided.items():
        text = _with_effect(text, qualified, kind)
    return text


def _with_effect(text: str, qualified: str, kind: EffectKind) -> str:
    place = (*_PATH, qualified)
    effects = _effects(text)
    first = override_of(qualified, effects)
    if first is None or first == qualified:
        return set_value(text, place, kind)
    return _before(first, remove_value(text, place), qualified, kind)


def _before(glob: str, text: str, qualified: str, kind: EffectKind) -> str:
    """Write a member before another: on a line of its own where that stands on one."""
    effects = _object(text)
    at = [member.key for member in effects.members].index(glob)
    start = effects.members[at].start
    before = effects.members[at - 1] if at else None
    after = effects.start if before is None else before.end if before.comma is None else before.comma
    written = f"{json.dumps(qualified)}: {json.dumps(kind)},"
    between = text[after + 1 : start]
    ends = list(_LINE_END.finditer(between))
    if not ends:
        return f"{text[:start]}{written} {text[start:]}"
    indent = between[ends[-1].end() :]
    line = f"{ends[0][0]}{indent if not indent.strip() else ''}"
    above = after + 1 + ends[0].start()  # above the comments that belong to the other
    candidate = f"{text[:above]}{line}{written}{text[above:]}"
    if qualified in _effects(candidate):
        return candidate
    return f"{text[:start]}{written}{line}{text[start:]}"  # a comment goes on over the end of the line


def _effects(text: str) -> Sequence[str]:
    """Return the keys of the effects in their order; none where there are no effects."""
    part: JsonValue = json.loads(readable(text)) if text.strip("\ufeff \t\r\n") else None
    for key in _PATH:
        part = part.get(key) if isinstance(part, dict) else None
    return list(part) if isinstance(part, dict) else []


def _object(text: str) -> JsonObject:
    """Return where the effects are, which are there."""
    plain = readable(text)
    found = spot(text, plain, plain.index("{"))
    for key in _PATH:
        found = spot(text, plain, next(member.value for member in found.members if member.key == key))
    return found
