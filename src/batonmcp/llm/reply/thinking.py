"""What a model thought aloud before it said something."""

import re

__all__ = ["without_thinking"]

_TAGS = ("think", "thinking", "thought", "reasoning", "seed:think")
_PAIRS = {f"<{tag}>": f"</{tag}>" for tag in _TAGS} | {"[THINK]": "[/THINK]", "<|think|>": "<|/think|>"}
_MOST_THOUGHTS = 16
_FINAL = "<|channel|>final"
_MESSAGE = "<|message|>"
_SPECIAL = re.compile(r"<\|(?:end|return|start|eot_id|im_end|end_of_text)\|>")


_ANALYSIS = re.compile(r"(?s)<\|channel\|>analysis.*?(?:<\|end\|>|<\|start\|>assistant|$)")
_BARE = re.compile(r"(?s)^analysis.*?assistantfinal(.*)$")
"""The same channels where an endpoint has lost their marks."""


def without_thinking(text: str) -> str:
    """Return a text without the thoughts at its beginning.

    They stand in tags, of which the first may be missing, since some chat templates write it themselves. Where the last
    is missing the model has not come to say anything. Tags further down, or in a code span, are left alone: a text may
    be about them.
    """
    text = _last_channel(text).strip()
    for _ in range(_MOST_THOUGHTS):
        pair = _opening(text)
        if pair is None:
            break
        _, found, text = text.partition(_PAIRS[pair])
        text = text.strip()
        if not found:
            return ""
    for opening, closing in _PAIRS.items():
        before, found, after = text.partition(closing)
        if found and opening not in before and not before.endswith("`"):
            return after.strip()
    return text


def _opening(text: str) -> str | None:
    return next((opening for opening in _PAIRS if text.startswith(opening)), None)


def _last_channel(text: str) -> str:
    """Return what stands in the channel for the user, where a model's channels were not taken apart."""
    if "<|channel|>" not in text:
        bare = _BARE.match(text)
        return bare[1] if bare else text
    if _FINAL not in text:
        return _ANALYSIS.sub("", text)
    final = text.rpartition(_FINAL)[2].partition(_MESSAGE)[2]
    return _SPECIAL.split(final, maxsplit=1)[0]
