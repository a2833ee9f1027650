"""Qualified tool names."""

import re
from hashlib import sha256

__all__ = ["MAX_NAME", "qualified_name"]

MAX_NAME = 64
"""Longest tool name that LLM endpoints and hosts take."""

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_DIGEST = 12


def qualified_name(server: str, tool: str) -> str:
    """Name one tool of one server, injectively and independently of which other tools exist.

    The plain form is `server__tool`. It has one reading as long as the server's part holds no `__` and does not end in
    `_`: the first `__` then is the joint. Everything else (such a server, other characters, more than 64 of them) gets
    an alias that ends in a digest of both names and holds no `__`, so that no alias equals a plain name.
    """
    plain = f"{server}__{tool}"
    splittable = server and tool and "__" not in server and not server.endswith("_")
    if splittable and len(plain) <= MAX_NAME and _PLAIN.fullmatch(plain):
        return plain
    digest = sha256(f"{len(server)}:{server}{tool}".encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    readable = re.sub(r"[^A-Za-z0-9-]+", "_", plain).strip("_")[: MAX_NAME - _DIGEST - 1].strip("_")
    return f"{readable}_{digest}" if readable else f"tool_{digest}"
